"""Do the participants' scores agree? Intraclass correlation, concordance, repeats.

Conventions: targets are item × condition, raters are participants; only participants who rated
every target count (an intraclass correlation needs the complete table). Given with and without
reference and anchors, because these are easy and lift every coefficient.

References
----------
Shrout & Fleiss (1979), Psychol. Bull. 86; McGraw & Wong (1996), Psychol. Methods 1 (ICC and its
interval). Kendall & Babington Smith (1939), Ann. Math. Stat. 10.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.ratings.scores import Scores
from analysis.ratings.table import Ratings


@dataclass(frozen=True)
class Reliability:
    """Agreement of participants over targets.

    Attributes
    ----------
    icc_single, single_low, single_high : float
        ICC(2,1), absolute agreement of one participant, with its 95 % interval.
    icc_mean, mean_low, mean_high : float
        ICC(2,k), absolute agreement of the mean over these participants, with its 95 % interval.
    """

    conditions: str
    n_targets: int
    n_participants: int
    icc_single: float
    single_low: float
    single_high: float
    icc_mean: float
    mean_low: float
    mean_high: float


def measure_reliability(scores: Scores) -> tuple[Reliability, ...]:
    """Measure agreement over all conditions, and over those neither reference nor anchor."""
    inner = scores.of_kind("estimated", "random", "control", "")
    parts = [("all", scores.conditions), ("without reference and anchors", inner)]
    found = [_icc(scores, name, conditions) for name, conditions in parts if len(conditions) > 1]
    return tuple(r for r in found if r is not None)


def _icc(scores: Scores, name: str, conditions: tuple[str, ...]) -> Reliability | None:
    chosen = [scores.conditions.index(c) for c in conditions]
    table = scores.values[:, :, chosen].reshape(len(scores.participants), -1)
    table = table[:, np.isfinite(table).any(axis=0)]
    table = table[np.isfinite(table).all(axis=1)].T
    n, k = table.shape
    if k < 3 or n < 3:
        return None
    mean = table.mean()
    ms_r = k * np.sum((table.mean(axis=1) - mean) ** 2) / (n - 1)
    ms_c = n * np.sum((table.mean(axis=0) - mean) ** 2) / (k - 1)
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + mean
    ms_e = np.sum(residual**2) / ((n - 1) * (k - 1))
    if ms_r == 0 or ms_e == 0:
        return None
    single = (ms_r - ms_e) / (ms_r + (k - 1) * ms_e + k * (ms_c - ms_e) / n)
    of_mean = (ms_r - ms_e) / (ms_r + (ms_c - ms_e) / n)
    low, high = _icc_interval(single, (ms_r, ms_c, ms_e), (n, k))
    return Reliability(
        name, n, k, float(single), low, high, float(of_mean), *map(_step_up(k), (low, high))
    )


def _icc_interval(icc: float, ms: tuple, shape: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of ICC(2,1) by McGraw & Wong (1996), table 7, case 2A."""
    (ms_r, ms_c, ms_e), (n, k) = ms, shape
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * ms_c + b * ms_e) ** 2 / (
        (a * ms_c) ** 2 / (k - 1) + (b * ms_e) ** 2 / ((n - 1) * (k - 1))
    )
    f_low, f_high = special.fdtri(n - 1, v, 0.975), special.fdtri(v, n - 1, 0.975)
    pooled = k * ms_c + (k * n - k - n) * ms_e
    low = n * (ms_r - f_low * ms_e) / (f_low * pooled + n * ms_r)
    high = n * (f_high * ms_r - ms_e) / (pooled + n * f_high * ms_r)
    return float(low), float(high)


def _step_up(k: int):
    """Spearman–Brown: the reliability of k participants' mean from that of one."""
    return lambda icc: float(k * icc / (1 + (k - 1) * icc))


@dataclass(frozen=True)
class Repeats:
    """Cells rated more than once by the same participant: how far apart the two scores lie."""

    n_cells: int
    median_distance: float
    correlation: float


def measure_repeats(ratings: Ratings) -> Repeats | None:
    """Compare first and second scores of cells that a participant rated again; None without any."""
    table = ratings.table[~ratings.table["training"]]
    cell = ["participant_code", "item", "condition"]
    again = table[table.duplicated(cell, keep=False)]
    if again.empty:
        return None
    ordered = again.sort_values([*cell, "session", "trial_position"], kind="stable")
    groups = ordered.groupby(cell, sort=False)["score"]
    first, second = groups.nth(0).to_numpy(), groups.nth(1).to_numpy()
    varied = len(first) > 2 and first.std() > 0 and second.std() > 0
    return Repeats(
        len(first),
        float(np.median(np.abs(first - second))),
        float(np.corrcoef(first, second)[0, 1]) if varied else float("nan"),
    )


def participant_correlations(scores: Scores) -> np.ndarray:
    """Correlate every two participants over the cells both rated.

    Shape (participants, participants); NaN where they share fewer than three cells or one of them
    gave a constant score.
    """
    table = scores.values.reshape(len(scores.participants), -1)
    present = np.isfinite(table).astype(float)
    x = np.where(present > 0, table, 0.0)
    n = present @ present.T
    with np.errstate(divide="ignore", invalid="ignore"):
        sum_a, sum_aa, sum_ab = x @ present.T, (x * x) @ present.T, x @ x.T
        covariance = sum_ab - sum_a * sum_a.T / n
        variance = sum_aa - sum_a**2 / n
        r = covariance / np.sqrt(variance * variance.T)
    r[(n < 3) | (variance <= 1e-9) | (variance.T <= 1e-9)] = np.nan
    return np.clip(r, -1.0, 1.0)
