"""Oscillating levels, by the oscillator's shape."""

import numpy as np

from autofx_core.effects.pedals.dsp import low_pass, phase_of, triangle
from autofx_core.effects.pedals.pedal import oscillating


@oscillating("tremolo", rate_hz=(2.0, 9.0), depth=(0.35, 0.95))
def _sine_tremolo(wave, sample_rate, *, rate_hz, depth, start_turns=0.0):
    """Move the level by a sine between 1 and 1 − depth."""
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    return wave * (1 - depth / 2 * (1 - np.cos(phase)))


@oscillating("tremolo", rate_hz=(2.0, 8.0), depth=(0.5, 0.95))
def _optical_tremolo(wave, sample_rate, *, rate_hz, depth, start_turns=0.0):
    """Move the level as a lamp on a photocell does: quickly down, slowly up."""
    cycle = (phase_of(wave, sample_rate, rate_hz, start_turns) / (2 * np.pi)) % 1.0
    glow = np.where(cycle < 0.2, cycle / 0.2, np.exp(-(cycle - 0.2) / 0.2))
    return wave * (1 - depth * glow)


@oscillating("tremolo", rate_hz=(2.0, 10.0), depth=(0.4, 0.95))
def _triangle_tremolo(wave, sample_rate, *, rate_hz, depth, start_turns=0.0):
    """Move the level by a triangle."""
    return wave * (1 - depth * triangle(phase_of(wave, sample_rate, rate_hz, start_turns)))


@oscillating("tremolo", rate_hz=(2.0, 8.0), depth=(0.3, 1.0), open_share=(0.35, 0.65))
def _square_tremolo(wave, sample_rate, *, rate_hz, depth, open_share, start_turns=0.0):
    """Switch the level on and off, with edges of some milliseconds."""
    cycle = (phase_of(wave, sample_rate, rate_hz, start_turns) / (2 * np.pi)) % 1.0
    gate = low_pass((cycle >= open_share).astype(float)[np.newaxis], sample_rate, 60.0)
    return wave * (1 - depth * gate)


@oscillating("tremolo", rate_hz=(2.5, 8.0), depth_db=(5.0, 18.0))
def _bias_tremolo(wave, sample_rate, *, rate_hz, depth_db, start_turns=0.0):
    """Move the level in dB by a sine, a little less in the treble: a power tube's moving bias."""
    phase = phase_of(wave, sample_rate, rate_hz, start_turns)
    level_db = -depth_db / 2 * (1 - np.cos(phase))
    dark = low_pass(wave, sample_rate, 2000.0)
    return dark * 10 ** (level_db / 20) + (wave - dark) * 10 ** (0.8 * level_db / 20)
