"""Planned and exploratory comparisons of conditions, overall and by effect family.

The planned family is every estimated condition against ``random``, with Holm's correction over
just these; all pairs are exploratory, with Holm over all of them. Each comparison gives the answer
for new listeners and new sounds (``stats.crossed``) and, beside it, the one for these sounds
(``stats.nonparametric``).

Conventions: differences are a − b in points of the scale, over the items that both conditions
share; intervals are 95 % and not corrected for multiplicity, p-values of a family are given both
ways.

References
----------
Holm (1979), Scand. J. Stat. 6. Schuirmann (1987), J. Pharmacokinet. Biopharm. 15 (equivalence by
two one-sided tests: the 90 % interval inside the margin).
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import special

from analysis.ratings.scores import Scores, mean_of_present
from analysis.stats.crossed import MIN_PARTICIPANTS, Estimate, estimate_mean
from analysis.stats.nonparametric import PairedTests, compare_means

ALPHA = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two conditions compared.

    Attributes
    ----------
    crossed : Estimate
        a − b for new listeners and new sounds: the primary analysis.
    fixed_items : PairedTests
        a − b on participant means, for the sounds at hand.
    p_holm : float
        ``crossed.p_value`` after Holm's correction over the comparison's family; NaN alone.
    """

    a: str
    b: str
    crossed: Estimate
    fixed_items: PairedTests
    p_holm: float = float("nan")


@dataclass(frozen=True)
class Equivalence:
    """Is a as good as b within ``margin`` points? Judged by the 90 % crossed interval."""

    a: str
    b: str
    margin: float
    estimate: float
    ci90_low: float
    ci90_high: float

    @property
    def verdict(self) -> str:
        """``equivalent``, ``a not worse``, ``a worse`` or ``undecided``."""
        if -self.margin < self.ci90_low and self.ci90_high < self.margin:
            return "equivalent"
        if self.ci90_low > -self.margin:
            return "a not worse"
        if self.ci90_high < -self.margin:
            return "a worse"
        return "undecided"


@dataclass(frozen=True)
class FamilyEffect:
    """Does a − b depend on the effect family? Quasi-F, or Wald's F where cells are missing."""

    a: str
    b: str
    statistic: float
    df1: float
    df2: float
    p_value: float
    method: str


def compare(scores: Scores, a: str, b: str, *, seed: int) -> Comparison:
    """Compare two conditions over the items they share.

    Parameters
    ----------
    scores : Scores
        All scores.
    a, b : str
        Condition ids; the difference is a − b.
    seed : int
        Of the permutation test.
    """
    table = scores.difference(a, b)
    present = np.isfinite(table)
    means = [mean_of_present(np.where(present, scores.of(c), np.nan), axis=1) for c in (a, b)]
    return Comparison(
        a,
        b,
        estimate_mean(table, scores.families),
        compare_means(means[0] - means[1], seed=seed),
    )


def compare_pairs(
    scores: Scores, pairs: list[tuple[str, str]], *, seed: int
) -> tuple[Comparison, ...]:
    """Compare pairs as one family of tests, with Holm's correction over those that were tested.

    Parameters
    ----------
    scores : Scores
        All scores.
    pairs : list of (str, str)
        Condition ids (a, b).
    seed : int
        Of the permutation tests.
    """
    found = [compare(scores, a, b, seed=seed) for a, b in pairs]
    adjusted = holm([c.crossed.p_value for c in found])
    return tuple(replace(c, p_holm=p) for c, p in zip(found, adjusted, strict=True))


def planned_pairs(scores: Scores, baseline: str) -> list[tuple[str, str]]:
    """Pair every estimated condition with the baseline."""
    return [(c, baseline) for c in scores.of_kind("estimated") if c != baseline]


