"""On a slow phone network the sounds are there when they are needed."""

from collections.abc import Callable, Iterator

import pytest
from support.browser_listener import PHONE, Listener
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

N_STIMULI, DURATION_S = 8, 3.0
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 1.6e6 / 8,
}
MOST_TO_VOLUME_S = 2.0
READING_S = 20.0
N_SOUNDS = 1 + 2 + N_STIMULI
"""Volume, two examples, the rest of the practice trial, which comes first."""

NOTE_HEADINGS = """
  window.shown_ms = {};
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent;
      if (heading) shown_ms[heading] ??= performance.now();
    }).observe(document.body, { childList: true, subtree: true });
  });
"""
ARRIVED = """
  performance.getEntriesByType("resource")
    .filter(({ name, responseEnd }) => /[/]api[/].*[/]audio[/]/.test(name) && responseEnd)
    .map(({ responseEnd }) => responseEnd).sort((a, b) => a - b)
"""
NOTHING_BEFORE = """
questionnaire = []
headphone_check = "off"
"""
"""Sounds have no time to load before the page that plays them."""


@pytest.fixture(scope="module")
def eight_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Trials of eight stimuli of 3 s."""
    folder = tmp_path_factory.mktemp("eight")
    study = GuitarSet(
        folder / "set",
        n_items=1,
        n_stimuli=N_STIMULI,
        duration_s=DURATION_S,
        listening_test=NOTHING_BEFORE,
    )
    server = LiveServer(folder, study=study.folder)
    yield server
    server.kill()


@pytest.mark.slow
def test_on_slow_4g_the_volumes_sound_comes_in_2_s_and_the_first_trial_while_one_reads(
    new_listener: Callable[..., Listener], eight_server: LiveServer
) -> None:
    listener = new_listener(eight_server.address, **PHONE)
    page = listener.page
    page.add_init_script(NOTE_HEADINGS)
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW_4G)
    listener.open()
    listener.press(listener.button("agree"))
    listener.press(listener.button("play"))
    listener.press(listener.button("level_done"))
    listener.see_heading("instructions_title")
    page.wait_for_function(f"n => ({ARRIVED}).length >= n", arg=N_SOUNDS)
    arrived_ms, shown_ms = page.evaluate(f"[{ARRIVED}, shown_ms]")
    level_ms = shown_ms[listener.word("level_title")]
    assert level_ms < arrived_ms[0] < level_ms + 1000 * MOST_TO_VOLUME_S
    assert arrived_ms[N_SOUNDS - 1] < level_ms + 1000 * READING_S
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
