r"""Conditions that were heard by different participants, or never with the same sound.

The difference of their mean scores over the sounds that both have (over all, where they share
none), with errors clustered by participant and by sound: every rating's influence on the difference
is summed within participants and within sounds, so that what the two conditions share counts once.
:math:`V = V_L + V_I - V_{LI}`, each times G/(G−1), with the larger of the one-way variances as a
floor; t has the smallest number of participants of a condition, or of sounds, less one, as degrees
of freedom. Without pairs, participants' habits do not cancel: such a comparison needs more of them.

References
----------
Cameron, Gelbach & Miller (2011), J. Bus. Econ. Stat. 29 (two-way clustering).
"""

from dataclasses import dataclass, replace

import numpy as np

from analysis.ratings.scores import Scores
from analysis.stats.comparisons import holm
from analysis.stats.crossed import CLUSTERED, MIN_ITEMS, MIN_PARTICIPANTS, Estimate, finish


@dataclass(frozen=True)
class UnpairedComparison:
    """Two conditions, a − b, of which no trial of anyone has both.

    Attributes
    ----------
    estimate : Estimate
        Points, for new listeners and new sounds.
    participants : (int, int)
        How many rated a and b.
    shared_items : int
        Sounds that both have; 0 where the comparison is over different sounds.
    p_holm : float
        After Holm's correction over all such comparisons.
    """

    a: str
    b: str
    estimate: Estimate
    participants: tuple[int, int]
    shared_items: int
    p_holm: float = float("nan")


def compare_unpaired(
    scores: Scores, pairs: list[tuple[str, str]]
) -> tuple[UnpairedComparison, ...]:
    """Compare conditions that have no trial in common, where each has enough ratings."""
    found = [c for a, b in pairs if (c := _compare(scores, a, b)) is not None]
    adjusted = holm([c.estimate.p_value for c in found])
    return tuple(replace(c, p_holm=p) for c, p in zip(found, adjusted, strict=True))


def _compare(scores: Scores, a: str, b: str) -> UnpairedComparison | None:
    tables = [scores.of(a), scores.of(b)]
    offered = [np.isfinite(t).any(axis=0) for t in tables]
    shared = offered[0] & offered[1]
    if shared.sum() >= MIN_ITEMS:
        tables = [t[:, shared] for t in tables]
    elif shared.any():
        return None
    rated = [np.isfinite(t) for t in tables]
    participants = [int(r.any(axis=1).sum()) for r in rated]
    items = [int(r.any(axis=0).sum()) for r in rated]
    if min(participants) < MIN_PARTICIPANTS or min(items) < MIN_ITEMS:
        return None
    means = [float(t[r].mean()) for t, r in zip(tables, rated, strict=True)]
    influence = np.zeros(tables[0].shape)
    cells = 0.0
    for sign, table, r, mean in zip((1, -1), tables, rated, means, strict=True):
        part = np.where(r, table - mean, 0.0) * sign / r.sum()
        influence += part
        cells += float(np.sum(part**2))
    either = rated[0] | rated[1]
    n_l, n_i, n = either.any(axis=1).sum(), either.any(axis=0).sum(), sum(r.sum() for r in rated)
    adjust = (n - 1) / (n - 2)
    v_l = np.sum(influence.sum(axis=1) ** 2) * n_l / (n_l - 1) * adjust
    v_i = np.sum(influence.sum(axis=0) ** 2) * n_i / (n_i - 1) * adjust
    v = max(v_l + v_i - cells * n / (n - 1) * adjust, v_l, v_i)
    df = min(*participants, *items) - 1
    shape = (int(n_l), int(n_i))
    estimate = finish(means[0] - means[1], float(np.sqrt(v)), df, shape, CLUSTERED)
    return UnpairedComparison(a, b, estimate, (participants[0], participants[1]), int(shared.sum()))
