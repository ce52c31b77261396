"""What the scores look like, condition by condition, before any test.

Conventions: quartiles are of type 7 (Hyndman & Fan 1996; NumPy's and R's default) over all ratings
of the condition; the mean's interval is for new listeners and new items (``stats.crossed``),
not for more ratings of the same; shares are of ratings at the scale's ends.
"""

from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores
from analysis.stats.crossed import Estimate, estimate_mean


@dataclass(frozen=True)
class Description:
    """One condition's scores, in points of the scale; ``mean`` carries the crossed interval."""

    condition: str
    kind: str
    n: int
    n_participants: int
    n_items: int
    median: float
    q1: float
    q3: float
    sd: float
    mean: Estimate
    share_at_top: float
    share_at_bottom: float


def describe(scores: Scores, *, scale: tuple[float, float]) -> tuple[Description, ...]:
    """Describe every condition that was rated, in the order of ``scores``."""
    return tuple(
        _describe(scores, condition, kind, scale)
        for condition, kind in zip(scores.conditions, scores.kinds, strict=True)
        if np.isfinite(scores.of(condition)).any()
    )


def _describe(scores: Scores, condition: str, kind: str, scale: tuple[float, float]) -> Description:
    table = scores.of(condition)
    present = np.isfinite(table)
    values = table[present]
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return Description(
        condition,
        kind,
        len(values),
        int(present.any(axis=1).sum()),
        int(present.any(axis=0).sum()),
        float(median),
        float(q1),
        float(q3),
        float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
        estimate_mean(table, scores.families),
        float(np.mean(values == scale[1])),
        float(np.mean(values == scale[0])),
    )
