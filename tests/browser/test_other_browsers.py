"""Firefox and WebKit each take a whole session, with sound that runs and sliders that are exact."""

import json
from collections.abc import Iterator

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_MOUSE, POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from support.browser_listener import LOCALES, THUMB_PX
from support.guitar_set import GuitarSet
from support.live_server import LiveServer, stored_ratings, stored_scores
from support.webdriver import INSTALL, PATIENCE_S, BrowserMissing, open_browser

pytestmark = pytest.mark.other_browsers

WORDS = json.loads((LOCALES / "en.json").read_text())
PLACES = [[0, 13, 50, 100], [97, 62, 29, 41]]
"""Scores that are clicked: practice, then the trial that counts."""

HEADING = "return document.querySelector('h1')?.textContent"

COUNT_READS = """
  window.reads = { currentTime: 0, outputLatency: 0 };
  for (const [name, prototype] of [
    ["currentTime", BaseAudioContext.prototype], ["outputLatency", AudioContext.prototype],
  ]) {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {
      get() {
        reads[name] += 1;
        return get.call(this);
      },
    });
  }
"""


@pytest.fixture(scope="module", params=sorted(INSTALL))
def driver(request: pytest.FixtureRequest) -> Iterator[WebDriver]:
    try:
        with open_browser(request.param) as driver:
            yield driver
    except BrowserMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def short_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One practice trial and one that counts."""
    folder = tmp_path_factory.mktemp("short")
    server = LiveServer(folder, study=GuitarSet(folder / "set", n_items=1).folder)
    yield server
    server.kill()


class Hand:
    """Drives a page by WebDriver, one action a method."""

    def __init__(self, driver: WebDriver, kind: str = POINTER_MOUSE) -> None:
        self.driver = driver
        self.kind = kind
        replaced = [StaleElementReferenceException]  # the page goes on while it is looked at
        self.wait = WebDriverWait(driver, PATIENCE_S, ignored_exceptions=replaced)

    def find(self, css: str) -> WebElement:
        return self.wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, css))[0]

    def press(self, css: str) -> None:
        self.wait.until(lambda _: self._click_first((By.CSS_SELECTOR, css)))

    def press_button(self, key: str) -> None:
        path = f"//button[normalize-space()='{WORDS[key]}']"
        self.wait.until(lambda _: self._click_first((By.XPATH, path)))

    def _click_first(self, place: tuple[str, str]) -> bool:
        for element in self.driver.find_elements(*place):
            if element.is_enabled():
                element.click()
                return True
        return False

    def see_heading(self, key: str, **values: object) -> None:
        text = WORDS[key].format(**values)
        self.wait.until(lambda driver: driver.execute_script(HEADING) == text)

    def play(self, index: int) -> None:
        line = f".stimulus:nth-child({index + 1})"
        if "playing" not in self.find(line).get_attribute("class"):
            self.press(f"{line} button")
        self.find(f"{line}.playing .score[aria-disabled=false]")

    def point_on(self, index: int, score: float) -> tuple[float, float]:
        """Scroll a slider into view and give the point where its thumb stands for ``score``."""
        slider = self.find(f".stimulus:nth-child({index + 1}) .score")
        script = "arguments[0].scrollIntoView({ block: 'center' });"
        box = self.driver.execute_script(
            f"{script} return arguments[0].getBoundingClientRect().toJSON();", slider
        )
        x = box["left"] + THUMB_PX / 2 + (box["width"] - THUMB_PX) * score / 100
        return x, box["top"] + box["height"] / 2

    def drag(self, start: tuple[float, float], *moves: tuple[float, float]) -> None:
        """Press at a point, move by (dx, dy) from there, and let go."""
        # a browser keeps a pointer's kind by its name for as long as it runs
        source = PointerInput(self.kind, f"{self.kind} pointer")
        actions = ActionBuilder(self.driver, source, duration=20)
        pointer = actions.pointer_action
        pointer.move_to_location(round(start[0]), round(start[1])).pointer_down()
        for dx, dy in moves:
            pointer.move_to_location(round(start[0] + dx), round(start[1] + dy))
        pointer.pointer_up()
        actions.perform()

    def shown_scores(self) -> list[int | None]:
        outputs = self.driver.find_elements(By.CSS_SELECTOR, ".stimulus output")
        return [int(output.text) if output.text.isdigit() else None for output in outputs]

    def reach_practice(self, address: str) -> str:
        """Go from the welcome to the practice trial; the session's token."""
        self.driver.delete_all_cookies()
        self.driver.get(address)
        self.driver.execute_script("localStorage.clear()")
        self.driver.get(address)
        self.press_button("agree")
        self.see_heading("questionnaire_title")
        for name in ("musical_background", "hearing", "device"):
            self.press(f"input[name={name}]")
        self.press_button("next")
        self.see_heading("level_title")
        self.press_button("play")
        self.press_button("level_done")
        self.press_button("headphones_skip")
        self.press_button("instructions_done")
        self.see_heading("practice_title", n=1, total=1)
        self.find(".stimulus")
        return self.driver.current_url.rsplit("/", 1)[-1]


