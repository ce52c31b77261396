"""The audio engine, rendered offline in real Chromium: no clicks, exact fades, exact position.

Signals: DC, which shows the envelope itself; a 110 Hz sine, whose largest step is known in closed
form; a ramp, whose value is its position. All at full scale 0.5, at the rates of common devices.
"""

import base64
from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from playwright.sync_api import Page

SAMPLE_RATES_HZ = (44_100, 48_000, 96_000)
FADE_S = 0.005
SINE_HZ = 110.0
LEVEL = 0.5
SECONDS = 0.8
TRACK_S = 1.4
SEAM = "seam"
"""In a scenario: just before the end of a loop of 0.5 s that began at once."""

QUANTUM = 128
FALLBACK_BLOCK = 2048
"""Frames that the fallback renders at a time."""
STEP_ALLOWANCE = 1.2
"""How much larger than signal step + fade slope a sample step may be."""

RENDER = """
async ({ sampleRate, frames, tracks, commands, worklet }) => {
  const { Engine } = await import("/audio/engine.js");
  const context = new OfflineAudioContext(2, frames, sampleRate);
  if (!worklet) Object.defineProperty(context, "audioWorklet", { value: undefined });
  const engine = await Engine.create(context);
  const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt()).buffer;
  const buffers = tracks.map((channels) => {
    const data = channels.map((text) => new Float32Array(decode(text)));
    const options = { length: data[0].length, numberOfChannels: data.length, sampleRate };
    const buffer = new AudioBuffer(options);
    data.forEach((channel, index) => buffer.copyToChannel(channel, index));
    return buffer;
  });
  await engine.load(buffers);
  for (const [quantum, calls] of Object.entries(commands)) {
    const run = async () => {
      for (const [name, ...values] of calls) await engine[name](...values);
    };
    if (quantum === "0") await run();
    else context.suspend((quantum * 128) / sampleRate).then(run).then(() => context.resume());
  }
  const rendered = await context.startRendering();
  const encode = (samples) => {
    const bytes = new Uint8Array(samples.buffer);
    let text = "";
    for (let start = 0; start < bytes.length; start += 32768)
      text += String.fromCharCode(...bytes.subarray(start, start + 32768));
    return btoa(text);
  };
  return [0, 1].map((channel) => encode(rendered.getChannelData(channel)));
}
"""


@dataclass(frozen=True)
class Rendering:
    """What came out of the graph: ``both``, shape (2, frames), float64."""

    both: np.ndarray
    sample_rate: int

    @property
    def left(self) -> np.ndarray:
        return self.both[0]

    def largest_step(self) -> float:
        return float(np.abs(np.diff(self.left)).max())


def render(
    page: Page,
    sample_rate: int,
    tracks: list,
    commands: dict,
    *,
    seconds: float = SECONDS,
    worklet: bool = True,
) -> Rendering:
    """Render ``tracks`` (each a list of channels) under ``commands`` {quantum: [[name, …], …]}.

    Without ``worklet`` as a browser does that has no AudioWorklet.
    """
    seam = round(0.5 * sample_rate / QUANTUM) - 1
    answer = page.evaluate(
        RENDER,
        {
            "sampleRate": sample_rate,
            "worklet": worklet,
            "frames": round(seconds * sample_rate),
            "tracks": [
                [base64.b64encode(np.float32(c).tobytes()).decode() for c in track]
                for track in tracks
            ],
            "commands": {
                str(seam if quantum == SEAM else quantum): calls
                for quantum, calls in commands.items()
            },
        },
    )
    sides = [np.frombuffer(base64.b64decode(side), dtype=np.float32) for side in answer]
    return Rendering(np.array(sides, dtype=np.float64), sample_rate)


def track_frames(sample_rate: int) -> int:
    return round(TRACK_S * sample_rate)


def position_ramp(sample_rate: int) -> np.ndarray:
    """A track whose sample at position p is p / track_frames."""
    return np.arange(track_frames(sample_rate)) / track_frames(sample_rate)


def dc(sample_rate: int, level: float = LEVEL) -> np.ndarray:
    return np.full(track_frames(sample_rate), level)


