"""Every page, in every language, on desktop and phone, light and dark, against WCAG 2.2 AA."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.accessibility import list_faults_light_and_dark, violations
from support.browser_listener import DESKTOP, LOCALES, PHONE, Listener
from support.every_page import walk
from support.live_server import LiveServer

DEVICES = {"en": DESKTOP, "fr": PHONE, "de": DESKTOP, "es": PHONE, "ar": PHONE}
"""The device on which each language is looked at."""


def test_every_language_is_looked_at() -> None:
    assert DEVICES.keys() == {path.stem for path in LOCALES.glob("*.json")}


@pytest.mark.parametrize("language", DEVICES)
def test_no_page_breaks_wcag_or_overflows(
    new_listener: Callable[..., Listener], breaking_server: LiveServer, language: str
) -> None:
    device = DEVICES[language] | {"locale": language, "reduced_motion": "reduce"}
    listener = new_listener(breaking_server.address, language=language, **device)
    names, faults = [], []
    for name in walk(listener):
        names.append(name)
        faults += [f"{name}: {fault}" for fault in list_faults_light_and_dark(listener.page)]
    assert len(names) == 10
    assert faults == []
    direction = "rtl" if language == "ar" else "ltr"
    assert listener.page.locator("html").get_attribute("dir") == direction


def test_the_pages_beside_the_usual_way_keep_to_wcag_too(listener: Listener) -> None:
    page = listener.page
    listener.page.goto(f"{listener.address}/s/{'x' * 32}")
    listener.see_heading("failed_title")
    assert violations(page) == []
    listener.begin_at_trials()
    other = page.context.new_page()
    other.goto(page.url)
    listener.see_heading("other_tab_title")
    assert violations(page) == []
    other.close()
    page.route("**/api/**/audio/*", lambda route: route.abort())
    page.reload()
    expect(listener.button("retry")).to_be_visible()
    assert violations(page) == []


def test_a_screen_reader_hears_what_plays_and_what_a_slider_says(listener: Listener) -> None:
    listener.begin_at_trials()
    announcer = listener.page.locator("[aria-live]")
    listener.play_reference()
    expect(announcer).to_have_text("The reference is playing")
    listener.rate(1, 85)
    expect(announcer).to_have_text("B is playing")
    expect(listener.slider(1)).to_have_attribute("aria-valuetext", "85, Excellent")
    expect(listener.slider(0)).to_have_attribute("aria-valuetext", "not rated yet")
    listener.press(listener.button("stop"))
    expect(announcer).to_have_text("Stopped")


def test_shortcuts_can_be_switched_off_and_rest_while_text_is_typed(listener: Listener) -> None:
    page = listener.page
    listener.begin_at_trials()
    listener.press(page.get_by_text("Comment", exact=True))
    page.locator("textarea").press("1")
    expect(page.locator("textarea")).to_have_value("1")
    expect(page.locator(".playing")).to_have_count(0)
    listener.press(page.get_by_text("Keys", exact=True))
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("1")
    page.get_by_label("Use these keys").check()
    page.keyboard.press("2")
    expect(listener.slider(1)).to_be_enabled()
    expect(page.locator(".playing")).to_have_count(1)


def test_letters_play_the_sounds_that_they_name(listener: Listener) -> None:
    listener.begin_at_trials()
    for index, letter in enumerate("abcd"):
        listener.page.keyboard.press(letter)
        expect(listener.slider(index)).to_be_enabled()
        expect(listener.slider(index)).to_be_focused()


def test_the_loop_is_set_by_keys_and_by_dragging(listener: Listener) -> None:
    page = listener.page
    listener.begin_at_trials()
    start, end = page.get_by_role("slider", name="of the loop").all()
    for _ in range(4):
        start.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuenow", "0.20")
    box = page.locator(".waveform").bounding_box()
    end.hover()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(end).to_have_attribute("aria-valuenow", "0.70")
    page.keyboard.press("l")
    expect(end).to_have_attribute("aria-valuenow", "2.50")
    expect(start).to_have_attribute("aria-valuenow", "0.00")


def test_the_chosen_language_is_kept_for_the_session(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.open()
    listener.agree()
    listener.page.get_by_label("Language").select_option("fr")
    french = Listener(listener.page, live_server.address, language="fr")
    french.see_heading("questionnaire_title")
    [session] = live_server.rows("SELECT * FROM sessions WHERE token = ?", french.token)
    assert session["language"] == "fr"
