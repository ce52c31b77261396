"""Find the sounds that must not be presented: broken, silent, clipped, indistinguishable.

Conventions: waves have shape (channels, samples), full scale ±1.
"""

import numpy as np

from autofx_core.audio import SILENCE_DBFS

NULL_TEST_DB = -30.0
"""Two sounds whose difference lies this far below them are indistinguishable in a test."""

BLOCK_S = 0.05
DECAYED_DB = -40.0
"""A tail is over where it lies this far below the loudest 50 ms."""

CLIPPED_LEVEL = 0.9999
CLIPPED_RUN = 4
"""So many successive samples at full scale are a flattened top, not a peak."""


class FaultError(ValueError):
    """A render that must not be presented; the message names the sound and the reason."""


def refuse_broken(wave: np.ndarray, name: str) -> None:
    """Refuse a sound that holds NaN or infinity, or peaks below −60 dBFS.

    Raises
    ------
    FaultError
    """
    peak = np.maximum(wave.max(), -wave.min())  # NaN if any sample is
    if not np.isfinite(peak):
        raise FaultError(f"{name} holds NaN or infinite samples")
    if peak < 10 ** (SILENCE_DBFS / 20):
        raise FaultError(f"{name} is silent (peak below {SILENCE_DBFS:.0f} dBFS)")


def refuse_clipped(wave: np.ndarray, name: str) -> None:
    """Refuse a recording whose peaks are cut off at full scale.

    Meant for files: an effect's own render may saturate at 1 and is not clipped by that.

    Raises
    ------
    FaultError
    """
    for channel in wave:
        at_top = np.abs(channel) >= CLIPPED_LEVEL
        runs = np.convolve(at_top, np.ones(CLIPPED_RUN, dtype=int), mode="valid")
        if (runs == CLIPPED_RUN).any():
            raise FaultError(f"{name} is clipped: {CLIPPED_RUN} or more samples at full scale")


def _block_powers(wave: np.ndarray, size: int) -> np.ndarray:
    n_blocks = max(1, -(-wave.shape[1] // size))
    padded = np.pad(wave, ((0, 0), (0, n_blocks * size - wave.shape[1])))
    return np.square(padded, dtype=np.float64).reshape(len(wave), n_blocks, size).sum(axis=(0, 2))


def find_decay_s(wave: np.ndarray, sample_rate: int) -> float:
    """Find when a sound has decayed to `DECAYED_DB` below its loudest 50 ms for good.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    sample_rate
        In Hz.

    Returns
    -------
    float
        In seconds from the beginning: the end of the last block of 50 ms above that level.
    """
    size = round(BLOCK_S * sample_rate)
    power = _block_powers(wave, size)
    rings = np.flatnonzero(power > power.max() * 10 ** (DECAYED_DB / 10))
    return float(rings[-1] + 1) * size / sample_rate if rings.size else 0.0


def find_quietest(wave: np.ndarray, sample_rate: int) -> int:
    """Find the end of the quietest whole 50 ms, in samples; the last of equally quiet ones."""
    size = round(BLOCK_S * sample_rate)
    power = _block_powers(wave[:, : wave.shape[1] // size * size], size)
    return int(power.size - np.argmin(power[::-1])) * size


def null_test_db(reference: np.ndarray, other: np.ndarray) -> float:
    """Measure what is left of a sound when the reference is taken away at the best level.

    Returns
    -------
    float
        Energy of the difference against the other sound's, in dB: −inf for equal sounds (up to a
        gain), 0 for unrelated ones.
    """
    a, b = reference.ravel(), other.ravel()
    energies = float(np.dot(a, a)) * float(np.dot(b, b))
    share = 1 - float(np.dot(a, b)) ** 2 / energies if energies > 0 else 1.0
    return float(10 * np.log10(share)) if share > 0 else -np.inf


def is_indistinguishable(reference: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two sounds differ by less than `NULL_TEST_DB`, a gain aside."""
    return null_test_db(reference, other) < NULL_TEST_DB