def sine(sample_rate: int, phase: float = 0.0) -> np.ndarray:
    time_s = np.arange(track_frames(sample_rate)) / sample_rate
    return LEVEL * np.sin(2 * np.pi * SINE_HZ * time_s + phase)


def fade_frames(sample_rate: int) -> int:
    """5 ms in whole frames, halves upwards as in JavaScript."""
    return int(FADE_S * sample_rate + 0.5)


def step_limit(sample_rate: int, *, signal_hz: float) -> float:
    """Largest allowed step: 1.2 × (the signal's own + the steepest of a 5 ms raised cosine)."""
    own = 2 * LEVEL * np.sin(np.pi * signal_hz / sample_rate)
    fade = LEVEL * np.pi / (2 * FADE_S * sample_rate)
    return STEP_ALLOWANCE * (own + fade)


def make_tracks(signal_hz: float, sample_rate: int) -> list:
    """Two mono tracks that differ as much as they can: opposite DC, or sines a quarter apart."""
    if signal_hz == 0:
        return [[dc(sample_rate)], [dc(sample_rate, -LEVEL)]]
    return [[sine(sample_rate)], [sine(sample_rate, np.pi / 2)]]


SCENARIOS = {
    "start and stop": {0: [["select", 0]], 200: [["stop"]]},
    "switch": {0: [["select", 0]], 200: [["select", 1]]},
    "two switches within 3 ms": {0: [["select", 0]], 200: [["select", 1]], 201: [["select", 0]]},
    "switch during the fade-in": {0: [["select", 0]], 200: [["select", 1]], 203: [["select", 0]]},
    "stop and start within 3 ms": {0: [["select", 0]], 200: [["stop"]], 201: [["select", 1]]},
    "seek": {0: [["select", 0]], 200: [["seek", 1.034]]},
    "loop seam": {0: [["loop", 0.1, 0.6], ["select", 0]]},
    "new loop elsewhere": {0: [["select", 0]], 200: [["loop", 0.8, 1.35]]},
    "loop shrinks around the position": {0: [["select", 0]], 200: [["loop", 0.0, 0.5]]},
    "switch on the seam": {0: [["loop", 0.0, 0.5], ["select", 0]], SEAM: [["select", 1]]},
    "end": {0: [["setRepeat", False], ["loop", 0.0, 0.5], ["select", 0]]},
}


