"""Two data sets, or the time before and after a date, set against each other.

The participants of the two must be different people. Means and differences are compared as
independent estimates, each with its crossed standard error, by Welch's t (Satterthwaite's df).
Where both hold the same sounds this is cautious: what the sounds share does not cancel.

References
----------
Welch (1947), Biometrika 34.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.analyse import Findings
from analysis.ratings.table import Ratings, RatingsError
from analysis.stats.crossed import Estimate


@dataclass(frozen=True)
class Change:
    """One quantity in both sets and its change, second less first, in points."""

    what: str
    first: Estimate
    second: Estimate
    change: float
    ci_low: float
    ci_high: float
    df: float
    p_value: float


def compare_sets(first: Findings, second: Findings) -> tuple[Change, ...]:
    """Compare every comparison both plan, and the mean of every condition both have."""
    planned = {(c.a, c.b): c.crossed for c in second.pairs.planned}
    means = {d.condition: d.mean for d in second.descriptions}
    pairs = [
        (f"{first.label(c.a)} − {first.label(c.b)}", c.crossed, planned[c.a, c.b])
        for c in first.pairs.planned
        if (c.a, c.b) in planned
    ]
    pairs += [
        (f"mean of {first.label(d.condition)}", d.mean, means[d.condition])
        for d in first.descriptions
        if d.condition in means
    ]
    if not pairs:
        raise RatingsError("the two sets share no condition; nothing can be compared")
    return tuple(_change(*pair) for pair in pairs)


def _change(what: str, first: Estimate, second: Estimate) -> Change:
    change = second.estimate - first.estimate
    v1, v2 = first.se**2, second.se**2
    total = v1 + v2
    if not (np.isfinite(total) and total > 0 and first.tested and second.tested):
        nan = float("nan")
        return Change(what, first, second, change, nan, nan, nan, nan)
    df = total**2 / (v1**2 / first.df + v2**2 / second.df)
    half = special.stdtrit(df, 0.975) * np.sqrt(total)
    p = 2 * special.stdtr(df, -abs(change) / np.sqrt(total))
    return Change(
        what, first, second, change, float(change - half), float(change + half), float(df), float(p)
    )


def split_by_time(ratings: Ratings, date: str) -> tuple[Ratings, Ratings]:
    """Split participants by the time of their first rating, before ``date`` and from it on.

    Raises
    ------
    RatingsError
        If ``date`` or a time is not ISO 8601, or one side is empty.
    """
    try:
        border = pd.to_datetime(date, utc=True)
        times = pd.to_datetime(ratings.table["rated_at"], utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise RatingsError(f"cannot split by time: {str(error).splitlines()[0]}") from None
    if times.isna().any():
        raise RatingsError(f"{ratings.source}: cannot split by time: some ratings have no rated_at")
    late = times.groupby(ratings.table["participant_code"]).transform("min") >= border
    if late.all() or not late.any():
        side = "before" if late.all() else "from"
        raise RatingsError(f"{ratings.source}: no participant {side} {date}")
    return ratings.with_rows(~late), ratings.with_rows(late)
