"""Choruses, flangers, phasers, vibratos: delays and all-passes that an oscillator moves."""

import numpy as np

from autofx_core.effects.pedals.dsp import (
    delayed,
    feedback_line,
    low_pass,
    phase_of,
    swept_all_passes,
    triangle,
)
from autofx_core.effects.pedals.pedal import oscillating

_STEP = 64  # samples for which an all-pass holds still


def _breaks_hz(wave, sample_rate, rate_hz, octaves, centre_hz, start_turns):
    """Sweep by a sine, in octaves around the centre, one value for every 64 samples."""
    sweep = np.sin(phase_of(wave, sample_rate, rate_hz, start_turns)[::_STEP])
    return centre_hz * 2 ** (octaves / 2 * sweep)


@oscillating("flanger", rate_hz=(0.1, 1.5), depth=(0.3, 1.0), feedback=(0.2, 0.85))
def _flanger(wave, sample_rate, *, rate_hz, depth, feedback, start_turns=0.0):
    """Mix with a 1–6 ms delay that feeds back; its comb's teeth sweep with the oscillator."""
    sweep = triangle(phase_of(wave, sample_rate, rate_hz, start_turns))
    delay = (1.0 + 5.0 * depth * sweep) * sample_rate / 1000
    return 0.5 * wave + 0.5 * delayed(feedback_line(wave, delay, feedback), delay)


@oscillating("phaser", rate_hz=(0.2, 3.0), depth_octaves=(1.0, 3.0), centre_hz=(400.0, 1200.0))
def _phaser(wave, sample_rate, *, rate_hz, depth_octaves, centre_hz, start_turns=0.0):
    """Mix with four first-order all-passes in series: two notches, swept in octaves."""
    breaks = _breaks_hz(wave, sample_rate, rate_hz, depth_octaves, centre_hz, start_turns)
    shifted = swept_all_passes(wave, sample_rate, np.tile(breaks, (4, 1)), step=_STEP)
    return 0.5 * wave + 0.5 * shifted


@oscillating("vibrato", rate_hz=(3.0, 8.0), deviation_cents=(15.0, 60.0))
def _vibrato(wave, sample_rate, *, rate_hz, deviation_cents, start_turns=0.0):
    """Move the pitch by a sine: the delay's slope is the relative change of frequency."""
    slope = 2 ** (deviation_cents / 1200) - 1
    swing = slope / (2 * np.pi * rate_hz)
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    return delayed(wave, sample_rate * (swing * (1 - np.cos(phase))))


@oscillating("chorus", rate_hz=(0.3, 2.0), depth_ms=(0.6, 2.5), mix=(0.4, 0.8))
def _ensemble_chorus(wave, sample_rate, *, rate_hz, depth_ms, mix, start_turns=0.0):
    """Mix with three taps around 8, 11 and 14 ms whose oscillators stand 120° apart."""
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    taps = [
        delayed(
            wave, (centre_ms + depth_ms * np.sin(phase + 2 * np.pi * k / 3)) * sample_rate / 1000
        )
        for k, centre_ms in enumerate((8.0, 11.0, 14.0))
    ]
    return (1 - mix) * wave + mix / np.sqrt(3) * sum(taps)


@oscillating(
    "chorus", rate_hz=(0.3, 4.0), depth_ms=(0.5, 3.0), centre_ms=(5.0, 20.0), mix=(0.35, 0.6)
)
def _analog_chorus(wave, sample_rate, *, rate_hz, depth_ms, centre_ms, mix, start_turns=0.0):
    """Mix with one tap, darkened as by a bucket-brigade chip, moved by a triangle."""
    sweep = 2 * triangle(phase_of(wave, sample_rate, rate_hz, start_turns)) - 1
    tap = delayed(wave, (centre_ms + depth_ms * sweep) * sample_rate / 1000)
    return (1 - mix) * wave + mix * low_pass(tap, sample_rate, 4000.0)


@oscillating("chorus", rate_hz=(0.2, 1.2), depth_ms=(1.0, 4.0), mix=(0.4, 0.8))
def _wandering_chorus(wave, sample_rate, *, rate_hz, depth_ms, mix, start_turns=0.0):
    """Mix with four voices, each moved by three sines of its own rates: it never repeats."""
    voices = np.zeros_like(wave)
    for voice in range(4):
        rates = rate_hz * (1 + 0.37 * voice) * np.array([1.0, 1.618, 2.414])
        turns = start_turns + 0.618 * voice * np.array([1.0, 2.0, 3.0])
        phases = [phase_of(wave, sample_rate, *pair) for pair in zip(rates, turns, strict=True)]
        sweep = sum(np.sin(phase) for phase in phases) / 3
        voices += delayed(wave, (7.0 + 4.0 * voice + depth_ms * sweep) * sample_rate / 1000)
    return (1 - mix) * wave + mix / 2 * voices