@pytest.mark.parametrize("worklet", [True, False], ids=["worklet", "fallback"])
@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_change_of_sound_makes_a_step(
    static_page: Page, scenario: str, sample_rate: int, worklet: bool
) -> None:
    for signal_hz in (0.0, SINE_HZ):
        tracks = make_tracks(signal_hz, sample_rate)
        output = render(static_page, sample_rate, tracks, SCENARIOS[scenario], worklet=worklet)
        assert np.abs(output.left).max() > 0.9 * LEVEL
        assert output.largest_step() <= step_limit(sample_rate, signal_hz=signal_hz)


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_a_switch_fades_out_5_ms_then_in_5_ms(static_page: Page, sample_rate: int) -> None:
    tracks = [[dc(sample_rate)], [dc(sample_rate, -LEVEL)]]
    output = render(static_page, sample_rate, tracks, {0: [["select", 0]], 200: [["select", 1]]})
    asked = 200 * QUANTUM
    expected_frames = FADE_S * sample_rate
    silent = asked + int(np.flatnonzero(output.left[asked:] <= 0)[0])
    full = asked + int(np.flatnonzero(np.isclose(output.left[asked:], -LEVEL))[0])
    assert abs((silent - asked) - expected_frames) <= 1
    assert abs((full - silent) - expected_frames) <= 1
    steps = fade_frames(sample_rate)
    raised_cosine = LEVEL * (1 + np.cos(np.pi * np.arange(steps + 1) / steps)) / 2
    np.testing.assert_allclose(output.left[asked : silent + 1], raised_cosine, atol=1e-6)
    np.testing.assert_allclose(output.left[silent : full + 1], -raised_cosine[::-1], atol=1e-6)


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_a_switch_never_mixes_two_sounds(static_page: Page, sample_rate: int) -> None:
    first = dc(sample_rate)
    second = first.copy()
    tracks = [[first, np.zeros_like(first)], [np.zeros_like(second), second]]
    output = render(static_page, sample_rate, tracks, {0: [["select", 0]], 200: [["select", 1]]})
    assert np.abs(output.both).max(axis=1).min() > 0.9 * LEVEL
    assert not np.any((output.both[0] != 0) & (output.both[1] != 0))


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_a_switch_keeps_the_position_to_the_sample(static_page: Page, sample_rate: int) -> None:
    ramp = position_ramp(sample_rate)
    output = render(
        static_page, sample_rate, [[ramp], [ramp]], {0: [["select", 0]], 200: [["select", 1]]}
    )
    after = slice(201 * QUANTUM + 2 * fade_frames(sample_rate), None)
    position = output.left[after] * track_frames(sample_rate)
    expected = np.arange(output.left.size)[after]
    assert np.abs(position - expected).max() < 0.5


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_a_seek_lands_on_its_sample_after_the_fade_out(static_page: Page, sample_rate: int) -> None:
    ramp = position_ramp(sample_rate)
    output = render(static_page, sample_rate, [[ramp]], {0: [["select", 0]], 200: [["seek", 1.25]]})
    silent = 200 * QUANTUM + fade_frames(sample_rate)
    later = silent + fade_frames(sample_rate) + 10
    position = output.left[later] * track_frames(sample_rate)
    assert position == pytest.approx(round(1.25 * sample_rate) + later - silent, abs=0.5)


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_the_loop_repeats_to_the_sample_and_is_half_a_second_at_least(
    static_page: Page, sample_rate: int
) -> None:
    ramp = position_ramp(sample_rate)
    commands = {0: [["loop", 0.25, 0.26], ["select", 0]]}
    output = render(static_page, sample_rate, [[ramp]], commands, seconds=1.1)
    period = sample_rate // 2
    np.testing.assert_array_equal(output.left[:period], output.left[period : 2 * period])
    middle = period // 2
    position = output.left[middle] * track_frames(sample_rate)
    assert position == pytest.approx(round(0.25 * sample_rate) + middle, abs=0.5)


def test_a_quick_double_switch_plays_the_last_sound_asked_for_alone(static_page: Page) -> None:
    sample_rate = 48_000
    tracks = [[dc(sample_rate, 0.2)], [dc(sample_rate, -0.4)], [dc(sample_rate, 0.6)]]
    commands = {0: [["select", 0]], 100: [["select", 1]], 101: [["select", 2]]}
    output = render(static_page, sample_rate, tracks, commands)
    assert output.left[-1] == pytest.approx(0.6)
    assert output.left.min() >= 0  # the second sound, all negative, is never heard


def test_stop_goes_back_to_the_start_of_the_loop(static_page: Page) -> None:
    sample_rate = 48_000
    ramp = position_ramp(sample_rate)
    commands = {
        0: [["loop", 0.5, 1.4], ["select", 0]],
        100: [["stop"]],
        200: [["select", 0]],
    }
    output = render(static_page, sample_rate, [[ramp]], commands)
    stopped = slice(100 * QUANTUM + fade_frames(sample_rate) + 1, 200 * QUANTUM)
    assert not output.left[stopped].any()
    again = output.left[200 * QUANTUM + 1000] * track_frames(sample_rate)
    assert again == pytest.approx(0.5 * sample_rate + 1000, abs=0.5)


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_a_mono_sound_plays_on_both_sides(static_page: Page, sample_rate: int) -> None:
    output = render(static_page, sample_rate, [[sine(sample_rate)]], {0: [["select", 0]]})
    assert np.abs(output.left).max() > 0.9 * LEVEL
    np.testing.assert_array_equal(output.both[0], output.both[1])


def test_a_stereo_sound_keeps_its_sides(static_page: Page) -> None:
    sample_rate = 48_000
    tracks = [[dc(sample_rate, 0.25), dc(sample_rate, -0.5)]]
    output = render(static_page, sample_rate, tracks, {0: [["select", 0]]})
    assert output.both[:, -1] == pytest.approx([0.25, -0.5])


