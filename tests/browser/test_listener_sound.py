"""The sound is heard, or the listener learns why not: audio session, help, level check."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.browser_listener import PHONE, Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

AGENTS = {
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "android": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/138.0.0.0",
    "computer": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
FIRST_TIP = {
    "iphone": "help_iphone_mute",
    "android": "help_android_volume",
    "computer": "help_tab_muted",
}
EVENTS = """
SELECT kind, detail FROM events JOIN sessions ON sessions.id = session_id
WHERE token = ? ORDER BY seq
"""
COUNT = """
async ([n, rate]) => {
  const { makeCount } = await import("/audio/tones.js");
  return Array.from(makeCount(n, rate).getChannelData(0));
}
"""


@pytest.fixture(scope="module")
def counting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A study whose listeners count tones after they set the level."""
    folder = tmp_path_factory.mktemp("counting")
    study = GuitarSet(folder / "set", n_items=1, listening_test="level_check = true")
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


def test_the_sound_plays_in_spite_of_an_iphones_mute_switch(listener: Listener) -> None:
    page = listener.page
    page.add_init_script("navigator.audioSession = { type: 'auto' };")
    listener.open()
    expect(listener.button("agree")).to_be_visible()
    listener.agree()
    assert page.evaluate("navigator.audioSession.type") == "playback"


@pytest.mark.parametrize("device", AGENTS)
def test_who_hears_nothing_is_helped_in_words_for_the_device(
    new_listener: Callable[..., Listener], live_server: LiveServer, device: str
) -> None:
    listener = new_listener(live_server.address, **PHONE, user_agent=AGENTS[device])
    page = listener.page
    listener.open()
    listener.agree()
    listener.answer_questions()
    with page.expect_response("**/events"):
        listener.press(page.get_by_text(listener.word("help_title"), exact=True))
    expect(page.locator("details li").first).to_have_text(listener.word(FIRST_TIP[device]))
    expect(page.get_by_text("Bluetooth")).to_be_visible()
    events = live_server.rows(EVENTS, listener.token)
    assert [(row["kind"], json.loads(row["detail"])) for row in events][1:] == [
        ("sound_help", {"device": device})
    ]


def test_every_trial_offers_that_help(listener: Listener) -> None:
    listener.begin_at_trials()
    listener.press(listener.page.get_by_text(listener.word("help_title"), exact=True))
    expect(listener.page.get_by_text(listener.word("help_output"))).to_be_visible()


def count_tones(listener: Listener, n: int, round_: int) -> None:
    expect(listener.page.locator(".card [role=status]")).to_have_text(
        listener.word("headphones_round", n=round_, total=2)
    )
    expect(listener.button("count_play")).to_be_enabled()
    listener.press(listener.button("count_play"))
    listener.press(listener.page.get_by_role("button", name=str(n), exact=True))


def test_the_level_counts_once_its_tones_were_counted(
    new_listener: Callable[..., Listener], counting_server: LiveServer
) -> None:
    listener = new_listener(counting_server.address)
    page = listener.page
    page.add_init_script("Math.random = () => 0.5;")  # four tones
    listener.open()
    listener.agree()
    listener.answer_questions()
    for counts in ((4, 5), (4, 4)):
        listener.press(listener.button("play"))
        listener.press(listener.button("level_done"))
        listener.see_heading("count_title")
        for round_, n in enumerate(counts, 1):
            count_tones(listener, n, round_)
        if counts[1] != 4:
            expect(page.locator("main [role=alert]")).to_have_text(listener.word("count_failed"))
    listener.see_heading("headphones_title")
    listener.wait_until_saved()
    [session] = counting_server.rows("SELECT * FROM sessions WHERE token = ?", listener.token)
    assert session["level_db"] == -10
    events = counting_server.rows(EVENTS, listener.token)
    counts = [json.loads(row["detail"]) for row in events if row["kind"] == "level_check"]
    assert counts == [{"played": 4, "counted": n} for n in (4, 5, 4, 4)]


@pytest.mark.parametrize("n", range(2, 7))
def test_so_many_tones_are_played_as_are_to_be_counted(static_page: Page, n: int) -> None:
    rate = 16_000
    samples = np.array(static_page.evaluate(COUNT, [n, rate]))
    envelope = np.convolve(np.abs(samples), np.ones(160) / 160, mode="same") > 0.01
    assert np.count_nonzero(np.diff(envelope.astype(int)) == 1) == n
    assert np.abs(samples).max() == pytest.approx(0.1, rel=0.01)
    assert not samples[: round(0.2 * rate)].any()
    assert not samples[-round(0.2 * rate) :].any()
