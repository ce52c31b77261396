"""Loudness, true peak, and bringing the sounds of an item to one loudness.

Conventions: waves have shape (channels, samples), full scale ±1; loudness is integrated programme
loudness in LUFS, gains are in dB, peaks in dBTP.

References
----------
Rec. ITU-R BS.1770-5 (2023), annex 1 (loudness, with pyloudnorm's filters) and annex 2 (true
peak).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyloudnorm
import soxr
from scipy import signal

BLOCK_S = 0.4
STEP_S = 0.1
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LU = -0.691
"""What makes a tone of 997 Hz read its level."""

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


@dataclass(frozen=True)
class GatingBlocks:
    """A sound's blocks of 0.4 s, K-weighted: all that its loudness follows from, at any gain.

    `powers`, shape (blocks,), are the channels' summed mean squares.
    """

    powers: np.ndarray

    def loudness(self, gain_db: float = 0.0) -> float:
        """Return the gated loudness after a gain, in LUFS; −inf if no block passes −70 LUFS."""
        powers = self.powers * 10 ** (gain_db / 10)
        gated = powers[powers >= _as_power(ABSOLUTE_GATE_LUFS)]
        if not gated.size:
            return -np.inf
        gated = gated[gated > gated.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return OFFSET_LU + 10 * float(np.log10(gated.mean()))


def measure_blocks(wave: np.ndarray, sample_rate: int) -> GatingBlocks:
    """Weight a sound and measure its gating blocks, which begin every 0.1 s.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
        One or two channels. Sounds shorter than a block are taken as if silence followed.
    sample_rate
        In Hz.
    """
    short = max(0, int(np.ceil(BLOCK_S * sample_rate)) + 1 - wave.shape[1])
    padded = np.pad(wave, ((0, 0), (0, short))).astype(np.float64)
    weighted = signal.sosfilt(_design_weighting(sample_rate), padded, axis=1)
    energy = np.concatenate([[0.0], np.cumsum(np.square(weighted).sum(axis=0))])
    n_blocks = 1 + round((padded.shape[1] / sample_rate - BLOCK_S) / STEP_S)
    starts = (np.arange(n_blocks) * STEP_S * sample_rate).astype(int)
    ends = np.minimum(starts + round(BLOCK_S * sample_rate), padded.shape[1])
    return GatingBlocks((energy[ends] - energy[starts]) / (BLOCK_S * sample_rate))


def measure_loudness(wave: np.ndarray, sample_rate: int) -> float:
    """Measure the integrated loudness.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
        As `measure_blocks` takes it.
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
    return measure_blocks(wave, sample_rate).loudness()


@cache
def _design_weighting(sample_rate: int) -> np.ndarray:
    """Return pyloudnorm's K-weighting as second-order sections."""
    stages = pyloudnorm.Meter(sample_rate, filter_class=FILTERS)._filters.values()
    return np.array([[*(stage.passband_gain * stage.b), *stage.a] for stage in stages])


def _as_power(loudness_lufs: float) -> float:
    return 10 ** ((loudness_lufs - OFFSET_LU) / 10)


def measure_true_peak(wave: np.ndarray) -> float:
    """Measure the highest point of the waveform between the samples, in dBTP (−inf for silence)."""
    oversampled = soxr.resample(np.ascontiguousarray(wave.T), 1, OVERSAMPLING)
    peak = max(np.abs(oversampled).max(), np.abs(wave).max())
    return float(20 * np.log10(peak)) if peak > 0 else -np.inf


@dataclass(frozen=True)
class Gains:
    """Gain of each sound in dB, the finished sounds, and the loudness that all have."""

    gains_db: dict[str, float]
    finished: dict[str, np.ndarray]
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
    blocks = {name: measure_blocks(wave, sample_rate) for name, wave in waves.items()}
    for name, own in blocks.items():
        if not np.isfinite(own.loudness()):
            raise ValueError(f"{name} is too quiet to be made as loud as the others")

    for _ in range(MAX_CORRECTIONS):
        # First without the finish, which clips while the sounds are still too loud.
        gains_db = {name: _find_gain(name, own, target_lufs) for name, own in blocks.items()}
        excess_db = max(peaks_dbtp[name] + gains_db[name] for name in waves) - ceiling_dbtp
        if excess_db > PEAK_TOLERANCE_DB:
            target_lufs -= excess_db
            continue
        finished = {}
        for name, wave in waves.items():
            gains_db[name], finished[name] = _correct(
                name, wave, sample_rate, target_lufs, finish, gains_db[name]
            )
        excess_db = max(peaks_dbtp[name] + gains_db[name] for name in waves) - ceiling_dbtp
        if excess_db <= FINISH_TOLERANCE_DB:
            return Gains(gains_db, finished, target_lufs)
        target_lufs -= excess_db
    raise ValueError(f"the sounds cannot be brought below {ceiling_dbtp:g} dBTP at one loudness")


def _find_gain(name: str, blocks: GatingBlocks, target_lufs: float) -> float:
    gain_db = 0.0
    for _ in range(MAX_CORRECTIONS):
        error_db = target_lufs - blocks.loudness(gain_db)
        if abs(error_db) <= LOUDNESS_ERROR_LU:
            return gain_db
        gain_db += error_db
    raise ValueError(f"{name} cannot be brought to {target_lufs:.2f} LUFS; leave it out")


def _correct(
    name: str,
    wave: np.ndarray,
    sample_rate: int,
    target_lufs: float,
    finish: Finish,
    gain_db: float,
) -> tuple[float, np.ndarray]:
    """Correct a gain by the loudness after it and the finish; return both."""
    for _ in range(MAX_CORRECTIONS):
        finished = finish(name, wave * 10 ** (gain_db / 20))
        error_db = target_lufs - measure_loudness(finished, sample_rate)
        if abs(error_db) <= LOUDNESS_ERROR_LU:
            return gain_db, finished
        gain_db += error_db
    raise ValueError(f"{name} cannot be brought to {target_lufs:.2f} LUFS; leave it out")
