"""Planned and exploratory comparisons of two conditions, and equivalence.

Every pair belongs to one question, with Holm's correction over the question's tests: each estimated
condition against ``random`` (planned), the estimated ones among each other, all other pairs, and
the pairs that share too few sounds for a result about new ones. Each comparison gives the result
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

from analysis.ratings.scores import Scores, mean_of_present
from analysis.stats.crossed import Estimate, estimate_mean
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
        ``crossed.p_value`` after Holm's correction over the comparison's question; NaN alone.
    question : str
        The family of tests that Holm's correction is over; each pair belongs to one.
    m : int
        Number of tests in it.
    """

    a: str
    b: str
    crossed: Estimate
    fixed_items: PairedTests
    p_holm: float = float("nan")
    question: str = ""
    m: int = 0


@dataclass(frozen=True)
class Equivalence:
    """Is a as good as b within ``margin`` points? Assessed by the 90 % crossed interval."""

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
    scores: Scores, pairs: list[tuple[str, str]], question: str, *, seed: int
) -> tuple[Comparison, ...]:
    """Compare pairs as one family of tests, with Holm's correction over those that were tested.

    Parameters
    ----------
    scores : Scores
        All scores.
    pairs : list of (str, str)
        Condition ids (a, b).
    question : str
        What the family of tests is about.
    seed : int
        Of the permutation tests.
    """
    return correct(tuple(compare(scores, a, b, seed=seed) for a, b in pairs), question)


def correct(comparisons: tuple[Comparison, ...], question: str) -> tuple[Comparison, ...]:
    """Correct comparisons by Holm's method as one family of tests."""
    adjusted = holm([c.crossed.p_value for c in comparisons])
    m = sum(c.crossed.tested for c in comparisons)
    return tuple(
        replace(c, p_holm=p, question=question, m=m)
        for c, p in zip(comparisons, adjusted, strict=True)
    )


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
    """Assess a comparison against a margin that was chosen beforehand, in points."""
    low, high = comparison.crossed.interval(0.9)
    return Equivalence(
        comparison.a, comparison.b, margin, comparison.crossed.estimate, float(low), float(high)
    )
