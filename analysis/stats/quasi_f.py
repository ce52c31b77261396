"""Questions about more than two means for new listeners and new sounds: quasi-F tests.

`family_effect`: does a difference depend on the effect family? `crossed_omnibus`: do the conditions
differ at all? Both need complete tables; with missing cells no F of this kind kept its level
(Wald's F with clustered errors found .07–.19 of null effects significant at α = .05), so that none
is given.

References
----------
Clark (1973), J. Verb. Learn. Verb. Behav. 12; Satterthwaite (1946), Biometrics Bulletin 2.
Greenhouse & Geisser (1959), Psychometrika 24 (correction for unequal variances of differences).
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.ratings.scores import Scores
from analysis.stats.crossed import MIN_ITEM_DF, MIN_ITEMS, MIN_PARTICIPANTS, family_codes

QUASI_F = "quasi-F"
INCOMPLETE = "not tested: cells are missing"
TOO_FEW = "not tested: too few sounds or participants"
NO_VARIATION = "not tested: no variation"


@dataclass(frozen=True)
class FamilyEffect:
    """Does a − b depend on the effect family? NaN without a test, for which ``method`` has why."""

    a: str
    b: str
    statistic: float
    df1: float
    df2: float
    p_value: float
    method: str


@dataclass(frozen=True)
class Omnibus:
    """Do the conditions differ, for new listeners and new sounds? NaN without a test.

    Attributes
    ----------
    epsilon : float
        Greenhouse & Geisser's correction of the degrees of freedom, at most 1.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float
    epsilon: float
    method: str
    n_participants: int
    n_items: int
    n_conditions: int


def family_effect(scores: Scores, a: str, b: str) -> FamilyEffect | None:
    r"""Test whether a − b differs between families, for new listeners and new items.

    :math:`F = MS_F / (MS_{I(F)} + MS_{LF} - MS_E)` with Satterthwaite's df, a component at or below
    zero left out as in the quasi-t.

    Parameters
    ----------
    scores : Scores
        All scores, with the families of their items.
    a, b : str
        Condition ids.

    Returns
    -------
    FamilyEffect or None
        None where there are fewer than two families.
    """
    table = scores.difference(a, b)
    rows, columns = np.isfinite(table).any(axis=1), np.isfinite(table).any(axis=0)
    table = table[np.ix_(rows, columns)]
    families = np.array(scores.families, str)[columns]
    names, codes = np.unique(families, return_inverse=True)
    if len(names) < 2:
        return None
    nan = float("nan")
    if len(table) < MIN_PARTICIPANTS or table.shape[1] - len(names) < MIN_ITEM_DF:
        return FamilyEffect(a, b, nan, nan, nan, nan, TOO_FEW)
    if not np.isfinite(table).all():
        return FamilyEffect(a, b, nan, nan, nan, nan, INCOMPLETE)
    statistic, df1, df2 = _family_f(table, codes)
    p_value = float(special.fdtrc(df1, df2, statistic))
    method = QUASI_F if np.isfinite(statistic) else NO_VARIATION
    return FamilyEffect(a, b, statistic, df1, df2, p_value, method)


def _family_f(table: np.ndarray, codes: np.ndarray) -> tuple[float, float, float]:
    """F and its degrees of freedom from the mean squares of a complete table."""
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
    return float(ms_f / ms) if ms > 1e-18 else float("nan"), float(k - 1), float(df)


def crossed_omnibus(values: np.ndarray, families: tuple[str, ...] | None = None) -> Omnibus | None:
    r"""Test whether conditions differ, participants and items both being random.

    :math:`F = MS_C / (MS_{LC} + MS_{IC} - MS_{LIC})`. The mean squares are traces of matrices of
    mean squares and products of the double-centred scores; their combination has the shape of the
    covariance of the condition means, from which Greenhouse & Geisser's :math:`\epsilon` shrinks
    both degrees of freedom. A component at or below zero is left out.

    Parameters
    ----------
    values : ndarray, shape (participants, items, conditions), float
        Scores; items and participants without any score are ignored.
    families : tuple of str, optional
        Family of each item; item variance is then measured within families.

    Returns
    -------
    Omnibus or None
        None with fewer than three conditions.
    """
    present = np.isfinite(values)
    rows, columns = present.any(axis=(1, 2)), present.any(axis=(0, 2))
    y = values[rows][:, columns]
    n_l, n_i, n_c = y.shape
    if n_c < 3:
        return None
    nan = float("nan")
    if n_l < MIN_PARTICIPANTS or n_i < MIN_ITEMS:
        return Omnibus(nan, nan, nan, nan, nan, TOO_FEW, *y.shape)
    if not np.isfinite(y).all():
        return Omnibus(nan, nan, nan, nan, nan, INCOMPLETE, *y.shape)
    codes = family_codes(families, columns)
    y = y - y.mean(axis=2, keepdims=True)  # only differences between conditions matter
    k = int(codes.max()) + 1
    mean, by_l, by_i = y.mean(axis=(0, 1)), y.mean(axis=1), y.mean(axis=0)
    by_f = np.stack([by_i[codes == f].mean(axis=0) for f in range(k)])
    dev_l, dev_i = by_l - mean, by_i - by_f[codes]
    dev_e = y - by_l[:, None] - by_i[None] + mean
    df_l, df_i, df_e = n_l - 1, n_i - k, (n_l - 1) * (n_i - 1)
    s_l = n_i * dev_l.T @ dev_l / df_l
    s_i = n_l * dev_i.T @ dev_i / df_i
    s_e = np.einsum("lic,lid->cd", dev_e, dev_e) / df_e
    ms_l, ms_i, ms_e = (float(np.trace(s)) / (n_c - 1) for s in (s_l, s_i, s_e))
    if min(ms_l, ms_i) > ms_e:
        covariance = s_l + s_i - s_e
        ms = ms_l + ms_i - ms_e
        df2 = ms**2 / (ms_l**2 / df_l + ms_i**2 / df_i + ms_e**2 / df_e)
    else:
        covariance, ms, df2 = (s_l, ms_l, df_l) if ms_l >= ms_i else (s_i, ms_i, df_i)
    if ms <= 1e-18:
        return Omnibus(nan, nan, nan, nan, nan, NO_VARIATION, *y.shape)
    epsilon = np.trace(covariance) ** 2 / ((n_c - 1) * np.sum(covariance**2))
    epsilon = float(np.clip(epsilon, 1 / (n_c - 1), 1.0))
    statistic = n_l * n_i * float(mean @ mean) / (n_c - 1) / ms
    df1, df2 = epsilon * (n_c - 1), epsilon * (n_c - 1) * df2
    p_value = float(special.fdtrc(df1, df2, statistic))
    return Omnibus(statistic, df1, df2, p_value, epsilon, QUASI_F, *y.shape)
