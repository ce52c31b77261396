"""Oscillators, delay lines and filters that the models of pedals are built of.

Waves of shape (channels, samples), float64.
"""

import numpy as np
from scipy import signal


def phase_of(wave: np.ndarray, sample_rate: int, rate_hz: float, turns: float = 0.0) -> np.ndarray:
    """Compute the phase of an oscillator.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
        How long it runs.
    sample_rate
        In Hz.
    rate_hz
        Of the oscillator.
    turns
        Where it starts, in [0, 1].

    Returns
    -------
    ndarray, shape (samples,), in radians
    """
    return 2 * np.pi * (rate_hz * np.arange(wave.shape[-1]) / sample_rate + turns)


def triangle(phase: np.ndarray) -> np.ndarray:
    """Triangle wave, 0 at phase 0, 1 at half a turn."""
    return 0.5 + 0.5 * signal.sawtooth(phase, 0.5)


def delayed(wave: np.ndarray, delay_samples: np.ndarray | float) -> np.ndarray:
    """Read each channel `delay_samples` (one, or one per sample) ago, by linear interpolation."""
    now = np.arange(wave.shape[-1])
    padded = np.pad(wave, ((0, 0), (1, 0)))  # silence before the sound begins
    at = np.arange(-1, wave.shape[-1])
    return np.stack([np.interp(now - delay_samples, at, channel, left=0.0) for channel in padded])


def feedback_line(wave: np.ndarray, delay_samples: np.ndarray, feedback: float) -> np.ndarray:
    """Feed a delay line: u[t] = x[t] + feedback·u[t − delay[t]].

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
        The input x.
    delay_samples : ndarray, shape (samples,), at least 1
        Between samples by linear interpolation.
    feedback
        In (−1, 1).

    Returns
    -------
    ndarray, shape (channels, samples)
        The line u.
    """
    line = np.zeros((wave.shape[0], 1 + wave.shape[-1]))  # one sample of silence comes first
    block = max(1, int(delay_samples.min()) - 1)  # within a block nothing depends on the block
    for start in range(0, wave.shape[-1], block):
        now = np.arange(start, min(start + block, wave.shape[-1]))
        position = np.maximum(1 + now - delay_samples[now], 0.0)
        earlier = position.astype(int)
        share = position - earlier
        past = line[:, earlier] * (1 - share) + line[:, earlier + 1] * share
        line[:, 1 + now] = wave[:, now] + feedback * past
    return line[:, 1:]


def swept_all_passes(
    wave: np.ndarray, sample_rate: int, break_hz: np.ndarray, *, step: int = 64
) -> np.ndarray:
    """Play through first-order all-passes in series.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    sample_rate
        In Hz.
    break_hz : ndarray, shape (stages, ceil(samples / step))
        Where each stage turns the phase by 90°, held for `step` samples.
    step
        Samples for which the all-passes hold still.
    """
    tangent = np.tan(np.pi * np.minimum(break_hz, 0.45 * sample_rate) / sample_rate)
    coefficients = (tangent - 1) / (tangent + 1)
    shifted = np.empty_like(wave)
    state = np.zeros((wave.shape[0], len(break_hz)))
    for number, of_stages in enumerate(coefficients.T):
        denominator = np.ones(1)
        for coefficient in of_stages:
            denominator = np.convolve(denominator, [1.0, coefficient])
        block = slice(number * step, (number + 1) * step)
        shifted[:, block], state = signal.lfilter(
            denominator[::-1], denominator, wave[:, block], zi=state
        )
    return shifted


def low_pass(wave: np.ndarray, sample_rate: int, cutoff_hz: float, order: int = 1) -> np.ndarray:
    """Filter by a Butterworth low-pass.

    Parameters
    ----------
    wave : ndarray, shape (..., samples)
    sample_rate, cutoff_hz
        In Hz.
    order
        Times 6 dB an octave.
    """
    return signal.sosfilt(signal.butter(order, cutoff_hz, fs=sample_rate, output="sos"), wave)


def high_pass(wave: np.ndarray, sample_rate: int, cutoff_hz: float, order: int = 1) -> np.ndarray:
    """Filter by a Butterworth high-pass; the opposite of `low_pass`.

    Parameters
    ----------
    wave : ndarray, shape (..., samples)
    sample_rate, cutoff_hz
        In Hz.
    order
        Times 6 dB an octave.
    """
    sections = signal.butter(order, cutoff_hz, "high", fs=sample_rate, output="sos")
    return signal.sosfilt(sections, wave)
