"""Read the settings of a distortion with two shelves off the clean sound and the reference.

y = g · high shelf · low shelf · tanh(G·x). For a drive G the shelves are a linear system from
tanh(G·x) to y, and how much of y no linear system explains, band by band, gives the drive. The
system's response, y's cross-spectrum with tanh(G·x) over the power of tanh(G·x), then gives the
shelves by non-linear least squares on six parameters and g.

References
----------
Bendat, Piersol: *Random Data* (4th ed., 2010), ch. 6: response and coherence of a linear system.
The shelves: Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients".
"""

import numpy as np
from scipy import fft, optimize

from autofx_core.effects.table import EFFECTS

DRIVE_STEP_DB = 2.0
LOWEST_HZ = 40.0
HIGHEST_HZ = 10_000.0
BANDS_PER_OCTAVE = 12
FLOOR_DB = -70.0  # bands that far below the strongest are left out

_PARAMETERS = EFFECTS["distortion"].parameters
_SHELVES = _PARAMETERS[1:]
_LOW = np.array([p.low for p in _SHELVES])
_SPAN = np.array([p.high - p.low for p in _SHELVES])


class _Bands:
    """Products of spectra, summed over bands of a twelfth of an octave."""

    def __init__(self, samples: int, sample_rate: int):
        self.size = fft.next_fast_len(samples, real=True)
        frequency = fft.rfftfreq(self.size, 1 / sample_rate)
        highest = min(HIGHEST_HZ, 0.45 * sample_rate)
        steps = int(BANDS_PER_OCTAVE * np.log2(highest / LOWEST_HZ))
        edges = LOWEST_HZ * 2 ** (np.arange(steps + 1) / BANDS_PER_OCTAVE)
        self.starts = np.unique(np.searchsorted(frequency, edges))
        self.bins = slice(self.starts[0], self.starts[-1])
        self.starts = self.starts[:-1] - self.starts[0]
        self.frequency_hz = self.sum(frequency[self.bins]) / self.sum(
            np.ones(self.bins.stop - self.bins.start)
        )

    def spectrum(self, wave: np.ndarray) -> np.ndarray:
        return fft.rfft(wave, self.size)[self.bins]

    def sum(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self.starts)


def shelf_response(
    frequency_hz: np.ndarray,
    sample_rate: int,
    *,
    cutoff_hz: float,
    gain_db: float,
    q: float,
    high: bool,
) -> np.ndarray:
    """Compute the response of a second-order shelf (Bristow-Johnson's cookbook).

    With A = 10^(gain/40), ω = 2π·cutoff/rate and β = sin ω·√A/q, the low shelf is H(z) = b(z)/a(z)
    with b = A·[(A+1) − (A−1)·cos ω + β, 2·((A−1) − (A+1)·cos ω), (A+1) − (A−1)·cos ω − β] and
    a = [(A+1) + (A−1)·cos ω + β, −2·((A−1) + (A+1)·cos ω), (A+1) + (A−1)·cos ω − β]; the high
    shelf has −cos ω for cos ω and the other sign of the middle coefficients.

    Parameters
    ----------
    frequency_hz : ndarray, shape (frequencies,)
    sample_rate
        In Hz.
    cutoff_hz, gain_db, q
        Settings of the shelf.
    high
        Whether it is a high shelf.

    Returns
    -------
    ndarray, shape (frequencies,), complex
    """
    amplitude = 10 ** (gain_db / 40)
    omega = 2 * np.pi * cutoff_hz / sample_rate
    sign = -1.0 if high else 1.0
    cosine = sign * np.cos(omega)
    beta = np.sin(omega) * np.sqrt(amplitude) / q
    more, less = amplitude + 1, amplitude - 1
    numerator = amplitude * np.array(
        [
            more - less * cosine + beta,
            sign * 2 * (less - more * cosine),
            more - less * cosine - beta,
        ]
    )
    denominator = np.array(
        [
            more + less * cosine + beta,
            -sign * 2 * (less + more * cosine),
            more + less * cosine - beta,
        ]
    )
    z = np.exp(-2j * np.pi * frequency_hz / sample_rate)
    return np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)


