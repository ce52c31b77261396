"""The test runs where browsers give less: no storage, plain http, no AudioWorklet, older ones."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.browser_listener import PATIENCE_MS, PHONE, Listener
from support.chromium import launch
from support.live_server import LiveServer, stored_scores

REFUSED = 'new DOMException("refused", "SecurityError")'
STORAGE = {
    "blocked": f"Object.defineProperty(window, 'localStorage', {{ get() {{ throw {REFUSED}; }} }})",
    "null": "Object.defineProperty(window, 'localStorage', { value: null })",
    "full": """Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
    }""",
}
MISSING = """
  delete AbortSignal.timeout;
  delete window.BroadcastChannel;
  delete window.AudioWorkletNode;
  delete BaseAudioContext.prototype.audioWorklet;
  delete Navigator.prototype.mediaDevices;
  delete Navigator.prototype.clipboard;
"""
NAME = "laboratory.test"
SCORES = [[11, 22, 33, 44], [55, 66, 77, 88], [1, 2, 3, 99]]
OPENED = """
SELECT detail FROM events JOIN sessions ON sessions.id = session_id
WHERE token = ? AND kind = 'audio_opened'
"""


@pytest.fixture
def http_phone(browser: Browser, live_server: LiveServer) -> Iterator[Listener]:
    """A phone on plain http, at a name that isn't localhost and so isn't trusted."""
    other = launch(browser.browser_type, f"--host-resolver-rules=MAP {NAME} 127.0.0.1")
    context = other.new_context(**PHONE, locale="en")
    context.set_default_timeout(PATIENCE_MS)
    yield Listener(context.new_page(), f"http://{NAME}:{live_server.port}", touch=True)
    other.close()


def rate_all(listener: Listener) -> list[list[int]]:
    """Rate practice and both trials, to the thanks."""
    shown = []
    for trial, scores in enumerate(SCORES):
        listener.see_trial(practice=trial == 0, n=max(trial, 1), total=2 if trial else 1)
        shown.append(listener.rate_trial(scores))
    listener.see_heading("thanks_title")
    return shown


@pytest.mark.parametrize("storage", STORAGE)
def test_a_session_without_storage_stores_everything_and_says_so_once(
    listener: Listener, live_server: LiveServer, storage: str
) -> None:
    notice = listener.page.locator("#notice")
    listener.page.add_init_script(STORAGE[storage])
    listener.open()
    listener.agree()
    expect(notice).to_have_text(listener.word("no_memory"))
    listener.answer_questions()
    listener.set_level()
    expect(notice).to_be_empty()
    listener.skip_headphones()
    listener.press(listener.button("instructions_done"))
    shown = rate_all(listener)
    expect(notice).to_be_empty()
    assert stored_scores(live_server, listener.token) == shown


def test_a_session_in_a_browser_that_lacks_newer_interfaces(
    listener: Listener, live_server: LiveServer
) -> None:
    listener.page.add_init_script(MISSING)
    listener.reach_trials()
    shown = rate_all(listener)
    assert stored_scores(live_server, listener.token) == shown


def test_a_phone_takes_the_test_over_plain_http(
    http_phone: Listener, live_server: LiveServer
) -> None:
    page = http_phone.page
    http_phone.reach_trials()
    assert page.evaluate("[isSecureContext, 'AudioWorklet' in window]") == [False, False]
    shown = rate_all(http_phone)
    assert stored_scores(live_server, http_phone.token) == shown
    [row] = live_server.rows(OPENED, http_phone.token)
    opened = json.loads(row["detail"])
    rate_hz = opened["sample_rate_hz"]
    assert opened["worklet"] is False
    assert opened["engine_latency_s"] == pytest.approx(2 * 2048 / rate_hz)


def test_the_worklet_is_noted_with_the_session(
    new_listener: Callable[..., Listener], live_server: LiveServer
) -> None:
    listener = new_listener(live_server.address)
    listener.begin_at_trials()
    listener.wait_until_saved()
    [row] = live_server.rows(OPENED, listener.token)
    opened = json.loads(row["detail"])
    assert (opened["worklet"], opened["engine_latency_s"]) == (True, 0)
