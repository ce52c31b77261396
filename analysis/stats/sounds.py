"""The sounds by name: scores and differences of each, outlying ones, and what the next test needs.

Conventions: a sound's mean has an interval for new listeners and this sound (t over participants);
a sound is outlying if the modified z-score of its difference exceeds 3.5 in size.

References
----------
Iglewicz & Hoaglin (1993), How to detect and handle outliers (modified z-score).
"""

from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores
from analysis.stats.comparisons import Comparison
from analysis.stats.crossed import Estimate, estimate_mean

MAX_Z = 3.5
MIN_SOUNDS = 6
NORMAL_MAD = 0.6745  # median absolute deviation of the standard normal distribution


@dataclass(frozen=True)
class SoundMean:
    """One sound under one condition; ``mean`` holds for new listeners and this sound."""

    item: str
    family: str
    condition: str
    mean: Estimate


@dataclass(frozen=True)
class SoundDifference:
    """The primary difference on one sound.

    Attributes
    ----------
    difference : Estimate
        Points, for new listeners and this sound.
    deviation : float
        From the mean over all sounds, points.
    z : float
        Modified z-score; NaN with fewer than six sounds or where more than half are equal.
    """

    item: str
    family: str
    difference: Estimate
    deviation: float
    z: float

    @property
    def outlying(self) -> bool:
        """Whether the sound lies further from the others than 3.5 modified z-scores."""
        return bool(abs(self.z) > MAX_Z)


@dataclass(frozen=True)
class NextTest:
    """Standard error of the primary difference now, and with twice the sounds or participants."""

    se: float
    se_twice_the_items: float
    se_twice_the_participants: float


def describe_sounds(scores: Scores) -> tuple[SoundMean, ...]:
    """Describe every sound under every condition that was rated with it."""
    return tuple(
        SoundMean(item, family, condition, estimate_mean(scores.values[:, [i], c]))
        for i, (item, family) in enumerate(zip(scores.items, scores.families, strict=True))
        for c, condition in enumerate(scores.conditions)
        if np.isfinite(scores.values[:, i, c]).any()
    )


def compare_sounds(scores: Scores, comparison: Comparison) -> tuple[SoundDifference, ...]:
    """Find the comparison's difference on every sound, and how far it lies from the others."""
    table = scores.difference(comparison.a, comparison.b)
    rated = np.flatnonzero(np.isfinite(table).any(axis=0))
    estimates = [estimate_mean(table[:, [i]]) for i in rated]
    means = np.array([e.estimate for e in estimates])
    z = _modified_z(means)
    return tuple(
        SoundDifference(
            scores.items[i], scores.families[i], e, float(e.estimate - means.mean()), float(z[n])
        )
        for n, (i, e) in enumerate(zip(rated, estimates, strict=True))
    )


def _modified_z(values: np.ndarray) -> np.ndarray:
    """Return 0.6745 (x − median) / MAD."""
    if len(values) < MIN_SOUNDS:
        return np.full(len(values), np.nan)
    deviations = values - np.median(values)
    mad = np.median(np.abs(deviations))
    return NORMAL_MAD * deviations / mad if mad > 0 else np.full(len(values), np.nan)


def plan_next_test(estimate: Estimate) -> NextTest | None:
    r"""Compute the standard error of a repetition with twice the sounds or twice the participants.

    :math:`SE^2 = \sigma_L^2/L + \sigma_I^2/I + \sigma^2/(LI)` with the variance components of the
    difference; None where they are unknown (missing cells, too few sounds).
    """
    variances = [estimate.sd_participant**2, estimate.sd_item**2, estimate.sd_residual**2]
    if not np.isfinite(variances).all():
        return None

    def standard_error(participants: int, items: int) -> float:
        sizes = (participants, items, participants * items)
        return float(np.sqrt(sum(v / n for v, n in zip(variances, sizes, strict=True))))

    n_l, n_i = estimate.n_participants, estimate.n_items
    return NextTest(
        standard_error(n_l, n_i), standard_error(n_l, 2 * n_i), standard_error(2 * n_l, n_i)
    )
