"""Whole sessions in real Chromium against the real server: what is set is what is stored."""

from collections.abc import Callable

from playwright.sync_api import expect
from support.browser_listener import PHONE, Listener
from support.live_server import LiveServer, stored_ratings, stored_scores


def test_a_session_with_the_mouse_stores_what_was_set(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.reach_trials()
    token = listener.token
    shown = [listener.rate_trial([10, 30, 50, 90])]
    listener.see_trial(n=1, total=2)
    shown.append(listener.rate_trial([100, 0, 41, 77]))
    listener.see_trial(n=2, total=2)
    shown.append(listener.rate_trial([5, 15, 25, 35]))
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, token) == shown
    rows = stored_ratings(live_server, token)
    assert [row["training"] for row in rows] == [1] * 4 + [0] * 8
    assert all(row["plays"] >= 1 and row["listened_s"] > 0 for row in rows)
    assert not any(row["simulated"] for row in rows)
    [session] = live_server.rows("SELECT * FROM sessions WHERE token = ?", token)
    assert listener.page.locator("code").inner_text() == session["completion_code"]


def test_a_session_by_touch_on_a_phone_in_french(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    listener = new_listener(live_server.address, language="fr", **PHONE)
    listener.reach_trials()
    token = listener.token
    shown = [listener.rate_trial([20, 40, 60, 80])]
    for n in (1, 2):
        listener.see_trial(n=n, total=2)
        shown.append(listener.rate_trial([n, 99, 50, 100 - n]))
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, token) == shown
    assert listener.page.locator("html").get_attribute("lang") == "fr"


def test_a_session_by_keyboard_alone(listener: Listener, live_server: LiveServer) -> None:
    page = listener.page
    keys = page.keyboard

    def tab_to(selector: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab never reaches {selector}")

    listener.open()
    expect(listener.button("agree")).to_be_visible()
    tab_to(".primary")
    keys.press("Enter")
    listener.see_heading("questionnaire_title")
    for name in ("musical_background", "hearing", "device"):
        tab_to(f"input[name={name}]")
        keys.press("Space")
    tab_to(".primary")
    keys.press("Enter")
    listener.see_heading("level_title")
    expect(listener.button("play")).to_be_enabled()
    tab_to(".play")
    keys.press("Enter")
    expect(listener.button("level_done")).to_be_enabled()
    tab_to(".primary")
    keys.press("Enter")
    listener.see_heading("headphones_title")
    tab_to(".actions button:not(.play)")
    keys.press("Enter")
    listener.see_heading("instructions_title")
    tab_to(".primary")
    keys.press("Enter")
    for trial, title in enumerate(("practice_title", "trial_title", "trial_title")):
        listener.see_heading(title, n=max(trial, 1), total=2 if trial else 1)
        expect(listener.slider(0)).to_be_visible()
        keys.press("0")
        expect(page.locator("button.reference")).to_have_attribute("aria-pressed", "true")
        for index in range(listener.n_stimuli):
            keys.press(str(index + 1))
            expect(listener.slider(index)).to_be_focused()
            for _ in range(index + 1):
                keys.press("ArrowRight")
        keys.press("Space")
        expect(page.locator(".playing")).to_have_count(0)
        tab_to(".primary")
        keys.press("Enter")
    listener.see_heading("thanks_title")
    assert stored_scores(live_server, listener.token) == [[51, 52, 53, 54]] * 3


def test_next_says_what_is_missing_and_stores_nothing(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.begin_at_trials()
    listener.rate(0, 60)
    listener.play(1)
    listener.go_on()
    message = listener.page.locator(".missing-text")
    expect(message).to_contain_text(listener.word("missing_reference"))
    expect(message).to_contain_text("Please listen to C and D.")
    expect(message).to_contain_text("3 of 4 are untouched (B, C, and D)")
    listener.see_trial(practice=True, n=1, total=1)
    assert stored_scores(live_server, listener.token) == []


def test_only_the_sound_being_heard_can_be_rated(listener: Listener) -> None:
    listener.begin_at_trials()
    enabled = listener.page.locator(".score[aria-disabled=false]")
    expect(enabled).to_have_count(0)
    listener.play(2)
    expect(enabled).to_have_count(1)
    expect(listener.slider(2)).to_be_enabled()
    listener.play_reference()
    expect(enabled).to_have_count(0)
    listener.play(1)
    listener.press(listener.button("stop"))
    expect(enabled).to_have_count(0)


def test_a_click_where_the_slider_already_is_counts_as_a_rating(listener: Listener) -> None:
    listener.begin_at_trials()
    assert listener.shown_scores() == [None] * 4
    assert listener.rate(0, 50) == 50


def test_a_comment_is_stored_with_the_trial(listener: Listener, live_server: LiveServer) -> None:
    listener.begin_at_trials()
    listener.press(listener.page.get_by_text("Comment", exact=True))
    listener.page.locator("textarea").fill('The "echo" & <b>wah</b> 1 2 r')
    listener.rate_trial([1, 2, 3, 4])
    listener.wait_until_saved()
    comments = {row["comment"] for row in stored_ratings(live_server, listener.token)}
    assert comments == {'The "echo" & <b>wah</b> 1 2 r'}


def test_the_level_is_stored_and_then_held_within_a_trial(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.reach_trials()
    [session] = live_server.rows("SELECT * FROM sessions WHERE token = ?", listener.token)
    assert session["level_db"] == -10
    listener.press(listener.page.get_by_text("Volume", exact=True))
    level = listener.page.locator("input.level")
    expect(level).to_be_enabled()
    listener.play_reference()
    expect(level).to_be_disabled()
