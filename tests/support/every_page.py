"""A walk through every page of the session, for whoever wants to look at each."""

from collections.abc import Iterator

from playwright.sync_api import expect

from support.browser_listener import Listener


def walk(listener: Listener) -> Iterator[str]:
    """Go through the whole session; yields the name of each page while it is shown."""
    page = listener.page
    listener.open()
    expect(listener.button("agree")).to_be_visible()
    yield "welcome"
    listener.agree()
    yield "questionnaire"
    listener.answer_questions()
    expect(listener.button("play")).to_be_enabled()
    yield "level"
    listener.press(listener.button("play"))
    listener.press(listener.button("level_done"))
    listener.see_heading("headphones_title")
    yield "headphones"
    fail_headphone_check(listener)
    yield "headphones_failed"
    listener.press(listener.button("headphones_go_on"))
    expect(listener.button("example_same")).to_be_visible()
    yield "instructions"
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    for summary in page.locator("summary").all():
        listener.press(summary)
    listener.rate(0, 80)
    listener.go_on()
    expect(page.locator(".missing-text")).not_to_be_empty()
    yield "trial_incomplete"
    listener.rate_trial([80, 60, 40, 20])
    listener.see_trial(n=1, total=2)
    listener.play_reference()
    for index, score in enumerate([46, 100, 12, 71]):
        listener.rate(index, score)
    yield "trial"
    listener.go_on()
    listener.see_heading("break_title")
    yield "break"
    listener.press(listener.button("break_over"))
    listener.see_trial(n=2, total=2)
    listener.rate_trial([80, 60, 40, 20])
    listener.see_heading("thanks_title")
    yield "thanks"


def fail_headphone_check(listener: Listener) -> None:
    """Answer all six rounds with the first tone, which is right twice."""
    for n in range(1, 7):
        expect(listener.page.locator(".card [role=status]")).to_contain_text(str(n))
        listener.press(listener.button("headphones_play"))
        listener.press(listener.button("headphones_choice", n=1))
    listener.see_heading("headphones_failed")