def _shelves_response(values: np.ndarray, frequency_hz: np.ndarray, rate: int) -> np.ndarray:
    low, high = values[:3], values[3:]
    return shelf_response(
        frequency_hz, rate, cutoff_hz=low[0], gain_db=low[1], q=low[2], high=False
    ) * shelf_response(frequency_hz, rate, cutoff_hz=high[0], gain_db=high[1], q=high[2], high=True)


class _DriveFit:
    """How well a drive explains the reference, and by which linear system."""

    def __init__(self, clean: np.ndarray, wet: np.ndarray, sample_rate: int):
        self.clean = clean
        self.bands = _Bands(clean.size, sample_rate)
        self.wet = self.bands.spectrum(wet)
        self.power = self.bands.sum(np.abs(self.wet) ** 2)
        self.strong = self.power > 10 ** (FLOOR_DB / 10) * self.power.max()

    def products(self, drive_db: float) -> tuple[np.ndarray, np.ndarray]:
        """Power of the driven sound and its cross-spectrum with the reference, by band."""
        driven = self.bands.spectrum(np.tanh(10 ** (drive_db / 20) * self.clean))
        return (
            self.bands.sum(driven.real**2 + driven.imag**2),
            self.bands.sum(np.conj(driven) * self.wet),
        )

    def unexplained(self, drive_db: float) -> float:
        """Mean log share of the bands' power that no linear system makes of the driven sound."""
        power, cross = self.products(drive_db)
        explained = np.abs(cross) ** 2 / (power * self.power + 1e-30)
        return float(np.mean(np.log(np.maximum(1 - explained[self.strong], 1e-7))))

    def shelves(self, drive_db: float, rate: int) -> np.ndarray:
        """Fit the shelves' six normalised parameters to the system's response."""
        power, cross = self.products(drive_db)
        response = (cross / (power + 1e-30))[self.strong]
        weight = np.sqrt(np.abs(cross) ** 2 / (power * self.power + 1e-30))[self.strong]
        frequency = self.bands.frequency_hz[self.strong]

        def error(values: np.ndarray) -> np.ndarray:
            model = _shelves_response(_LOW + values[:6] * _SPAN, frequency, rate)
            ratio = weight * (np.log(np.exp(values[6]) * model) - np.log(response + 1e-30))
            return np.concatenate([ratio.real, np.angle(np.exp(1j * ratio.imag))])

        level = np.log(np.median(np.abs(response)) + 1e-12)
        bounds = (np.array([0.0] * 6 + [-np.inf]), np.array([1.0] * 6 + [np.inf]))
        start = np.append(_MIDDLE, level)
        return optimize.least_squares(
            error, start, bounds=bounds, loss="soft_l1", f_scale=0.1, max_nfev=40
        ).x[:6]


_MIDDLE = np.array([0.5, 0.5, 0.3, 0.5, 0.5, 0.3])  # cutoff, gain, Q of both shelves


def invert_distortion(
    clean: np.ndarray, wet: np.ndarray, sample_rate: int
) -> list[dict[str, float]]:
    """Find the settings of `effects.EFFECTS["distortion"]` that explain a reference best.

    Parameters
    ----------
    clean, wet : ndarray, shape (samples,), float64
        Aligned; the clean sound at the level that it enters the effect with, the reference at any.
    sample_rate
        In Hz.

    Returns
    -------
    list of dict
        One setting.
    """
    fit = _DriveFit(clean, wet, sample_rate)
    drive = _PARAMETERS[0]
    grid = np.arange(drive.low, drive.high + DRIVE_STEP_DB / 2, DRIVE_STEP_DB)
    best = grid[np.argmin([fit.unexplained(value) for value in grid])]
    drive_db = optimize.minimize_scalar(
        fit.unexplained,
        bounds=(max(best - DRIVE_STEP_DB, drive.low), min(best + DRIVE_STEP_DB, drive.high)),
        method="bounded",
        options={"xatol": 0.005, "maxiter": 25},
    ).x
    shelves = _LOW + fit.shelves(drive_db, sample_rate) * _SPAN
    names = [parameter.name for parameter in _SHELVES]
    return [{drive.name: float(drive_db)} | dict(zip(names, shelves.tolist(), strict=True))]
