"""A listener's hands and eyes: takes the test in a page, one action a method."""

import json
import re
import secrets
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from support.consent import CONSENT_VERSION

LOCALES = Path(__file__).parents[2] / "webmushra_app" / "static" / "locales"
THUMB_PX = 24
DESKTOP = {"viewport": {"width": 1100, "height": 800}, "locale": "en-GB"}
PHONE = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
PATIENCE_MS = 60_000
"""How long a condition may take on a busy machine before a test fails."""

REQUIRED = ("musical_background", "hearing", "device")


class Listener:
    """Whoever sits before ``page``; ``language`` is the expected language of the page."""

    def __init__(self, page: Page, address: str, *, language: str = "en", touch: bool = False):
        self.page = page
        self.address = address
        self.touch = touch
        self.words = json.loads((LOCALES / f"{language}.json").read_text())

    def word(self, key: str, **values: object) -> str:
        text = self.words[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.word(key, **values), exact=True)

    def press(self, target: Locator) -> None:
        if self.touch:
            target.tap()
        else:
            target.click()

    @property
    def token(self) -> str:
        return re.search(r"/s/([\w-]+)", self.page.url)[1]

    def see_heading(self, key: str, **values: object) -> None:
        expect(self.page.locator("h1")).to_have_text(self.word(key, **values))

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.address}/{query}")

    def agree(self) -> None:
        self.press(self.button("agree"))
        self.see_heading("questionnaire_title")

    def answer_questions(self) -> None:
        for name in REQUIRED:
            self.press(self.page.locator(f"input[name={name}]").first)
        self.press(self.button("next"))
        self.see_heading("level_title")

    def set_level(self) -> None:
        self.press(self.button("play"))
        self.press(self.button("level_done"))
        self.see_heading("headphones_title")

    def skip_headphones(self) -> None:
        self.press(self.button("headphones_skip"))
        self.see_heading("instructions_title")

    def reach_instructions(self) -> None:
        """Go from the welcome to the instructions."""
        self.open()
        self.agree()
        self.answer_questions()
        self.set_level()
        self.skip_headphones()

    def reach_trials(self) -> None:
        """Go from the welcome to the practice trial."""
        self.reach_instructions()
        self.press(self.button("instructions_done"))
        self.see_trial(practice=True, n=1, total=1)

    def begin_at_trials(self) -> None:
        """Take the steps before the trials through the API, and open the practice trial."""
        send = self.page.request
        api = f"{self.address}/api/v1/sessions"
        body = {"consent_version": CONSENT_VERSION, "language": "en"}
        body["request_id"] = secrets.token_urlsafe(16)
        session = send.post(api, data=body).json()
        answers = {"musical_background": "none", "hearing": "normal", "device": "headphones"}
        for step, answer in {
            "questionnaire": {"answers": answers},
            "level": {"level_db": -10},
            "headphones": {"correct": 6, "total": 6, "passed": True},
            "instructions": {},
        }.items():
            assert send.put(f"{api}/{session['token']}/steps/{step}", data=answer).ok
        self.page.goto(f"{self.address}/healthz")
        mark = f"autofx:level:{session['token']}"
        self.page.evaluate("mark => localStorage.setItem(mark, 'set')", mark)
        self.page.goto(f"{self.address}{session['url']}")
        self.see_trial(practice=True, n=1, total=1)

    def see_trial(self, *, n: int, total: int, practice: bool = False) -> None:
        self.see_heading("practice_title" if practice else "trial_title", n=n, total=total)
        expect(self.page.locator(".stimulus").first).to_be_visible()

    @property
    def n_stimuli(self) -> int:
        return self.page.locator(".stimulus").count()

    def slider(self, index: int) -> Locator:
        return self.page.locator(".stimulus .score").nth(index)

    def point_on(self, index: int, score: float) -> tuple[float, float]:
        """Give the point in the window where a slider's thumb stands for ``score``."""
        box = self.slider(index).bounding_box()
        x = box["x"] + THUMB_PX / 2 + (box["width"] - THUMB_PX) * score / 100
        return x, box["y"] + box["height"] / 2

    def drag_finger(
        self, start: tuple[float, float], *moves: tuple[float, float], end: str = "touchEnd"
    ) -> None:
        """Put a finger down, move it through ``moves`` (dx, dy from start), rest and lift it."""
        cdp = self.page.context.new_cdp_session(self.page)
        time_s = time.time()

        def send(kind: str, *points: tuple[float, float], after_s: float = 0.016) -> None:
            nonlocal time_s
            time_s += after_s
            touch = {"type": kind, "timestamp": time_s}
            cdp.send(
                "Input.dispatchTouchEvent",
                touch | {"touchPoints": [{"x": x, "y": y} for x, y in points]},
            )

        send("touchStart", start)
        for dx, dy in moves:
            send("touchMove", (start[0] + dx, start[1] + dy))
        send(end, after_s=1.0)  # a finger lifted in motion would leave the page scrolling
        cdp.detach()

    def play_reference(self) -> None:
        reference = self.page.locator("button.reference")
        self.press(reference)
        expect(reference).to_have_attribute("aria-pressed", "true")

    def play(self, index: int) -> None:
        """Play a stimulus, unless it is the one being heard: pressing that would stop it."""
        if not self.slider(index).is_enabled():
            self.press(self.page.locator(".stimulus button").nth(index))
        expect(self.slider(index)).to_be_enabled()

    def rate(self, index: int, score: int) -> int:
        """Play a stimulus and put its slider near ``score``; the score that the page then shows."""
        self.play(index)
        slider = self.slider(index)
        box = slider.bounding_box()
        x, y = self.point_on(index, score)
        position = {"x": x - box["x"], "y": y - box["y"]}
        if self.touch:
            slider.tap(position=position)
        else:
            slider.click(position=position)
        return self.shown_scores()[index]

    def shown_scores(self) -> list[int | None]:
        texts = self.page.locator(".stimulus output").all_inner_texts()
        return [int(text) if text.isdigit() else None for text in texts]

    def rate_trial(self, scores: list[int]) -> list[int]:
        """Rate every stimulus and go on; the scores that the page showed."""
        self.play_reference()
        for index, score in enumerate(scores):
            self.rate(index, score)
        shown = self.shown_scores()
        self.go_on()
        return shown

    def wait_until_saved(self) -> None:
        """Wait until the page has nothing left to send."""
        saved = "key => JSON.parse(localStorage.getItem(key)).length === 0"
        self.page.wait_for_function(saved, arg=f"autofx:{self.token}")

    def go_on(self) -> None:
        self.press(self.button("next"))