def test_a_switch_is_obeyed_within_one_render_quantum(static_page: Page) -> None:
    sample_rate = 48_000
    tracks = [[dc(sample_rate)], [dc(sample_rate, -LEVEL)]]
    output = render(static_page, sample_rate, tracks, {0: [["select", 0]], 200: [["select", 1]]})
    first_change = 200 * QUANTUM + int(np.flatnonzero(output.left[200 * QUANTUM :] != LEVEL)[0])
    assert first_change - 200 * QUANTUM <= QUANTUM


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_the_fallback_plays_what_the_worklet_plays_within_two_blocks(
    static_page: Page, sample_rate: int
) -> None:
    tracks = [[position_ramp(sample_rate), sine(sample_rate)]]
    commands = {0: [["loop", 0.1, 0.6], ["select", 0]]}
    outputs = [
        render(static_page, sample_rate, tracks, commands, worklet=worklet).both
        for worklet in (True, False)
    ]
    delay = int(np.flatnonzero(outputs[1][0])[0] - np.flatnonzero(outputs[0][0])[0])
    assert 0 <= delay <= 2 * FALLBACK_BLOCK
    n_frames = outputs[0].shape[1]
    np.testing.assert_array_equal(outputs[1][:, delay:], outputs[0][:, : n_frames - delay])
    assert not outputs[1][:, :delay].any()


@pytest.mark.parametrize("sample_rate", SAMPLE_RATES_HZ)
def test_the_fallback_switches_within_two_blocks_and_keeps_the_position(
    static_page: Page, sample_rate: int
) -> None:
    tracks = [[position_ramp(sample_rate)], [-position_ramp(sample_rate)]]
    commands = {0: [["select", 0]], 200: [["select", 1]]}
    output = render(static_page, sample_rate, tracks, commands, worklet=False)
    switched = int(np.flatnonzero(output.left < 0)[0])
    latency = switched - fade_frames(sample_rate) - 200 * QUANTUM
    assert 0 < latency <= 2 * FALLBACK_BLOCK
    before = round(output.left[200 * QUANTUM] * track_frames(sample_rate))
    after = round(-output.left[-1] * track_frames(sample_rate))
    assert after - before == output.left.size - 1 - 200 * QUANTUM


PLAY = """
async ({ sampleRate, levels, commands }) => {
  const { Player } = await import("/audio/player.js");
  const player = new Player(sampleRate);
  player.load(levels.map((level) => [new Float32Array(sampleRate).fill(level)]));
  const output = [];
  const render = (frames) => {
    const side = new Float32Array(frames);
    player.render(side, new Float32Array(frames));
    output.push(...side);
  };
  for (const [frames, name, ...values] of commands) {
    render(frames);
    player[name](...values);
  }
  render(sampleRate / 50);
  const { now, position } = player;
  return { output, now, position };
}
"""
RATE_HZ = 8_000
LEVELS = [0.5, -0.5, 0.25]
frames = st.integers(0, 100)
times = st.integers(-RATE_HZ, 2 * RATE_HZ)
commands = st.one_of(
    st.tuples(frames, st.just("select"), st.integers(-1, 3)),
    st.tuples(frames, st.just("stop")),
    st.tuples(frames, st.just("seek"), times),
    st.tuples(frames, st.just("loop"), times, times),
    st.tuples(frames, st.just("setRepeat"), st.booleans()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(commands=st.lists(commands, max_size=25))
def test_whatever_is_pressed_and_when_no_step_is_steeper_than_the_fade(
    static_page: Page, commands: list[tuple]
) -> None:
    arguments = {"sampleRate": RATE_HZ, "levels": LEVELS, "commands": commands}
    played = static_page.evaluate(PLAY, arguments)
    steepest = LEVEL * np.pi / (2 * fade_frames(RATE_HZ))
    assert np.abs(np.diff(played["output"], prepend=0)).max() <= steepest * (1 + 1e-6)
    now = played["now"]
    assert now["start"] <= played["position"] < now["end"] <= RATE_HZ
    assert now["end"] - now["start"] >= RATE_HZ / 2