def test_a_whole_session_stores_the_places_that_were_clicked(
    driver: WebDriver, short_server: LiveServer
) -> None:
    hand = Hand(driver)
    token = hand.reach_practice(short_server.address)
    for trial, places in enumerate(PLACES):
        hand.see_heading("trial_title" if trial else "practice_title", n=1, total=1)
        hand.press("button.reference")
        hand.find("button.reference[aria-pressed=true]")
        for index, place in enumerate(places):
            hand.play(index)
            hand.drag(hand.point_on(index, place))
        assert hand.shown_scores() == pytest.approx(places, abs=1)
        hand.press_button("next")
    hand.see_heading("thanks_title")
    for scores, places in zip(stored_scores(short_server, token), PLACES, strict=True):
        assert scores == pytest.approx(places, abs=1)
    rows = stored_ratings(short_server, token)
    assert all(row["plays"] >= 1 and row["listened_s"] > 0 for row in rows)


def test_a_drag_sets_the_place_where_it_ends(driver: WebDriver, short_server: LiveServer) -> None:
    hand = Hand(driver)
    hand.reach_practice(short_server.address)
    hand.play(1)
    start, end = hand.point_on(1, 20), hand.point_on(1, 70)
    hand.drag(start, *(((end[0] - start[0]) * step / 4, 2 * step) for step in range(1, 5)))
    assert hand.shown_scores() == [None, pytest.approx(70, abs=1), None, None]


@pytest.mark.parametrize("driver", ["firefox"], indirect=True)  # WebKitWebDriver has no fingers
def test_a_finger_that_swipes_over_a_slider_sets_nothing(
    driver: WebDriver, short_server: LiveServer
) -> None:
    hand = Hand(driver, POINTER_TOUCH)
    hand.reach_practice(short_server.address)
    for index in range(4):
        hand.play(index)
        hand.drag(hand.point_on(index, 50), *((2 * step, -20 * step) for step in range(1, 8)))
    assert hand.shown_scores() == [None] * 4
    hand.drag(hand.point_on(3, 20))
    assert hand.shown_scores()[3] == pytest.approx(20, abs=1)


def test_keys_reach_every_score(driver: WebDriver, short_server: LiveServer) -> None:
    hand = Hand(driver)
    hand.reach_practice(short_server.address)
    hand.play(0)
    slider = hand.find(".stimulus .score")
    for keys, score in (("\ue010", 100), ("\ue00f", 90), ("\ue012", 89), ("\ue011\ue014", 1)):
        slider.send_keys(keys)
        assert hand.shown_scores()[0] == score


@pytest.mark.parametrize("driver", ["firefox"], indirect=True)
def test_firefox_is_never_asked_for_the_outputs_latency(
    driver: WebDriver, short_server: LiveServer
) -> None:
    """Reading it while sound plays can stop Firefox for good."""
    hand = Hand(driver)
    hand.reach_practice(short_server.address)
    driver.execute_script(COUNT_READS)
    hand.play(0)
    hand.wait.until(lambda driver: driver.execute_script("return reads.currentTime > 3"))
    assert driver.execute_script("return reads.outputLatency") == 0


@pytest.mark.parametrize("name", INSTALL)
def test_a_missing_browser_is_reported_with_the_command_that_installs_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with (
        pytest.raises(BrowserMissing, match=f"no {name}: run 'apt-get install"),
        open_browser(name),
    ):
        pass