@oscillating("chorus", rate_hz=(0.25, 0.8), depth_ms=(1.0, 3.0), level=(0.5, 1.0))
def _dimension_chorus(wave, sample_rate, *, rate_hz, depth_ms, level, start_turns=0.0):
    """Mix with two taps that move against each other, so that the pitch seems to stand still."""
    sweep = 2 * triangle(phase_of(wave, sample_rate, rate_hz, start_turns)) - 1
    taps = [delayed(wave, (9.0 + sign * depth_ms * sweep) * sample_rate / 1000) for sign in (1, -1)]
    return wave + level / np.sqrt(2) * (taps[0] - taps[1])


@oscillating("flanger", rate_hz=(0.1, 1.0), span_ms=(1.0, 4.0))
def _through_zero_flanger(wave, sample_rate, *, rate_hz, span_ms, start_turns=0.0):
    """Subtract a tap that overtakes the sound, as of two tapes: it cancels where they meet."""
    still = delayed(wave, span_ms / 2 * sample_rate / 1000)
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    moving = delayed(wave, span_ms / 2 * (1 - np.cos(phase)) * sample_rate / 1000)
    return 0.5 * still - 0.5 * moving


@oscillating("flanger", rate_hz=(0.15, 2.0), span_ms=(2.0, 8.0), feedback=(0.3, 0.8))
def _negative_flanger(wave, sample_rate, *, rate_hz, span_ms, feedback, start_turns=0.0):
    """Mix with a delay of 1 ms and more that feeds back inverted: hollow, odd teeth; sine sweep."""
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    delay = (1.0 + span_ms / 2 * (1 - np.cos(phase))) * sample_rate / 1000
    line = feedback_line(wave, delay, -feedback)
    return 0.6 * wave + 0.4 * delayed(line, delay)


@oscillating(
    "phaser",
    rate_hz=(0.15, 2.0),
    depth_octaves=(1.5, 3.5),
    centre_hz=(300.0, 1000.0),
    feedback=(0.2, 0.6),
)
def _deep_phaser(
    wave, sample_rate, *, rate_hz, depth_octaves, centre_hz, feedback, start_turns=0.0
):
    """Mix with eight all-passes, played twice for resonance: four notches and sharp peaks."""
    breaks = _breaks_hz(wave, sample_rate, rate_hz, depth_octaves, centre_hz, start_turns)
    stages = np.tile(breaks, (8, 1))
    once = swept_all_passes(wave, sample_rate, stages, step=_STEP)
    twice = swept_all_passes(wave + feedback * once, sample_rate, stages, step=_STEP)
    return 0.5 * wave + 0.5 * twice


@oscillating("phaser", rate_hz=(0.8, 6.0), depth=(0.4, 1.0))
def _vibe(wave, sample_rate, *, rate_hz, depth, start_turns=0.0):
    """Mix with four staggered all-passes that a throbbing lamp sweeps, two octaves apart each."""
    throb = np.exp(1.5 * (np.sin(phase_of(wave, sample_rate, rate_hz, start_turns)) - 1))[::_STEP]
    first_hz = np.array([70.0, 260.0, 900.0, 3000.0])
    breaks = first_hz[:, np.newaxis] * 2 ** (2 * depth * throb)
    return 0.5 * wave + 0.5 * swept_all_passes(wave, sample_rate, breaks, step=_STEP)


@oscillating("vibrato", rate_hz=(2.5, 7.0), swing_ms=(0.3, 1.2))
def _triangle_vibrato(wave, sample_rate, *, rate_hz, swing_ms, start_turns=0.0):
    """Move the delay by a rounded triangle: the pitch steps up and down between two values."""
    sweep = triangle(phase_of(wave, sample_rate, rate_hz, start_turns))
    return delayed(wave, swing_ms * sweep * sample_rate / 1000)


@oscillating("vibrato", rate_hz=(3.0, 7.0), deviation_cents=(20.0, 70.0))
def _rotary_vibrato(wave, sample_rate, *, rate_hz, deviation_cents, start_turns=0.0):
    """Move the pitch, and the treble's level a little with it, as a turning horn does."""
    swing = (2 ** (deviation_cents / 1200) - 1) / (2 * np.pi * rate_hz)
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    moved = delayed(wave, sample_rate * (swing * (1 - np.cos(phase))))
    dark = low_pass(moved, sample_rate, 1200.0)
    return dark + (moved - dark) * (0.85 + 0.15 * np.sin(phase))
