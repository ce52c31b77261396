"""What the crossed analysis leaves over: scores less participant and sound effects per condition.

Within each condition the scores are fitted by participant + sound (least squares; with missing
cells by alternating means). A cell that is the only one of its participant or sound leaves nothing
over by construction and is no residual. The t tests take the remainder as equally spread over
participants and sounds, and roughly normal; figures of it show where that fails.
"""

import numpy as np

from analysis.ratings.scores import Scores, mean_of_present

MAX_ROUNDS = 200
TOLERANCE = 1e-6


def crossed_residuals(scores: Scores) -> np.ndarray:
    """Compute the residuals, shape (participants, items, conditions); NaN where there is none."""
    residuals = scores.values.copy()
    rated = np.isfinite(residuals)
    alone = np.any([rated.sum(axis=axis, keepdims=True) * rated == 1 for axis in (0, 1)], axis=0)
    for _ in range(MAX_ROUNDS):
        largest = 0.0
        for axis in (0, 1):
            means = np.nan_to_num(mean_of_present(residuals, axis=axis))
            residuals = residuals - np.expand_dims(means, axis)
            largest = max(largest, float(np.abs(means).max()))
        if largest < TOLERANCE:
            break
    residuals[alone] = np.nan
    return residuals


def spread_over(residuals: np.ndarray, axis: int) -> np.ndarray:
    """Compute the 5, 50 and 95 % quantiles along an axis, shape (3, its length)."""
    parts = np.moveaxis(residuals, axis, 0)
    return np.array(
        [
            np.quantile(part[np.isfinite(part)], [0.05, 0.5, 0.95])
            if np.isfinite(part).any()
            else [np.nan] * 3
            for part in parts
        ]
    ).T
