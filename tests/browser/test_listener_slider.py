"""The sliders store the scores that listeners give, and no others: by touch, mouse and keys."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser_listener import PHONE, THUMB_PX, Listener
from support.live_server import LiveServer

DOWN = tuple((0, -20 * step) for step in range(1, 10))
UP = tuple((0, 20 * step) for step in range(1, 10))
SWIPES = {
    "up": DOWN,
    "down": UP,
    "in one jump": ((20, -150),),
    "a little sideways": tuple((8 * step, -20 * step) for step in range(1, 10)),
    "first up, then along the line": (*DOWN[:3], (60, -60), (120, -60)),
}
PLACES = [0, 3, 17, 29, 41, 50, 62, 78, 85, 100]
"""Ten scores a slider, so 40 with four sliders; the middle is tapped 1 px beside it."""


@pytest.fixture
def phone(new_listener: Callable[..., Listener], live_server: LiveServer) -> Listener:
    """A listener with a phone of 360 × 640 px, at the practice trial."""
    listener = new_listener(live_server.address, **PHONE)
    listener.begin_at_trials()
    return listener


def read_draft(listener: Listener) -> list[int | None]:
    """Read the open trial's scores as the server keeps them, after everything was sent."""
    listener.wait_until_saved()
    session = f"{listener.address}/api/v1/sessions/{listener.token}"
    state = listener.page.request.get(session).json()
    trial = listener.page.request.get(f"{session}/trials/{state['next_trial']}").json()
    if trial["draft"] is None:
        return [None] * len(trial["stimuli"])
    return [rating["score"] for rating in trial["draft"]["ratings"]]


def thumbs(listener: Listener) -> int:
    return listener.page.locator(".stimulus .thumb").count()


@pytest.mark.parametrize("swipe", SWIPES)
def test_a_swipe_over_a_slider_scrolls_and_stores_nothing(phone: Listener, swipe: str) -> None:
    page = phone.page
    for index in range(phone.n_stimuli):
        phone.play(index)
        phone.slider(index).scroll_into_view_if_needed()
        for score in (20, 50, 80):
            phone.drag_finger(phone.point_on(index, score), *SWIPES[swipe])
    assert phone.shown_scores() == [None] * 4
    assert thumbs(phone) == 0
    scores = [phone.rate(index, score) for index, score in enumerate((10, 40, 60, 90))]
    for index in range(phone.n_stimuli):
        phone.play(index)
        phone.drag_finger(phone.point_on(index, 50), *SWIPES[swipe])
    assert phone.shown_scores() == scores
    assert read_draft(phone) == scores
    assert page.evaluate("scrollY") != 0 or swipe == "down"


