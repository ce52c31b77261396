"""How long a listener waits: for the first trial's sounds, and from a key to another sound.

Run ``PYTHONPATH=tests python -m benchmarks.browser_speed``. Real Chromium, the real server on
loopback. Baselines, in the same run: for the sounds, the bare transfer of the same bytes by
``fetch``; for the switch, an AudioBufferSourceNode started at once in the same context.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, expect
from support.browser_listener import DESKTOP, Listener
from support.chromium import open_chromium
from support.guitar_set import GuitarSet
from support.live_server import LiveServer

N_STIMULI, DURATION_S = 8, 10.0
LINKS = {"fast link": None, "4 Mbit/s, 100 ms": {"bytes_per_s": 500_000, "latency_ms": 100}}
N_SWITCHES = 30

TRANSFER = """
async ([address, token]) => {
  const state = await (await fetch(`${address}/api/v1/sessions/${token}`)).json();
  const path = `${address}/api/v1/sessions/${token}/trials/${state.next_trial}`;
  const trial = await (await fetch(path)).json();
  const start = performance.now();
  const sounds = [trial.reference, ...trial.stimuli];
  const bodies = await Promise.all(sounds.map(async ({ url }) => (await fetch(url)).arrayBuffer()));
  const bytes = bodies.reduce((sum, body) => sum + body.byteLength, 0);
  return { bytes, seconds: (performance.now() - start) / 1000 };
}
"""

PROBE = """
registerProcessor("probe", class extends AudioWorkletProcessor {
  last = 0;
  process([[samples]]) {
    if (!samples) return true;
    const first = samples.findIndex((sample) => sample !== this.last);
    if (first >= 0 && !this.changing) this.port.postMessage(currentFrame + first);
    this.changing = first >= 0;
    this.last = samples[samples.length - 1];
    return true;
  }
});
"""

LATENCY = """
async (probeSource) => {
  const { Engine } = await import("/static/audio/engine.js");
  const context = new AudioContext({ latencyHint: "interactive" });
  const blob = URL.createObjectURL(new Blob([probeSource], { type: "text/javascript" }));
  await context.audioWorklet.addModule(blob);
  const level = (value) => {
    const buffer = new AudioBuffer({ length: 1e6, sampleRate: context.sampleRate });
    buffer.getChannelData(0).fill(value);
    return buffer;
  };
  const engine = await Engine.create(context);
  await engine.load([level(0.25), level(0.5)]);
  await engine.select(0);
  await context.resume();
  const probes = ["engine", "source"].map(() => new AudioWorkletNode(context, "probe"));
  for (const probe of probes) probe.connect(context.destination); // unconnected nodes don't run
  engine.level.connect(probes[0]);
  const silence = new ConstantSourceNode(context, { offset: 0 });
  silence.connect(probes[1]);
  silence.start();
  let track = 0;
  const actions = [
    () => engine.select((track = 1 - track)),
    () => {
      const source = new AudioBufferSourceNode(context, { buffer: level(0.5) });
      source.connect(probes[1]);
      source.start();
      setTimeout(() => source.stop(), 100);
    },
  ];
  window.results = [[], []];
  let asked = null;
  probes.forEach((probe, which) => {
    probe.port.onmessage = ({ data: frame }) => {
      if (asked?.which !== which) return;
      const frames = frame - asked.time_s * context.sampleRate;
      results[which].push({ quanta: frames / 128, ms: (1000 * frames) / context.sampleRate });
      asked = null;
    };
  });
  addEventListener("keydown", ({ key }) => {
    const which = Number(key);
    asked = { which, time_s: context.currentTime };
    actions[which]();
  });
}
"""


def measure_loading(browser: Browser, server: LiveServer) -> None:
    """Print how long it takes until every sound of the first trial can be played."""
    for link, limits in LINKS.items():
        listener = _seat(browser, server, limits)
        listener.begin_at_trials()
        bare = listener.page.evaluate(TRANSFER, [server.address, listener.token])
        listener.page.close()
        listener = _seat(browser, server, limits)
        listener.reach_instructions()
        start = "() => { window.clicked = performance.now(); }"
        listener.button("instructions_done").evaluate(f"b => b.addEventListener('click', {start})")
        listener.press(listener.button("instructions_done"))
        expect(listener.page.locator(".stimulus").first).to_be_visible()
        from_click_s = listener.page.evaluate(PLAYABLE)
        address = listener.page.url
        listener.page.goto("about:blank")
        listener.page.goto(address, wait_until="commit")
        expect(listener.page.locator(".stimulus").first).to_be_visible()
        from_address_s = listener.page.evaluate(PLAYABLE)
        listener.page.close()
        print(
            f"{link}: {bare['bytes'] / 1e6:.2f} MB; bare transfer {bare['seconds']:.2f} s; "
            f"playable {from_click_s:.2f} s after the click, {from_address_s:.2f} s after opening "
            f"the address cold (x {from_address_s / bare['seconds']:.2f} of the bare transfer)",
            flush=True,
        )


PLAYABLE = "() => (window.shown - (window.clicked ?? 0)) / 1000"
MARK_WHEN_SHOWN = """
addEventListener("DOMContentLoaded", () => {
  const observer = new MutationObserver(() => {
    if (!document.querySelector(".stimulus")) return;
    window.shown = performance.now();
    observer.disconnect();
  });
  observer.observe(document.body, { childList: true, subtree: true });
});
"""


def _seat(browser: Browser, server: LiveServer, limits: dict | None) -> Listener:
    page = browser.new_context(**DESKTOP).new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.add_init_script(MARK_WHEN_SHOWN)
    if limits:
        conditions = {
            "offline": False,
            "latency": limits["latency_ms"],
            "downloadThroughput": limits["bytes_per_s"],
            "uploadThroughput": limits["bytes_per_s"],
        }
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)
    return Listener(page, server.address)


SLOW_4G = {"bytes_per_s": 200_000, "latency_ms": 150}
READING_S = 20.0


def measure_slow_link(browser: Browser, server: LiveServer) -> None:
    """Print when the volume's sound plays, and whether practice is ready after 20 s of reading."""
    listener = _seat(browser, server, SLOW_4G)
    listener.open()
    listener.agree()
    listener.answer_questions()
    start = time.perf_counter()
    listener.press(listener.button("play"))
    expect(listener.button("stop")).to_be_visible()
    print(f"1.6 Mbit/s, 150 ms: the volume's sound plays after {time.perf_counter() - start:.1f} s")
    listener.press(listener.button("level_done"))
    listener.skip_headphones()
    listener.page.wait_for_timeout(READING_S * 1000)
    start = time.perf_counter()
    listener.press(listener.button("instructions_done"))
    listener.see_trial(practice=True, n=1, total=1)
    print(f"the practice trial is there {time.perf_counter() - start:.1f} s after 20 s of reading")
    listener.page.close()


