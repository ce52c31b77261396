"""Designs of effects that no training sound was made with: to test on only.

Each takes a wave (1, samples) and a generator that draws its settings. Nothing here is built of
`autofx_core.effects.pedals`, so that a mistake there is not repeated.
"""

import numpy as np
import pedalboard
from scipy import signal


def _time_s(wave, rate_hz):
    return np.arange(wave.shape[-1]) / rate_hz


def _wander(wave, rate_hz, rng, speed_hz):
    """Smoothed random movement within ±1: an oscillator that never repeats."""
    steps = rng.uniform(-1, 1, int(wave.shape[-1] / rate_hz * 2 * speed_hz) + 3)
    place = _time_s(wave, rate_hz) * 2 * speed_hz
    low = place.astype(int)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - low))
    return steps[low] * (1 - share) + steps[low + 1] * share


def _sine(wave, rate_hz, rng, speed_hz):
    return np.sin(2 * np.pi * (speed_hz * _time_s(wave, rate_hz) + rng.uniform()))


def _read(wave, rate_hz, delay_s):
    """Read the wave some time ago, by linear interpolation."""
    now = np.arange(wave.shape[-1])
    return np.interp(now - rate_hz * delay_s, now, wave[0], left=0.0)[np.newaxis]


def _filtered(wave, rate_hz, kind, hertz, order=2):
    return signal.sosfilt(signal.butter(order, hertz, kind, fs=rate_hz, output="sos"), wave)


def wandering_single(wave, rate_hz, rng):
    """Chorus: one voice whose delay wanders."""
    swing = rng.uniform(1.0, 2.5) * _wander(wave, rate_hz, rng, rng.uniform(0.8, 2.5))
    return wave + rng.uniform(0.6, 1.0) * _read(wave, rate_hz, (12 + swing) / 1000)


def two_speed(wave, rate_hz, rng):
    """Chorus: two voices, one slow and one fast."""
    slow = 3.0 * _sine(wave, rate_hz, rng, rng.uniform(0.4, 0.9))
    fast = 0.4 * _sine(wave, rate_hz, rng, rng.uniform(4.0, 6.0))
    voices = _read(wave, rate_hz, (15 + slow) / 1000) + _read(wave, rate_hz, (9 + fast) / 1000)
    return wave + rng.uniform(0.4, 0.8) * voices


def _recursive_comb(wave, rate_hz, delay_s, feedback):
    line = np.zeros(wave.shape[-1])
    samples = np.maximum(rate_hz * delay_s, 1.5)
    for n in range(wave.shape[-1]):
        at = n - samples[n]
        low = int(np.floor(at))
        past = 0.0
        if low >= 0:
            past = line[low] + (at - low) * (line[low + 1] - line[low])
        line[n] = wave[0, n] + feedback * past
    return line[np.newaxis]


def exponential_flanger(wave, rate_hz, rng):
    """Flanger: the delay moves by octaves, 0.4–5 ms, with feedback."""
    octaves = _sine(wave, rate_hz, rng, rng.uniform(0.15, 0.8))
    delay_s = 0.0014 * 2 ** (1.7 * octaves)
    line = _recursive_comb(wave, rate_hz, delay_s, rng.uniform(0.4, 0.7))
    return 0.5 * wave + 0.5 * _read(line, rate_hz, delay_s)


def wandering_flanger(wave, rate_hz, rng):
    """Flanger: a comb without feedback whose delay wanders."""
    delay_s = (2.2 + 1.8 * _wander(wave, rate_hz, rng, rng.uniform(0.3, 1.0))) / 1000
    return 0.5 * wave + 0.5 * _read(wave, rate_hz, delay_s)


def juce_phaser(wave, rate_hz, rng):
    """Phaser: pedalboard's, six all-passes."""
    plugin = pedalboard.Phaser(
        rate_hz=rng.uniform(0.2, 3.0),
        depth=rng.uniform(0.5, 1.0),
        centre_frequency_hz=rng.uniform(500, 1600),
        feedback=rng.uniform(0.0, 0.6),
        mix=0.5,
    )
    return plugin(wave.astype(np.float32), rate_hz)


