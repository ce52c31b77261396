"""Place a clean take under its reference, and see whether it is the same playing.

Takes from a recorder start apart, by milliseconds or by seconds. First the fine structure of both
spectra, note by note, is correlated over lags up to 10 s (`place`); then waves decide the sample by
the generalised correlation (`find_offset`). Effects delay on purpose, too: of two clear places
the earlier one counts, for no effect sounds before its input, and takes that start together as well
as they can stay as they are.

References
----------
Knapp, Carter: "The generalized correlation method for estimation of time delay" (IEEE Trans.
Acoustics, Speech, and Signal Processing 24, 1976): the phase transform.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, signal

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak, resample, to_mono

FARTHEST_S = 10.0
FINE_S = 0.1
FAINTEST = 3e-3  # of the largest magnitude; fainter frequencies have no phase to speak of
CLEARER = 1.5  # times the correlation as they lie
N_FFT, HOP = 4096, 512
LOWEST_HZ, OCTAVES, BINS_AN_OCTAVE = 75.0, 5.5, 36
ALMOST = 0.5  # of the best correlation of beginnings; an earlier place as good as that counts
RESEMBLING = 0.3
INVERTED = 1.3  # times the best positive correlation, for a polarity to count as inverted


@dataclass(frozen=True)
class Place:
    """Where a reference lies against its clean take.

    Attributes
    ----------
    offset_samples
        By how much the reference comes later; negative if it comes first.
    sign
        −1 if its polarity is inverted, else 1.
    resemblance
        Correlation of the fine structure of both spectra there, at most 1.
    maybe_samples
        Another offset, of up to 0.1 s, at which the waves agree better: the take's or
        the effect's.
    """

    offset_samples: int
    sign: int
    resemblance: float
    maybe_samples: int = 0

    @property
    def is_same_playing(self) -> bool:
        """Whether the reference can have been made from the clean take."""
        return self.resemblance >= RESEMBLING


def place(clean: np.ndarray, reference: np.ndarray, sample_rate: int) -> Place:
    """Find where a reference lies against its clean take.

    Parameters
    ----------
    clean, reference : ndarray, shape (channels, samples)
    sample_rate
        In Hz, of both.
    """
    features = [fine_structure(wave, sample_rate) for wave in (clean, reference)]
    lags, likely = _correlate(*(_rise(values) for values in features))
    _, resemblance = _correlate(*features)
    near = np.abs(lags) * HOP / ANALYSIS_RATE_HZ <= FINE_S
    peaks, _ = signal.find_peaks(np.pad(likely, 1, constant_values=-1.0))
    clear = [peak - 1 for peak in peaks if likely[peak - 1] >= ALMOST * likely.max()]
    best = int(clear[0]) if clear else int(np.argmax(likely))
    stay = bool(near[best]) or likely[near].max() >= ALMOST * likely.max()
    if stay:  # milliseconds are left to the match: the effect may delay on purpose
        fine, sign = _find_fine(clean, reference, sample_rate, stay=True)
        return Place(0, sign, float(resemblance[near].max()), fine)
    coarse = round(int(lags[best]) * HOP * sample_rate / ANALYSIS_RATE_HZ)
    fine, sign = _find_fine(shift(clean, coarse), reference, sample_rate, stay=False)
    around = np.abs(lags - lags[best]) <= 2
    return Place(coarse + fine, sign, float(resemblance[around].max()))


def _rise(features: np.ndarray) -> np.ndarray:
    """By how much each bin is louder than three frames before: where notes begin."""
    before = np.pad(features, ((3, 0), (0, 0)))[:-3]
    return np.maximum(features - before, 0.0)


def fine_structure(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Compress magnitudes on a scale of a third of a semitone, and take out the colour.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    sample_rate
        In Hz.

    Returns
    -------
    ndarray, shape (frames, bins)
    """
    mono = to_mono(normalize_peak(resample(wave, sample_rate, ANALYSIS_RATE_HZ)))
    mono = mono / max(float(np.sqrt(np.mean(mono**2))), 1e-9)
    hertz, _, spectra = signal.stft(mono, ANALYSIS_RATE_HZ, nperseg=N_FFT, noverlap=N_FFT - HOP)
    wanted = LOWEST_HZ * 2 ** (np.arange(int(OCTAVES * BINS_AN_OCTAVE)) / BINS_AN_OCTAVE)
    magnitude = np.abs(spectra)
    rows = np.searchsorted(hertz, wanted)
    share = ((wanted - hertz[rows - 1]) / (hertz[rows] - hertz[rows - 1]))[:, None]
    sampled = (1 - share) * magnitude[rows - 1] + share * magnitude[rows]
    compressed = np.sqrt(sampled)
    smooth = ndimage.uniform_filter1d(compressed, BINS_AN_OCTAVE // 2, axis=0)
    return (compressed - smooth).T


def _correlate(early: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlate features (frames, bins) at every lag; return lags in frames, and values."""
    frames = [len(early), len(late)]
    size = fft.next_fast_len(sum(frames))
    spectra = [fft.rfft(values, size, axis=0) for values in (early, late)]
    product = fft.irfft((spectra[1] * np.conj(spectra[0])).sum(1), size)
    farthest = int(FARTHEST_S * ANALYSIS_RATE_HZ / HOP)
    lags = np.arange(-min(farthest, frames[0] - 1), min(farthest, frames[1] - 1) + 1)
    return lags, product[lags] / max(float(np.sqrt((early**2).sum() * (late**2).sum())), 1e-12)


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
    return _find_fine(early, late, sample_rate, stay=True)[0]


def _find_fine(
    early: np.ndarray, late: np.ndarray, sample_rate: int, *, stay: bool
) -> tuple[int, int]:
    """Find the offset to the sample, and the sign; without `stay`, 0 is like any other offset."""
    farthest = int(FINE_S * sample_rate)
    first, second = (to_mono(wave) for wave in (early, late))
    size = fft.next_fast_len(max(first.size, second.size) + farthest, real=True)
    spectra = [fft.rfft(wave, size) for wave in (first, second)]
    strong = np.all([np.abs(s) > FAINTEST * np.abs(s).max() for s in spectra], axis=0)
    cross = np.where(strong, spectra[1] * np.conj(spectra[0]), 0.0)
    correlation = fft.irfft(cross / np.maximum(np.abs(cross), 1e-20), size)
    lags = np.arange(-farthest, farthest + 1)
    height = np.maximum(correlation[lags], -correlation[lags] / INVERTED)
    best = int(lags[np.argmax(height)])
    together = np.array([-2, -1, 0, 1, 2])
    here = np.maximum(correlation[together], -correlation[together] / INVERTED)
    if stay and height.max() <= CLEARER * here.max():
        return 0, -1 if correlation[together[np.argmax(here)]] < 0 else 1
    return best, -1 if correlation[best] < 0 else 1


def shift(wave: np.ndarray, samples: int) -> np.ndarray:
    """Move a wave (channels, samples) later by padding, or earlier by cutting."""
    if samples >= 0:
        return np.pad(wave, ((0, 0), (samples, 0)))
    return wave[:, -samples:]
