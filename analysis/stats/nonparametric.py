"""Tests and effect sizes on participant means: the result *for these sounds*, new listeners only.

Conventions: differences are a − b, one number a participant, rounded to 9 decimals before anything
is ranked (equal means differ in their last bits, which would break ties); zeros are dropped by the
signed-rank test and by the Hodges–Lehmann estimate, as in R's ``wilcox.test``; every method is
named, because R's and SciPy's defaults differ.

References
----------
Wilcoxon (1945); Hodges & Lehmann (1963); Friedman (1937); Kendall & Babington Smith (1939);
Kerby (2014), matched-pairs rank-biserial correlation; Cohen (1988), d_z.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special, stats

DECIMALS = 9
MAX_EXACT_N = 50
MAX_WALSH_N = 2000
PERMUTATIONS = 10_000
EXACT = "exact"
NORMAL = "normal approximation, tie-corrected, without continuity correction"


@dataclass(frozen=True)
class PairedTests:
    """Participant means of two conditions compared; NaN where a number cannot be had.

    Attributes
    ----------
    mean, ci_low, ci_high, t, df, p_t : float
        Paired t-test, points.
    d_z : float
        Mean difference / standard deviation of the participants' differences.
    p_wilcoxon, wilcoxon_method, p_wilcoxon_normal :
        Signed-rank test by the named method, and always the normal approximation.
    hodges_lehmann, hl_low, hl_high : float
        Median of the Walsh averages with its 95 % interval, points.
    rank_biserial : float
        (W₊ − W₋) / (W₊ + W₋), −1 to 1.
    p_sign_flip : float
        Permutation of the differences' signs.
    prefer_a : float
        Share of participants whose mean is higher for a, ties counting half.
    """

    n: int
    mean: float
    ci_low: float
    ci_high: float
    t: float
    df: float
    p_t: float
    d_z: float
    p_wilcoxon: float
    wilcoxon_method: str
    p_wilcoxon_normal: float
    hodges_lehmann: float
    hl_low: float
    hl_high: float
    rank_biserial: float
    p_sign_flip: float
    prefer_a: float


def compare_means(differences: np.ndarray, *, seed: int) -> PairedTests:
    """Test participants' mean differences against 0.

    Parameters
    ----------
    differences : ndarray, shape (participants,), float
        Each participant's mean difference a − b, points; NaN is left out.
    seed : int
        Of the permutation test's random signs.
    """
    d = np.round(np.asarray(differences, float), DECIMALS)
    d = d[np.isfinite(d)]
    n = len(d)
    sd = d.std(ddof=1) if n > 1 else np.nan
    mean = d.mean() if n else np.nan
    se = sd / np.sqrt(n) if n else np.nan
    half = special.stdtrit(n - 1, 0.975) * se if n > 1 else np.nan
    t = mean / se if n > 1 and se > 0 else np.nan
    p_t = 2 * special.stdtr(n - 1, -abs(t)) if n > 1 else np.nan
    p, method, p_normal, biserial = _signed_rank(d)
    hodges_lehmann, hl_low, hl_high = _hodges_lehmann(d[d != 0])
    return PairedTests(
        n=n,
        mean=float(mean),
        ci_low=float(mean - half),
        ci_high=float(mean + half),
        t=float(t),
        df=float(n - 1),
        p_t=float(p_t),
        d_z=float(mean / sd) if sd else float("nan"),
        p_wilcoxon=p,
        wilcoxon_method=method,
        p_wilcoxon_normal=p_normal,
        hodges_lehmann=hodges_lehmann,
        hl_low=hl_low,
        hl_high=hl_high,
        rank_biserial=biserial,
        p_sign_flip=sign_flip(d, seed=seed),
        prefer_a=float(np.mean(d > 0) + np.mean(d == 0) / 2) if n else float("nan"),
    )


def _signed_rank(d: np.ndarray) -> tuple[float, str, float, float]:
    """Find p by the best method, its name, p by the normal approximation, rank-biserial."""
    n_all, d = len(d), d[d != 0]
    if not len(d):
        reason = "all differences are zero" if n_all else "no differences"
        return float("nan"), reason, float("nan"), float("nan")
    ranks = stats.rankdata(np.abs(d))
    plus, minus = ranks[d > 0].sum(), ranks[d < 0].sum()
    n = len(d)
    counts = np.unique(ranks, return_counts=True)[1]
    variance = n * (n + 1) * (2 * n + 1) / 24 - np.sum(counts**3 - counts) / 48
    z = (plus - n * (n + 1) / 4) / np.sqrt(variance)
    p_normal = float(2 * special.ndtr(-abs(z)))
    biserial = float((plus - minus) / (plus + minus))
    if n == n_all <= MAX_EXACT_N and (counts == 1).all():
        return float(stats.wilcoxon(d, method="exact").pvalue), EXACT, p_normal, biserial
    return p_normal, NORMAL, p_normal, biserial


def _hodges_lehmann(d: np.ndarray) -> tuple[float, float, float]:
    """Median of the Walsh averages; the interval's ends by the normal quantile."""
    n = len(d)
    if n < 2 or n > MAX_WALSH_N:
        value = float(np.median(d)) if n else float("nan")
        return value, float("nan"), float("nan")
    rows, columns = np.triu_indices(n)
    walsh = (d[rows] + d[columns]) / 2
    half = special.ndtri(0.975) * np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    low = int(np.floor(n * (n + 1) / 4 - half))
    median = float(np.median(walsh))
    if low < 1:
        return median, float("nan"), float("nan")
    ends = np.partition(walsh, [low - 1, len(walsh) - low])
    return median, float(ends[low - 1]), float(ends[-low])


