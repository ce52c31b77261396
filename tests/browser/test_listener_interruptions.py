"""What is not heard is not shown as playing and cannot be rated; the next press goes on."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser_listener import Listener
from support.live_server import LiveServer

SPY = """
  window.contexts = [];
  window.fault = null;
  const Native = AudioContext;
  window.AudioContext = class extends Native {
    constructor(...options) {
      super(...options);
      contexts.push(this);
    }
    resume() {
      if (fault === "rejected") return Promise.reject(new DOMException("no", "NotAllowedError"));
      if (fault === "pending") return new Promise(() => {});
      return super.resume();
    }
    get currentTime() {
      return fault === "frozen" ? 1 : super.currentTime;
    }
    get outputLatency() {
      return fault === "moved" ? 0.25 : 0.02;
    }
  };
  let hidden = false;
  Object.defineProperty(Document.prototype, "hidden", { get: () => hidden });
  window.hide = (value) => {
    hidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""
"""An AudioContext that can be made to fail as phones do; a page that can be hidden."""

EVENTS = """
SELECT kind, detail FROM events JOIN sessions ON sessions.id = session_id
WHERE token = ? ORDER BY seq
"""


@pytest.fixture
def spied(listener: Listener) -> Listener:
    """A listener at the practice trial whose sound can be made to fail."""
    listener.page.add_init_script(SPY)
    listener.begin_at_trials()
    return listener


def see_lost(listener: Listener, message: str) -> None:
    expect(listener.page.locator("#notice")).to_have_text(listener.word(message))
    expect(listener.page.locator("[aria-pressed=true]")).to_have_count(0)
    expect(listener.page.locator(".score[aria-disabled=false]")).to_have_count(0)


def read_events(listener: Listener, server: LiveServer) -> list[tuple[str, dict]]:
    listener.wait_until_saved()
    rows = server.rows(EVENTS, listener.token)
    return [(row["kind"], json.loads(row["detail"])) for row in rows][1:]


def go_on_by_pressing(listener: Listener, index: int) -> None:
    listener.press(listener.page.locator(".stimulus button").nth(index))
    expect(listener.slider(index)).to_be_enabled()
    expect(listener.page.locator("#notice")).to_be_empty()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("contexts[0].suspend()", "suspended"), ("fault = 'frozen'", "frozen")],
)
def test_an_interruption_is_shown_and_the_next_press_goes_on(
    spied: Listener, live_server: LiveServer, fault: str, reason: str
) -> None:
    page = spied.page
    spied.rate(1, 30)
    page.evaluate(f"() => {{ {fault} }}")
    see_lost(spied, "sound_lost")
    page.evaluate("fault = null")
    page.mouse.click(*spied.point_on(1, 80))  # plays, and rates nothing
    expect(spied.slider(1)).to_be_enabled()
    expect(page.locator("#notice")).to_be_empty()
    assert spied.shown_scores()[1] == 30
    lost = ("audio_lost", {"reason": reason, "was_playing": True})
    assert lost in read_events(spied, live_server)


def test_an_interrupted_sound_stays_silent_until_it_is_played_again(spied: Listener) -> None:
    page = spied.page
    spied.play(0)
    page.evaluate("contexts[0].suspend()")
    see_lost(spied, "sound_lost")
    page.evaluate("contexts[0].resume()")  # as a phone does by itself after a call
    page.wait_for_function("() => contexts[0].state === 'running'")
    start = page.evaluate("contexts[0].currentTime")
    page.wait_for_function("start => contexts[0].currentTime > start + 0.3", arg=start)
    expect(page.locator("[aria-pressed=true]")).to_have_count(0)


@pytest.mark.parametrize(("fault", "reason"), [("rejected", "rejected"), ("pending", "timeout")])
def test_a_sound_that_does_not_start_says_so_and_can_be_tried_again(
    spied: Listener, live_server: LiveServer, fault: str, reason: str
) -> None:
    page = spied.page
    page.evaluate("contexts[0].suspend()")
    page.evaluate(f"fault = '{fault}'")
    spied.press(page.locator(".stimulus button").nth(0))
    see_lost(spied, "sound_blocked")
    page.evaluate("fault = null")
    go_on_by_pressing(spied, 0)
    blocked = ("audio_blocked", {"reason": reason, "state": "suspended"})
    assert blocked in read_events(spied, live_server)


def test_a_hidden_page_falls_silent(spied: Listener, live_server: LiveServer) -> None:
    spied.play(2)
    spied.page.evaluate("hide(true)")
    see_lost(spied, "sound_hidden")
    spied.page.evaluate("hide(false)")
    go_on_by_pressing(spied, 2)
    lost = ("audio_lost", {"reason": "hidden", "was_playing": True})
    assert lost in read_events(spied, live_server)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))", "devices"),
        ("fault = 'moved'", "latency"),
    ],
)
def test_another_output_asks_for_the_volume_again(
    spied: Listener, live_server: LiveServer, change: str, reason: str
) -> None:
    page = spied.page
    spied.play(0)
    page.wait_for_function("() => contexts[0].currentTime > 1.5")
    page.evaluate(f"() => {{ {change} }}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(spied.word("output_changed"))
    expect(page.locator(".playing")).to_have_count(0)
    done = dialog.get_by_role("button", name=spied.word("level_done"))
    expect(done).to_be_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    spied.press(dialog.get_by_role("button", name=spied.word("play"), exact=True))
    expect(done).to_be_enabled()
    dialog.get_by_role("slider").press("ArrowLeft")
    spied.press(done)
    expect(dialog).to_have_count(0)
    spied.play(0)
    assert ("output_changed", {"reason": reason}) in read_events(spied, live_server)
    [session] = live_server.rows("SELECT * FROM sessions WHERE token = ?", spied.token)
    assert session["level_db"] == -11


def test_resuming_on_another_device_asks_for_the_volume(
    listener: Listener, new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    listener.begin_at_trials()
    score = listener.rate(0, 40)
    listener.wait_until_saved()
    other = new_listener(live_server.address)
    other.page.goto(listener.page.url)
    other.see_heading("level_title")
    other.press(other.button("play"))
    other.press(other.button("level_done"))
    other.see_trial(practice=True, n=1, total=1)
    assert other.shown_scores()[0] == score
    other.page.reload()
    other.see_trial(practice=True, n=1, total=1)
