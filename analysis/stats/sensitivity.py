"""Robustness checks: the primary comparison by other methods, by sign and decision.

Scores pile up at the ends of the scale, so the result must not depend on treating them as normal.
Each check is one line: ranks within the trial (what the participant ordered, not how far apart),
tests on participant means that assume less, and a bootstrap of participants and items.

References
----------
Conover & Iman (1981), Am. Stat. 35 (rank transform). Owen (2007), Ann. Appl. Stat. 1 (bootstrap of
crossed random effects).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.ratings.scores import Scores
from analysis.stats.comparisons import ALPHA, Comparison
from analysis.stats.crossed import NEW_SOUNDS, THESE_SOUNDS, estimate_mean
from analysis.stats.nonparametric import DECIMALS

RESAMPLES = 10_000
BLOCK = 200


@dataclass(frozen=True)
class RobustnessCheck:
    """The primary comparison by one other method.

    Attributes
    ----------
    claim : str
        ``new listeners and new sounds`` or ``these sounds only``.
    estimate, ci_low, ci_high : float
        In ``unit``; NaN where the route has none.
    same_sign, same_decision : bool
        Compared with the primary analysis at α = .05.
    """

    name: str
    claim: str
    unit: str
    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    same_sign: bool
    same_decision: bool


def check_robustness(
    scores: Scores, primary: Comparison, *, seed: int
) -> tuple[RobustnessCheck, ...]:
    """Compare the primary pair by every other method.

    Parameters
    ----------
    scores : Scores
        All scores.
    primary : Comparison
        The primary comparison, already made.
    seed : int
        Of the bootstrap.
    """
    e, t = primary.crossed, primary.fixed_items
    if not np.isfinite(e.p_value):
        return ()
    nan = float("nan")
    ranks = _within_trial_ranks(scores.values)
    index = [scores.conditions.index(c) for c in (primary.a, primary.b)]
    ranked = estimate_mean(ranks[:, :, index[0]] - ranks[:, :, index[1]], scores.families)
    table = scores.difference(primary.a, primary.b)
    low, high, p_boot = crossed_bootstrap(table, seed=seed, families=scores.families)
    new, these = ranked.holds_for or NEW_SOUNDS, THESE_SOUNDS
    found = [
        ("ranks within the trial, crossed", new, "ranks", ranked.estimate, ranked.ci_low,
         ranked.ci_high, ranked.p_value),
        ("bootstrap of participants and items", new, "points", e.estimate, low, high, p_boot),
        ("paired t on participant means", these, "points", t.mean, t.ci_low, t.ci_high, t.p_t),
        (f"Wilcoxon on participant means ({t.wilcoxon_method}), Hodges–Lehmann", these, "points",
         t.hodges_lehmann, t.hl_low, t.hl_high, t.p_wilcoxon),
        ("sign-flip permutation of participant means", these, "points", t.mean, nan, nan,
         t.p_sign_flip),
    ]  # fmt: skip
    significant = e.p_value < ALPHA
    return tuple(
        RobustnessCheck(
            *row,
            same_sign=bool(np.sign(row[3]) == np.sign(e.estimate)),
            same_decision=bool((row[6] < ALPHA) == significant),
        )
        for row in found
    )


def _within_trial_ranks(values: np.ndarray) -> np.ndarray:
    """Rank the conditions within each trial (1 = lowest, ties averaged), NaN where missing."""
    return stats.rankdata(np.round(values, DECIMALS), axis=2, nan_policy="omit")


def _draw_with_replacement(rng: np.random.Generator, times: int, n: int) -> np.ndarray:
    """Count how often each of n is drawn in n draws, shape (times, n), float64."""
    drawn = rng.integers(0, n, (times, n)) + n * np.arange(times)[:, None]
    return np.bincount(drawn.ravel(), minlength=times * n).reshape(times, n).astype(float)


def crossed_bootstrap(
    table: np.ndarray, *, seed: int, families: tuple[str, ...] | None = None
) -> tuple[float, float, float]:
    """Resample participants and items; 95 % percentile interval and two-sided p of the mean.

    Parameters
    ----------
    table : ndarray, shape (participants, items), float
        Paired differences, NaN where missing.
    seed : int
        Of the resampling.
    families : tuple of str, optional
        Family of each item; items are then drawn within their family.
    """
    groups = np.zeros(table.shape[1], int)
    if families is not None:
        groups = np.unique(np.array(families, str), return_inverse=True)[1]
    columns = np.isfinite(table).any(axis=0)
    groups = groups[columns]
    present = np.isfinite(table)
    table, present = (m[present.any(axis=1)][:, columns] for m in (table, present))
    values, weight = np.where(present, table, 0.0), present.astype(float)
    rng = np.random.default_rng(seed)
    n_l, n_i = table.shape
    means = []
    for start in range(0, RESAMPLES, BLOCK):
        block = min(BLOCK, RESAMPLES - start)
        of_l, of_i = _draw_with_replacement(rng, block, n_l), np.zeros((block, n_i))
        for group in np.unique(groups):
            own = np.flatnonzero(groups == group)
            of_i[:, own] = _draw_with_replacement(rng, block, len(own))
        sums = np.einsum("bi,bi->b", of_l @ values, of_i)
        counts = np.einsum("bi,bi->b", of_l @ weight, of_i)
        means.append(sums[counts > 0] / counts[counts > 0])
    drawn = np.concatenate(means)
    low, high = np.quantile(drawn, [0.025, 0.975])
    tail = float(min((drawn <= 0).mean(), (drawn >= 0).mean()))
    return float(low), float(high), min(1.0, 2 * max(tail, 1 / len(drawn)))
