"""A double click, Back and Forward are one step each, on every page."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect
from support.browser_listener import Listener
from support.live_server import LiveServer, stored_scores


def double_click(target: Locator) -> None:
    """Click twice as fast as a hand can, at the same place whatever is there by then."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    target.page.mouse.click(
        box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, click_count=2, delay=20
    )


def test_double_clicks_make_one_step_on_every_page(
    listener: Listener, live_server: LiveServer
) -> None:
    page = listener.page
    n_before = live_server.rows("SELECT count(*) FROM sessions")[0][0]
    listener.open()
    double_click(listener.button("agree"))
    listener.see_heading("questionnaire_title")
    for name in ("musical_background", "hearing", "device"):
        double_click(page.locator(f"input[name={name}]").first)
    double_click(listener.button("next"))
    listener.see_heading("level_title")
    listener.press(listener.button("play"))
    double_click(listener.button("level_done"))
    listener.see_heading("headphones_title")
    double_click(listener.button("headphones_skip"))
    listener.see_heading("instructions_title")
    double_click(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    shown = []
    for n in (0, 1, 2):
        expect(page.locator(".missing-text")).to_be_empty()
        listener.play_reference()
        for index, score in enumerate((12, 34, 56, 78)):
            listener.rate(index, score)
        shown.append(listener.shown_scores())
        double_click(listener.button("next"))
        if n < 2:
            listener.see_trial(n=n + 1, total=2)
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, listener.token) == shown
    assert live_server.rows("SELECT count(*) FROM sessions")[0][0] == n_before + 1


def test_back_leaves_and_forward_comes_back_to_the_same_page_with_its_answers(
    listener: Listener, live_server: LiveServer
) -> None:
    page = listener.page
    outside = f"{listener.address}/healthz"

    def go_back_and_forward(heading: str, **values: object) -> None:
        page.go_back()
        assert page.url == outside
        page.go_forward()
        listener.see_heading(heading, **values)

    page.goto(outside)
    listener.open()
    expect(listener.button("agree")).to_be_visible()
    page.go_back()
    assert page.url == outside
    page.go_forward()
    listener.agree()
    page.locator("select[name=age_band]").select_option("35-44")
    hearing = page.locator("input[name=hearing]").nth(1)
    hearing.check()
    go_back_and_forward("questionnaire_title")
    expect(page.locator("select[name=age_band]")).to_have_value("35-44")
    expect(hearing).to_be_checked()
    listener.answer_questions()
    go_back_and_forward("level_title")
    expect(listener.button("play")).to_be_enabled()
    listener.set_level()
    go_back_and_forward("headphones_title")
    listener.skip_headphones()
    go_back_and_forward("instructions_title")
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    score = listener.rate(1, 64)
    go_back_and_forward("practice_title", n=1, total=1)
    listener.see_trial(practice=True, n=1, total=1)
    assert listener.shown_scores()[1] == score
    assert stored_scores(live_server, listener.token) == []


def test_a_finished_session_shows_its_thanks_again(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    listener = new_listener(live_server.address)
    page = listener.page
    listener.begin_at_trials()
    for n in (0, 1, 2):
        listener.rate_trial([1, 2, 3, 4])
        if n < 2:
            listener.see_trial(n=n + 1, total=2)
    listener.see_heading("thanks_title")
    code = page.locator("code").inner_text()
    page.go_back()
    page.go_forward()
    listener.see_heading("thanks_title")
    assert page.locator("code").inner_text() == code