def test_a_swipe_stores_nothing_where_the_page_cannot_scroll(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    tall = PHONE | {"viewport": {"width": 360, "height": 1600}}
    listener = new_listener(live_server.address, **tall)
    listener.begin_at_trials()
    for index in range(listener.n_stimuli):
        listener.play(index)
        listener.drag_finger(listener.point_on(index, 70), *DOWN)
    assert listener.page.evaluate("scrollY") == 0
    assert listener.shown_scores() == [None] * 4
    assert read_draft(listener) == [None] * 4


def test_a_horizontal_drag_stores_the_place_where_the_finger_is_lifted(phone: Listener) -> None:
    phone.play(1)
    start, end = phone.point_on(1, 20), phone.point_on(1, 70)
    length = end[0] - start[0]
    phone.drag_finger(start, *((length * step / 5, 4 * step) for step in range(1, 6)))
    assert phone.shown_scores() == [None, 70, None, None]
    assert read_draft(phone) == [None, 70, None, None]


def test_a_cancelled_drag_restores_score_and_untouched_state(phone: Listener) -> None:
    drag = [(12 * step, 0) for step in range(1, 6)]
    phone.play(0)
    phone.drag_finger(phone.point_on(0, 20), *drag, end="touchCancel")
    assert phone.shown_scores()[0] is None
    assert thumbs(phone) == 0
    expect(phone.slider(0)).to_have_attribute("aria-valuetext", phone.word("not_rated"))
    score = phone.rate(0, 64)
    phone.drag_finger(phone.point_on(0, 20), *drag, end="touchCancel")
    assert phone.shown_scores()[0] == score
    assert read_draft(phone)[0] == score


def test_a_drag_during_which_the_sound_stops_stores_nothing(listener: Listener) -> None:
    page = listener.page
    listener.begin_at_trials()
    listener.play(0)
    page.mouse.move(*listener.point_on(0, 30))
    page.mouse.down()
    page.mouse.move(*listener.point_on(0, 60))
    assert listener.shown_scores()[0] == 60
    page.keyboard.press("Space")
    expect(page.locator(".playing")).to_have_count(0)
    page.mouse.up()
    assert listener.shown_scores()[0] is None
    assert read_draft(listener)[0] is None


def beside_the_middle(place: int, width: float) -> float:
    """Move the middle 1 px to the right; as a score."""
    return place + 100 / (width - THUMB_PX) if place == 50 else place


def test_40_taps_by_finger_store_their_places(phone: Listener) -> None:
    for place in PLACES:
        wanted = []
        for index in range(phone.n_stimuli):
            phone.play(index)
            phone.slider(index).scroll_into_view_if_needed()
            at = beside_the_middle(place, phone.slider(index).bounding_box()["width"])
            phone.page.touchscreen.tap(*phone.point_on(index, at))
            wanted.append(at)
        assert read_draft(phone) == pytest.approx(wanted, abs=1)


def test_40_clicks_store_their_places(listener: Listener) -> None:
    listener.begin_at_trials()
    for place in PLACES:
        wanted = []
        for index in range(listener.n_stimuli):
            listener.play(index)
            at = beside_the_middle(place, listener.slider(index).bounding_box()["width"])
            listener.page.mouse.click(*listener.point_on(index, at))
            wanted.append(at)
        assert read_draft(listener) == pytest.approx(wanted, abs=1)


def test_40_scores_by_keys_are_stored_exactly(listener: Listener) -> None:
    keys = listener.page.keyboard
    listener.begin_at_trials()
    for place in PLACES:
        for index in range(listener.n_stimuli):
            keys.press(str(index + 1))
            expect(listener.slider(index)).to_be_focused()
            keys.press("Home")
            for _ in range(place // 10):
                keys.press("PageUp")
            for _ in range(place % 10):
                keys.press("ArrowRight")
        assert read_draft(listener) == [place] * 4


def test_pressing_the_slider_of_a_silent_sound_plays_it_and_explains_once(phone: Listener) -> None:
    page = phone.page
    message = page.locator(".missing-text")
    phone.page.touchscreen.tap(*phone.point_on(0, 85))
    expect(phone.slider(0)).to_be_enabled()
    expect(message).to_have_text(phone.word("played_first"))
    assert phone.shown_scores() == [None] * 4
    phone.page.touchscreen.tap(*phone.point_on(0, 85))
    expect(phone.slider(0)).to_have_attribute("aria-valuenow", "85")
    expect(message).to_be_empty()
    phone.page.touchscreen.tap(*phone.point_on(1, 30))
    expect(phone.slider(1)).to_be_enabled()
    expect(message).to_be_empty()
    assert phone.shown_scores() == [85, None, None, None]


def test_a_long_press_sets_its_place_once(phone: Listener) -> None:
    phone.play(0)
    cdp = phone.page.context.new_cdp_session(phone.page)
    x, y = phone.point_on(0, 25)
    at = {"touchPoints": [{"x": x, "y": y}]}
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "timestamp": 100.0, **at})
    cdp.send(
        "Input.dispatchTouchEvent", {"type": "touchEnd", "timestamp": 100.9, "touchPoints": []}
    )
    expect(phone.slider(0)).to_have_attribute("aria-valuenow", "25")
    assert phone.shown_scores()[0] == 25


def test_a_finger_hits_every_slider_within_44_px_of_height(phone: Listener) -> None:
    heights = [phone.slider(index).bounding_box()["height"] for index in range(phone.n_stimuli)]
    assert min(heights) >= 44
