"""Variants of a clean note, for training: other guitars than the ones at hand.

A network trained on nine guitars may only work for those nine. What differs between guitars and
hands, and costs little to vary: the size and tuning (resampling moves pitch, formants and decay
together), where the string is plucked (a comb with zeros at multiples of the inverse delay), how
fast it decays, the tone of pickup and amplifier, and the noise under it.

Conventions: waves of shape (channels, samples), float32.
"""

import numpy as np
import pedalboard
import soxr
from scipy import signal

SEMITONES = 2.0
PLUCK_MS = (0.2, 2.0)
PLUCK_DEPTH = 0.6
DECAY_S = (0.3, 3.0)
GAIN_DB = 9.0
NOISE_DBFS = (-80.0, -50.0)


def vary_note(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Vary a clean note as if it were played on another guitar.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), float32, full scale ±1
    sample_rate
        In Hz.
    rng
        Draws the variant.

    Returns
    -------
    ndarray, shape (channels, other number of samples), float32, not normalised
    """
    wave = _resize(wave, sample_rate, rng.uniform(-SEMITONES, SEMITONES))
    wave = _pluck(wave, sample_rate, rng)
    if rng.uniform() < 0.5:
        wave = wave * np.exp(-np.arange(wave.shape[-1]) / (rng.uniform(*DECAY_S) * sample_rate))
    wave = _tone(rng)(wave.astype(np.float32), sample_rate, reset=True)
    noise = 10 ** (rng.uniform(*NOISE_DBFS) / 20) * np.abs(wave).max()
    return (wave + noise * rng.standard_normal(wave.shape)).astype(np.float32)


def vary_tone(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Vary size, plucking point and tone of a sound of any length; its decay stays as it is.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), float32, full scale ±1
    sample_rate
        In Hz.
    rng
        Draws the variant.

    Returns
    -------
    ndarray, shape (channels, other number of samples), float32, not normalised
    """
    wave = _resize(wave, sample_rate, rng.uniform(-SEMITONES, SEMITONES))
    wave = _pluck(wave, sample_rate, rng)
    return _tone(rng)(wave.astype(np.float32), sample_rate, reset=True)


def _resize(wave: np.ndarray, sample_rate: int, semitones: float) -> np.ndarray:
    return soxr.resample(wave.T, sample_rate * 2 ** (semitones / 12), sample_rate).T


def _pluck(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    comb = np.zeros(1 + round(rng.uniform(*PLUCK_MS) / 1000 * sample_rate))
    comb[0], comb[-1] = 1.0, -rng.uniform(0, PLUCK_DEPTH)
    return signal.lfilter(comb, 1.0, wave)


def _tone(rng: np.random.Generator) -> pedalboard.Pedalboard:
    gains_db = rng.uniform(-GAIN_DB, GAIN_DB, size=3)
    return pedalboard.Pedalboard(
        [
            pedalboard.LowShelfFilter(rng.uniform(100, 400), gains_db[0], 0.7),
            pedalboard.PeakFilter(rng.uniform(400, 3000), gains_db[1], rng.uniform(0.5, 2.0)),
            pedalboard.HighShelfFilter(rng.uniform(1500, 5000), gains_db[2], 0.7),
        ]
    )