def ramp_phaser(wave, rate_hz, rng):
    """Phaser: two first-order all-passes at one frequency that ramps up and falls."""
    speed_hz, start = rng.uniform(0.3, 2.0), rng.uniform()
    ramp = signal.sawtooth(2 * np.pi * (speed_hz * _time_s(wave, rate_hz) + start), 0.7)
    hertz = rng.uniform(500, 900) * 2 ** (1.3 * ramp)
    tangent = np.tan(np.pi * hertz / rate_hz)
    a = (tangent - 1) / (tangent + 1)
    x = wave[0]
    for _ in range(2):
        y = np.zeros_like(x)
        before = last = 0.0
        for n in range(x.size):
            last = a[n] * x[n] + before - a[n] * last
            before = x[n]
            y[n] = last
        x = y
    return 0.5 * wave + 0.5 * x[np.newaxis]


def harmonic_tremolo(wave, rate_hz, rng):
    """Tremolo: bass and treble move against each other."""
    low = _filtered(wave, rate_hz, "low", 700.0, 1)
    depth, sweep = rng.uniform(0.5, 0.9), _sine(wave, rate_hz, rng, rng.uniform(2.5, 8.0))
    return low * (1 + depth * sweep) + (wave - low) * (1 - depth * sweep)


def ramp_tremolo(wave, rate_hz, rng):
    """Tremolo: the level falls and jumps back."""
    phase = 2 * np.pi * (rng.uniform(2.5, 8.0) * _time_s(wave, rate_hz) + rng.uniform())
    gain = 1 - rng.uniform(0.4, 0.9) * (0.5 + 0.5 * signal.sawtooth(phase, 0.9))
    return wave * gain


def wandering_vibrato(wave, rate_hz, rng):
    """Vibrato: speed and width wander."""
    speed_hz = rng.uniform(4.0, 7.0) * (1 + 0.15 * _wander(wave, rate_hz, rng, 0.7))
    phase = 2 * np.pi * np.cumsum(speed_hz) / rate_hz + rng.uniform(0, 6)
    width = 1 + 0.4 * _wander(wave, rate_hz, rng, 0.5)
    return _read(wave, rate_hz, (1.5 + rng.uniform(0.3, 0.8) * width * np.sin(phase)) / 1000)


def juce_vibrato(wave, rate_hz, rng):
    """Vibrato: pedalboard's chorus without the dry sound."""
    plugin = pedalboard.Chorus(
        rate_hz=rng.uniform(3.5, 7.0), depth=rng.uniform(0.1, 0.25), feedback=0.0, mix=1.0,
        centre_delay_ms=5.0,
    )  # fmt: skip
    return plugin(wave.astype(np.float32), rate_hz)


def saturated_slap(wave, rate_hz, rng):
    """Slapback delay: the repeat is band-limited and saturated."""
    repeat = _filtered(_read(wave, rate_hz, rng.uniform(0.07, 0.16)), rate_hz, "band", (200, 3000))
    return wave + rng.uniform(0.5, 0.9) * np.tanh(1.5 * repeat) / 1.5


def reflecting_slap(wave, rate_hz, rng):
    """Slapback delay: one repeat, twice within 9 ms, inverted."""
    delay_s = rng.uniform(0.08, 0.15)
    repeat = _read(wave, rate_hz, delay_s) + 0.6 * _read(wave, rate_hz, delay_s + 0.009)
    return wave - rng.uniform(0.35, 0.6) * repeat


def dotted_echo(wave, rate_hz, rng):
    """Feedback delay: two lines, three to four, each feeding back."""
    delay_s, feedback = rng.uniform(0.2, 0.45), rng.uniform(0.35, 0.6)
    wet = np.zeros_like(wave)
    for length_s in (delay_s, 0.75 * delay_s):
        for number in range(1, 9):
            wet = wet + feedback ** (number - 1) * _read(wave, rate_hz, number * length_s)
    return wave + rng.uniform(0.25, 0.45) * wet


def fluttering_echo(wave, rate_hz, rng):
    """Feedback delay: every repeat flutters and loses treble."""
    delay_s, feedback = rng.uniform(0.22, 0.5), rng.uniform(0.4, 0.7)
    wet, repeat = np.zeros_like(wave), wave
    for number in range(8):
        flutter = 0.0004 * _wander(wave, rate_hz, rng, 6.0)
        repeat = _filtered(_read(repeat, rate_hz, delay_s + flutter), rate_hz, "low", 2500.0, 1)
        wet = wet + feedback**number * repeat
    return wave + rng.uniform(0.5, 0.9) * wet


