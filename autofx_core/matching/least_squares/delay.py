"""Read a delay's settings off the clean sound and the reference.

The line holds x[t] + feedback·d[t], with d[t] = line[t − n], and y = g·((1 − mix)·x + mix·d).
Without d this reads::

    y[t] = a·x[t] + b·x[t − n] + feedback·y[t − n],
    a = g·(1 − mix),  b = g·(mix − feedback·(1 − mix))

which is linear in a, b and feedback. The sums of products that its least squares needs are
correlations, so that one Fourier transform gives them for every delay n at once.
"""

import numpy as np
from scipy import fft, signal

from autofx_core.effects.table import EFFECTS

PRE_EMPHASIS = (1.0, -0.95)  # tells apart delays that differ by a period of the note
RIDGE = 1e-7
MAX_FEEDBACK = 0.999
APART_S = 0.002


def _lagged_products(first: np.ndarray, second: np.ndarray, lags: int) -> np.ndarray:
    """Sum first[t]·second[t − n] over t, for n from 0 to lags − 1."""
    size = fft.next_fast_len(first.size + lags, real=True)
    product = fft.rfft(first, size) * np.conj(fft.rfft(second, size))
    return fft.irfft(product, size)[:lags]


def _early_products(first: np.ndarray, second: np.ndarray, lags: int) -> np.ndarray:
    """Sum first[t − n]·second[t − n] over t, for n from 0 to lags − 1."""
    total = np.cumsum(first * second)
    return total[::-1][:lags]


def fit_every_delay(clean: np.ndarray, wet: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit a, b and feedback for every delay.

    Parameters
    ----------
    clean, wet : ndarray, shape (samples,), float64
    lags
        Number of delays, from 0 samples.

    Returns
    -------
    residual : ndarray, shape (lags,)
        Unexplained share of the reference's energy.
    coefficients : ndarray, shape (lags, 3)
        a, b, feedback.
    """
    x, y = (signal.lfilter(PRE_EMPHASIS, 1.0, wave) for wave in (clean, wet))
    gram = np.empty((lags, 3, 3))
    gram[:, 0, 0] = x @ x
    gram[:, 0, 1] = gram[:, 1, 0] = _lagged_products(x, x, lags)
    gram[:, 0, 2] = gram[:, 2, 0] = _lagged_products(x, y, lags)
    gram[:, 1, 1] = _early_products(x, x, lags)
    gram[:, 1, 2] = gram[:, 2, 1] = _early_products(x, y, lags)
    gram[:, 2, 2] = _early_products(y, y, lags)
    target = np.stack(
        [np.full(lags, y @ x), _lagged_products(y, x, lags), _lagged_products(y, y, lags)], axis=1
    )
    gram[:, [0, 1, 2], [0, 1, 2]] += RIDGE * np.array([x @ x, x @ x, y @ y])
    coefficients = np.linalg.solve(gram, target[..., np.newaxis])[..., 0]
    return 1 - np.sum(coefficients * target, axis=1) / (y @ y), coefficients


def invert_delay(
    clean: np.ndarray, wet: np.ndarray, sample_rate: int, *, candidates: int = 4
) -> list[dict[str, float]]:
    """Find the settings of `effects.EFFECTS["delay"]` that explain a reference best.

    Parameters
    ----------
    clean, wet : ndarray, shape (samples,), float64
        Aligned; the reference at any level.
    sample_rate
        In Hz.
    candidates
        How many delays to return, at least 2 ms apart.

    Returns
    -------
    list of dict
        Settings, the likeliest first.
    """
    longest_s = EFFECTS["delay"].parameters[0].high
    lags = min(int(longest_s * sample_rate), clean.size - 1) + 1
    residual, coefficients = fit_every_delay(clean, wet, lags)
    residual[0] = np.inf  # no delay at all bypasses the plug-in
    found: list[int] = []
    for lag in np.argsort(residual)[: 50 * candidates]:
        if all(abs(lag - other) > APART_S * sample_rate for other in found):
            found.append(int(lag))
        if len(found) == candidates:
            break
    # The plug-in cuts the delay off to whole samples: half a sample more is safe from rounding.
    return [_setting((lag + 0.5) / sample_rate, coefficients[lag]) for lag in found]


def _setting(delay_s: float, coefficients: np.ndarray) -> dict[str, float]:
    """Solve a = g·(1 − mix), b = g·(mix − feedback·(1 − mix)) for the mix: wet = b + feedback·a."""
    a, b, feedback = coefficients
    feedback = min(feedback, MAX_FEEDBACK)
    dry, wet = max(a, 0.0), max(b + max(feedback, 0.0) * a, 0.0)
    found = (delay_s, feedback, wet / max(dry + wet, 1e-12))
    return {
        p.name: float(np.clip(value, p.low, p.high))
        for p, value in zip(EFFECTS["delay"].parameters, found, strict=True)
    }
