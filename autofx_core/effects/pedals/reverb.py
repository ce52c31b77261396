"""Rooms, plates, springs: echoes so dense that they merge."""

import numpy as np
import pedalboard
from scipy import signal

from autofx_core.effects.pedals.dsp import delayed, feedback_line, high_pass, low_pass
from autofx_core.effects.pedals.pedal import pedal


def _convolved(wave: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Play through an impulse response (samples,), scaled to energy 1."""
    unit = response / np.sqrt(np.sum(response**2))
    return signal.fftconvolve(wave, unit[np.newaxis], axes=-1)[:, : wave.shape[-1]]


def _noise(sample_rate: int, seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(int(seconds * sample_rate))


@pedal("reverb", room_size=(0.3, 0.95), damping=(0.1, 0.9), wet_level=(0.2, 0.6))
def _plate_reverb(wave, sample_rate, *, room_size, damping, wet_level):
    """Play through Freeverb's parallel combs and serial all-passes."""
    reverb = pedalboard.Reverb(
        room_size=room_size, damping=damping, wet_level=wet_level, dry_level=0.5, width=0.0
    )
    return reverb(wave.astype(np.float32), sample_rate, reset=True)


@pedal("reverb", decay_s=(0.4, 2.5), brightness_hz=(1500.0, 6000.0), level=(0.3, 0.8))
def _room_reverb(wave, sample_rate, *, decay_s, brightness_hz, level):
    """Convolve with noise that falls by 60 dB in the decay time."""
    samples = int(min(decay_s, 2.5) * sample_rate)
    envelope = 10 ** (-3 * np.arange(samples) / (decay_s * sample_rate))
    noise = np.random.default_rng(0).standard_normal(samples) * envelope
    response = low_pass(noise, sample_rate, brightness_hz)
    return wave + level * _convolved(wave, response)


@pedal("reverb", decay_s=(1.2, 4.0), predelay_ms=(10.0, 60.0), level=(0.3, 0.9))
def _hall_reverb(wave, sample_rate, *, decay_s, predelay_ms, level):
    """Convolve with noise that swells for 50 ms and whose treble dies twice as fast."""
    time_s = np.arange(int(2.5 * sample_rate)) / sample_rate
    noise = _noise(sample_rate, 2.5, 1)[: time_s.size]
    dark = low_pass(noise, sample_rate, 1500.0)
    response = dark * 10 ** (-3 * time_s / decay_s)
    response += (noise - dark) * 10 ** (-6 * time_s / decay_s)
    response *= 1 - np.exp(-time_s / 0.02)
    tail = _convolved(wave, high_pass(response, sample_rate, 100.0))
    return wave + level * delayed(tail, round(predelay_ms * sample_rate / 1000))


@pedal("reverb", decay_s=(0.8, 2.5), delay_ms=(28.0, 45.0), level=(0.3, 0.8))
def _spring_reverb(wave, sample_rate, *, decay_s, delay_ms, level):
    """Convolve with two springs' chirps, bouncing to and fro: below 4 kHz, low tones come first."""
    samples = int(2.0 * sample_rate)
    hertz = np.fft.rfftfreq(samples, 1 / sample_rate)
    bounces = np.zeros(hertz.size, dtype=complex)
    for sign, ratio in ((1, 1.0), (-1, 1.23)):
        path_s = ratio * delay_ms / 1000
        group_delay_s = path_s * (1 + 0.5 * (hertz / 4000.0) ** 2)
        way = np.exp(-2j * np.pi * np.cumsum(group_delay_s) * hertz[1])
        there_and_back = way**2 * 10 ** (-6 * group_delay_s / decay_s)
        bounces += sign * way / (1 - there_and_back)
    response = np.fft.irfft(bounces / (1 + (hertz / 4000.0) ** 8), samples)
    return wave + level * _convolved(high_pass(wave, sample_rate, 100.0), response)


@pedal("reverb", gate_ms=(150.0, 400.0), level=(0.4, 1.0), brightness_hz=(2500.0, 7000.0))
def _gated_reverb(wave, sample_rate, *, gate_ms, level, brightness_hz):
    """Convolve with level noise that ends at once."""
    response = low_pass(_noise(sample_rate, gate_ms / 1000, 2), sample_rate, brightness_hz)
    return wave + level * _convolved(wave, response)


@pedal("reverb", decay_s=(0.6, 3.0), mix=(0.2, 0.6))
def _schroeder_reverb(wave, sample_rate, *, decay_s, mix):
    """Mix with four parallel combs and two all-passes in series (Schroeder 1962)."""
    tail = np.zeros_like(wave)
    for comb_ms in (29.7, 37.1, 41.1, 43.7):
        lag = np.full(wave.shape[-1], round(comb_ms * sample_rate / 1000))
        tail += feedback_line(wave, lag, 10 ** (-3 * comb_ms / 1000 / decay_s))
    for all_pass_ms in (5.0, 1.7):
        lag = round(all_pass_ms * sample_rate / 1000)
        line = feedback_line(tail, np.full(wave.shape[-1], lag), 0.7)
        tail = delayed(line, lag) - 0.7 * line
    return (1 - mix) * wave + mix / 2 * low_pass(tail, sample_rate, 5000.0)