def network_reverb(wave, rate_hz, rng):
    """Reverb: a feedback delay network of eight lines and a Householder matrix."""
    lengths = (rate_hz * np.array([0.029, 0.037, 0.041, 0.043, 0.047, 0.053, 0.059, 0.067])).astype(
        int
    )
    decay_s = rng.uniform(1.0, 3.0)
    gains = 10 ** (-3 * lengths / rate_hz / decay_s)
    block, samples = int(lengths.min()), wave.shape[-1]
    lines = np.zeros((8, samples + lengths.max() + block))
    wet = np.zeros(samples)
    for start in range(0, samples, block):
        stop = min(start + block, samples)
        out = np.stack([lines[k, start:stop] for k in range(8)])
        wet[start:stop] = out.sum(axis=0)
        mixed = out - out.sum(axis=0) / 4
        for k in range(8):
            place = slice(start + lengths[k], stop + lengths[k])
            lines[k, place] = gains[k] * mixed[k] + wave[0, start:stop]
    wet = _filtered(wet[np.newaxis], rate_hz, "low", rng.uniform(2500, 6000), 1)
    return wave + rng.uniform(0.15, 0.35) * wet


def church_reverb(wave, rate_hz, rng):
    """Reverb: noise of two decays, early and late, treble dying faster."""
    time_s = np.arange(int(2.5 * rate_hz)) / rate_hz
    bass = rng.standard_normal(time_s.size) * 10 ** (-3 * time_s / rng.uniform(1.5, 3.5))
    treble = rng.standard_normal(time_s.size) * 10 ** (-3 * time_s / rng.uniform(0.5, 1.0))
    tail = _filtered(bass, rate_hz, "low", 1000.0) + _filtered(treble, rate_hz, "high", 1000.0)
    tail *= (time_s > rng.uniform(0.01, 0.05)) / np.sqrt(np.square(tail).sum())
    wet = signal.oaconvolve(wave, tail[np.newaxis], axes=1)[:, : wave.shape[-1]]
    return wave + rng.uniform(0.4, 1.0) * wet


def folded_fuzz(wave, rate_hz, rng):
    """Distortion: folded over where it would clip, then clipped, tone cut."""
    pre = 10 ** (rng.uniform(26, 40) / 20) * _filtered(wave, rate_hz, "high", 150.0, 1)
    folded = np.where(np.abs(pre) > 1, np.sign(pre) * (1.4 - 0.4 * np.abs(pre)), pre)
    return _filtered(np.clip(folded, -1, 1), rate_hz, "low", rng.uniform(2500, 5000), 1)


def mid_distortion(wave, rate_hz, rng):
    """Distortion: a bell in the mids, hard clipping that is softer below, low-pass."""
    boosted = pedalboard.PeakFilter(rng.uniform(600, 1000), 12.0, 0.8)(
        wave.astype(np.float32), rate_hz
    )
    driven = 10 ** (rng.uniform(30, 44) / 20) * boosted
    return _filtered(np.where(driven > 0, np.tanh(driven), np.clip(driven, -0.8, 0)), rate_hz,
                     "low", 4500.0, 1)  # fmt: skip


def sagging_overdrive(wave, rate_hz, rng):
    """Overdrive: the more signal, the less gain; soft and asymmetric."""
    drive = 10 ** (rng.uniform(12, 22) / 20)
    level = signal.lfilter([0.002], [1, -0.998], np.abs(wave))
    x = drive * wave / (1 + 3 * level)
    return _filtered(np.arctan(x + 0.3) - np.arctan(0.3), rate_hz, "high", 30.0, 1)


def split_overdrive(wave, rate_hz, rng):
    """Overdrive: only what is above 500 Hz is driven."""
    high = _filtered(wave, rate_hz, "high", 500.0, 1)
    driven = high / (1 + np.abs(high) * 10 ** (rng.uniform(14, 26) / 20))
    return (wave - high) * 0.15 + driven


DESIGNS = {
    "chorus": (wandering_single, two_speed),
    "flanger": (exponential_flanger, wandering_flanger),
    "phaser": (juce_phaser, ramp_phaser),
    "tremolo": (harmonic_tremolo, ramp_tremolo),
    "vibrato": (wandering_vibrato, juce_vibrato),
    "slapback delay": (saturated_slap, reflecting_slap),
    "feedback delay": (dotted_echo, fluttering_echo),
    "reverb": (network_reverb, church_reverb),
    "distortion": (folded_fuzz, mid_distortion),
    "overdrive": (sagging_overdrive, split_overdrive),
}
"""Effect among the ten → designs of it."""


def play_design(design, wave, rate_hz, rng):
    """Play a wave (1, samples) of peak 1 through a design; returns float32 of peak 1."""
    wet = np.asarray(design(wave.astype(np.float64), rate_hz, rng))
    return (wet / np.abs(wet).max()).astype(np.float32)
