"""Find how much later one sound is than another of the same playing.

Takes from a recorder or an interface start a few milliseconds apart. A clean sound and its
reference do not show it, since the effect may delay on purpose; the match and its reference do.

References
----------
Knapp, Carter: "The generalized correlation method for estimation of time delay" (IEEE Trans.
Acoustics, Speech, and Signal Processing 24, 1976): the phase transform.
"""

import numpy as np
from scipy import fft

from autofx_core.audio import to_mono

FARTHEST_S = 0.1
FAINTEST = 3e-3  # of the largest magnitude; fainter frequencies have no phase to speak of
CLEARER = 1.5  # times the correlation as they lie


def find_offset(early: np.ndarray, late: np.ndarray, sample_rate: int) -> int:
    """Find by how many samples the second sound comes later, up to 0.1 s; 0 if in doubt.

    Parameters
    ----------
    early, late : ndarray, shape (channels, samples)
    sample_rate
        In Hz, of both.

    Returns
    -------
    int
        Negative if the second sound comes first.
    """
    farthest = int(FARTHEST_S * sample_rate)
    first, second = (to_mono(wave) for wave in (early, late))
    size = fft.next_fast_len(max(first.size, second.size) + farthest, real=True)
    spectra = [fft.rfft(wave, size) for wave in (first, second)]
    strong = np.all([np.abs(s) > FAINTEST * np.abs(s).max() for s in spectra], axis=0)
    cross = np.where(strong, spectra[1] * np.conj(spectra[0]), 0.0)
    correlation = fft.irfft(cross / np.maximum(np.abs(cross), 1e-20), size)
    lags = np.arange(-farthest, farthest + 1)
    best = int(lags[np.argmax(correlation[lags])])
    as_they_lie = correlation[[-2, -1, 0, 1, 2]].max()
    return best if correlation[best] > CLEARER * as_they_lie else 0


def shift(wave: np.ndarray, samples: int) -> np.ndarray:
    """Move a wave (channels, samples) later by padding, or earlier by cutting."""
    if samples >= 0:
        return np.pad(wave, ((0, 0), (samples, 0)))
    return wave[:, -samples:]