def measure_switching(page: Page, server: LiveServer) -> None:
    """Print the time from a key's event to the first changed sample in the graph."""
    page.context.route("**/blank", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{server.address}/blank")
    page.evaluate(LATENCY, PROBE)
    for which in (0, 1):
        for n in range(N_SWITCHES):
            page.keyboard.press(str(which))
            page.wait_for_function("([w, n]) => results[w].length > n", arg=[which, n])
            page.wait_for_timeout(120)
    for name, values in zip(("engine", "bare source"), page.evaluate("results"), strict=True):
        quanta = [value["quanta"] for value in values]
        print(
            f"{name}: key to first changed sample, median {median(quanta):.1f} quanta "
            f"({median(value['ms'] for value in values):.1f} ms), largest {max(quanta):.1f} quanta"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, open_chromium() as browser:
        study = GuitarSet(Path(folder) / "set", n_stimuli=N_STIMULI, duration_s=DURATION_S)
        server = LiveServer(Path(folder), study=study.folder)
        try:
            short = GuitarSet(Path(folder) / "short", n_stimuli=N_STIMULI, duration_s=3.0)
            (Path(folder) / "slow").mkdir()
            slow_server = LiveServer(Path(folder) / "slow", study=short.folder)
            measure_slow_link(browser, slow_server)
            slow_server.kill()
            measure_loading(browser, server)
            measure_switching(browser.new_page(), server)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