def sign_flip(d: np.ndarray, *, seed: int, permutations: int = PERMUTATIONS) -> float:
    """Two-sided permutation p of a mean difference under random signs.

    All sign patterns are enumerated where there are no more than ``permutations``; otherwise that
    many are drawn and the observed one counts as one of them: p = (hits + 1) / (drawn + 1).

    Parameters
    ----------
    d : ndarray, shape (participants,), float
        Differences without NaN, points.
    seed : int
        Of the random signs.
    permutations : int
        Sign patterns at most.
    """
    n = len(d)
    if n < 2:
        return float("nan")
    observed = abs(d.sum()) - 1e-9
    if 2**n <= permutations:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float(np.mean(np.abs(signs @ d) >= observed))
    flipped = _random_bits(seed, permutations, n) @ d.astype(np.float32)
    hits = np.sum(np.abs(2 * flipped - d.sum()) >= observed - 1e-6 * np.abs(d).sum())
    return float((hits + 1) / (permutations + 1))


@lru_cache(maxsize=4)
def _random_bits(seed: int, rows: int, columns: int) -> np.ndarray:
    """Draw zeros and ones, shape (rows, columns), float32; kept, as every pair uses the same."""
    packed = np.random.default_rng(seed).bytes(rows * -(-columns // 8))
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(rows, -1), axis=1)
    return bits[:, :columns].astype(np.float32)


@dataclass(frozen=True)
class Friedman:
    """Friedman's test with Kendall's coefficient of concordance W (0–1), ties corrected."""

    statistic: float
    df: int
    p_value: float
    kendall_w: float
    n_participants: int
    n_conditions: int


def friedman(means: np.ndarray) -> Friedman | None:
    """Test whether the conditions' participant means differ at all.

    Parameters
    ----------
    means : ndarray, shape (participants, conditions)
        Participants with a missing mean are left out.

    Returns
    -------
    Friedman or None
        None with fewer than three participants or conditions, or where every participant ties all.
    """
    means = np.round(means[np.isfinite(means).all(axis=1)], DECIMALS)
    n, k = means.shape
    if n < 3 or k < 3:
        return None
    ranks = stats.rankdata(means, axis=1)
    ties = sum(np.sum(c**3 - c) for c in (np.unique(row, return_counts=True)[1] for row in ranks))
    correction = 1 - ties / (n * k * (k * k - 1))
    if correction == 0:
        return None
    spread = np.sum((ranks.sum(axis=0) - n * (k + 1) / 2) ** 2)
    statistic = 12 * spread / (n * k * (k + 1)) / correction
    return Friedman(
        float(statistic),
        k - 1,
        float(special.chdtrc(k - 1, statistic)),
        float(statistic / (n * (k - 1))),
        n,
        k,
    )