def all_pairs(scores: Scores) -> list[tuple[str, str]]:
    """Pair all conditions that were rated, alphabetically within a pair."""
    rated = [c for c in scores.conditions if np.isfinite(scores.of(c)).any()]
    return list(combinations(sorted(rated), 2))


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down correction; NaN stays NaN and counts for nothing.

    Examples
    --------
    >>> [round(p, 10) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    adjusted = np.full(len(p), np.nan)
    valid = np.flatnonzero(np.isfinite(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    scaled = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if len(order) else []
    return [float(x) for x in adjusted]


def assess_equivalence(comparison: Comparison, margin: float) -> Equivalence:
    """Judge a comparison against a margin that was chosen beforehand, in points."""
    low, high = comparison.crossed.interval(0.9)
    return Equivalence(
        comparison.a, comparison.b, margin, comparison.crossed.estimate, float(low), float(high)
    )


def family_effect(scores: Scores, a: str, b: str) -> FamilyEffect | None:
    r"""Test whether a − b differs between families, for new listeners and new items.

    Complete tables: :math:`F = MS_F / (MS_{I(F)} + MS_{LF} - MS_E)` with Satterthwaite's df, a
    component at or below zero left out as in the quasi-t. Incomplete: Wald's F of the family means
    with errors clustered by participant and by item, ``df2 = min(L − 1, I − K)``.

    Parameters
    ----------
    scores : Scores
        All scores, with the families of their items.
    a, b : str
        Condition ids.

    Returns
    -------
    FamilyEffect or None
        None with fewer than two families, three participants, or one item more than families.
    """
    table = scores.difference(a, b)
    rows, columns = np.isfinite(table).any(axis=1), np.isfinite(table).any(axis=0)
    table = table[np.ix_(rows, columns)]
    families = np.array(scores.families, str)[columns]
    names, codes = np.unique(families, return_inverse=True)
    if len(names) < 2 or len(table) < MIN_PARTICIPANTS or table.shape[1] <= len(names):
        return None
    test = _quasi_f if np.isfinite(table).all() else _wald_f
    return FamilyEffect(a, b, **test(table, codes))


def _quasi_f(table: np.ndarray, codes: np.ndarray) -> dict:
    n_l, n_i = table.shape
    sizes = np.bincount(codes)
    k = len(sizes)
    cells = np.stack([table[:, codes == f].mean(axis=1) for f in range(k)], axis=1)
    by_item, by_participant, by_family = table.mean(axis=0), table.mean(axis=1), cells.mean(axis=0)
    mean = table.mean()
    ms_f = n_l * np.sum(sizes * (by_family - mean) ** 2) / (k - 1)
    df_i, df_lf, df_e = n_i - k, (n_l - 1) * (k - 1), (n_l - 1) * (n_i - k)
    ms_i = n_l * np.sum((by_item - by_family[codes]) ** 2) / df_i
    interaction = cells - by_participant[:, None] - by_family[None, :] + mean
    ms_lf = np.sum(sizes * interaction**2) / df_lf
    residual = table - cells[:, codes] - by_item[None, :] + by_family[codes][None, :]
    ms_e = np.sum(residual**2) / df_e
    if ms_i > ms_e and ms_lf > ms_e:
        ms = ms_i + ms_lf - ms_e
        df = ms**2 / (ms_i**2 / df_i + ms_lf**2 / df_lf + ms_e**2 / df_e)
    else:
        ms, df = max((ms_i, df_i), (ms_lf, df_lf))
    return _f_test(ms_f / ms if ms > 0 else float("nan"), k - 1, df, "quasi-F")


def _wald_f(table: np.ndarray, codes: np.ndarray) -> dict:
    present = np.isfinite(table)
    n_l, n_i = table.shape
    k = int(codes.max()) + 1
    n_cells = np.bincount(codes, present.sum(axis=0))
    values = np.where(present, table, 0.0)
    means = np.bincount(codes, values.sum(axis=0)) / n_cells
    influence = np.where(present, values - means[codes], 0.0) / n_cells[codes]
    chosen = np.eye(k)[codes]
    per_participant = influence @ chosen
    per_item = influence.sum(axis=0)[:, None] * chosen
    per_cell = (influence**2).sum(axis=0) @ chosen
    covariance = (
        per_participant.T @ per_participant * n_l / (n_l - 1)
        + per_item.T @ per_item * n_i / (n_i - k)
        - np.diag(per_cell)
    )
    contrast = np.hstack([np.ones((k - 1, 1)), -np.eye(k - 1)])
    difference = contrast @ means
    within = contrast @ covariance @ contrast.T
    if np.linalg.eigvalsh(within).min() <= 0:
        return _f_test(float("nan"), k - 1, float("nan"), "Wald F, clustered")
    statistic = float(difference @ np.linalg.solve(within, difference)) / (k - 1)
    return _f_test(statistic, k - 1, min(n_l - 1, n_i - k), "Wald F, clustered")


def _f_test(statistic, df1, df2, method) -> dict:
    p_value = float(special.fdtrc(df1, df2, statistic))
    return {
        "statistic": float(statistic),
        "df1": float(df1),
        "df2": float(df2),
        "p_value": p_value,
        "method": method,
    }
