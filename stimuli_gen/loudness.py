"""Loudness, true peak, and bringing the sounds of an item to one loudness.

Conventions: waves have shape (channels, samples), full scale ±1; loudness is integrated programme
loudness in LUFS, gains are in dB, peaks in dBTP.

References
----------
Rec. ITU-R BS.1770-5 (2023), annex 1 (loudness, by pyloudnorm) and annex 2 (true peak).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyloudnorm
import soxr

BLOCK_S = 0.4
FILTERS = "DeMan"  # pyloudnorm's name for the K-weighting that is exact at every sample rate
OVERSAMPLING = 4
LOUDNESS_ERROR_LU = 0.02
"""A gain is good enough when the file comes so near to its target."""
PEAK_TOLERANCE_DB = 1e-6
FINISH_TOLERANCE_DB = 0.05
MAX_CORRECTIONS = 8

Finish = Callable[[str, np.ndarray], np.ndarray]


def keep(_name: str, wave: np.ndarray) -> np.ndarray:
    """Return the wave as it is."""
    return wave


def measure_loudness(wave: np.ndarray, sample_rate: int) -> float:
    """Measure the integrated loudness.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
        Sounds shorter than a block of 0.4 s are taken as if silence followed.
    sample_rate
        In Hz.

    Returns
    -------
    float
        In LUFS; −inf if every block is below the gate of −70 LUFS.

    Examples
    --------
    A sine of 997 Hz at full scale in one channel has −3.01 LUFS (BS.1770-5, annex 1):

    >>> tone = np.sin(2 * np.pi * 997 * np.arange(96_000) / 48_000)[np.newaxis]
    >>> round(measure_loudness(tone, 48_000), 2)
    -3.01
    """
    short = max(0, int(np.ceil(BLOCK_S * sample_rate)) + 1 - wave.shape[1])
    meter = pyloudnorm.Meter(sample_rate, filter_class=FILTERS, block_size=BLOCK_S)
    padded = np.pad(wave, ((0, 0), (0, short))).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # of silence
        loudness = float(meter.integrated_loudness(padded.T))
    return loudness if np.isfinite(loudness) else -np.inf


def measure_true_peak(wave: np.ndarray) -> float:
    """Measure the highest point of the waveform between the samples, in dBTP (−inf for silence)."""
    oversampled = soxr.resample(np.ascontiguousarray(wave.T), 1, OVERSAMPLING)
    peak = max(np.abs(oversampled).max(), np.abs(wave).max())
    return float(20 * np.log10(peak)) if peak > 0 else -np.inf


@dataclass(frozen=True)
class Gains:
    """Gain of each sound in dB, and the loudness that all have with it."""

    gains_db: dict[str, float]
    loudness_lufs: float


def match_loudness(
    waves: dict[str, np.ndarray],
    sample_rate: int,
    *,
    target_lufs: float,
    ceiling_dbtp: float,
    finish: Finish = keep,
) -> Gains:
    """Find the gains that make sounds equally loud.

    Every sound goes to the target. If one of them then peaks above the ceiling, all are lowered
    by what it is too high, so that they stay equally loud.

    Loudness is not proportional to the gain: more blocks of a louder sound pass the gate of
    −70 LUFS, and they lower the mean that the relative gate follows. So each sound is measured
    after its gain, as it will be in its file, and corrected.

    Parameters
    ----------
    waves : dict of ndarray, shape (channels, samples)
        The sounds of one item, by name.
    sample_rate
        In Hz.
    target_lufs
        Loudness to reach.
    ceiling_dbtp
        True peak that no sound may pass.
    finish
        What happens to a sound after its gain: takes its name and the wave, returns the wave that
        the file will hold.

    Raises
    ------
    ValueError
        If a sound is silent, or its loudness cannot be brought to the target.
    """
    peaks_dbtp = {name: measure_true_peak(wave) for name, wave in waves.items()}
    gains_db = {
        name: target_lufs - measure_loudness(wave, sample_rate) for name, wave in waves.items()
    }
    for name, gain_db in gains_db.items():
        if not np.isfinite(gain_db):
            raise ValueError(f"{name} is too quiet to be made as loud as the others")
    for _ in range(MAX_CORRECTIONS):
        # First without the finish, which clips while the sounds are still too loud.
        for each, tolerance_db in ((keep, PEAK_TOLERANCE_DB), (finish, FINISH_TOLERANCE_DB)):
            for name, wave in waves.items():
                gains_db[name] = _correct(
                    name, wave, sample_rate, target_lufs, each, gains_db[name]
                )
            excess_db = max(peaks_dbtp[name] + gains_db[name] for name in waves) - ceiling_dbtp
            if excess_db > tolerance_db:
                target_lufs -= excess_db
                gains_db = {name: gain_db - excess_db for name, gain_db in gains_db.items()}
                break
        else:
            return Gains(gains_db, target_lufs)
    raise ValueError(f"the sounds cannot be brought below {ceiling_dbtp:g} dBTP at one loudness")


def _correct(
    name: str,
    wave: np.ndarray,
    sample_rate: int,
    target_lufs: float,
    finish: Finish,
    gain_db: float,
) -> float:
    for _ in range(MAX_CORRECTIONS):
        finished = finish(name, wave * 10 ** (gain_db / 20))
        error_db = target_lufs - measure_loudness(finished, sample_rate)
        if abs(error_db) <= LOUDNESS_ERROR_LU:
            return gain_db
        gain_db += error_db
    raise ValueError(f"{name} cannot be brought to {target_lufs:.2f} LUFS; leave it out")
