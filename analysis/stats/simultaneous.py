"""Intervals that hold for all pairs of conditions at once, and the letters that follow from them.

Each interval has the level 1 − α/m (Bonferroni), so that all m hold together with 95 % at least,
however the pairs depend on one another. Two conditions share a letter if and only if their
interval contains 0 or there is none.

References
----------
Dunn (1961), J. Am. Stat. Assoc. 56. Piepho (2004), J. Comput. Graph. Stat. 13 (letters by
insertion and absorption).
"""

from dataclasses import dataclass

from analysis.stats.comparisons import ALPHA, Comparison
from analysis.stats.crossed import NEW_SOUNDS


@dataclass(frozen=True)
class Simultaneous:
    """Intervals of all pairs together.

    Attributes
    ----------
    pairs : tuple of Comparison
        The m pairs tested for new listeners and new sounds.
    intervals : tuple of (float, float)
        One a pair, points.
    letters : dict
        Condition id → its letters.
    """

    pairs: tuple[Comparison, ...]
    intervals: tuple[tuple[float, float], ...]
    letters: dict[str, str]


def hold_together(
    comparisons: tuple[Comparison, ...], conditions: tuple[str, ...]
) -> Simultaneous | None:
    """Widen the intervals of all pairs; None with fewer than two pairs.

    Parameters
    ----------
    comparisons : tuple of Comparison
        All pairs, each once.
    conditions : tuple of str
        The conditions that get letters, in the order of the letters.
    """
    pairs = tuple(c for c in comparisons if c.crossed.tested and c.crossed.holds_for == NEW_SOUNDS)
    if len(pairs) < 2:
        return None
    intervals = tuple(c.crossed.interval(1 - ALPHA / len(pairs)) for c in pairs)
    apart = {
        frozenset((c.a, c.b))
        for c, (low, high) in zip(pairs, intervals, strict=True)
        if low > 0 or high < 0
    }
    rated = {name for c in pairs for name in (c.a, c.b)}
    return Simultaneous(
        pairs, intervals, assign_letters(tuple(c for c in conditions if c in rated), apart)
    )


def assign_letters(conditions: tuple[str, ...], apart: set[frozenset[str]]) -> dict[str, str]:
    """Give two conditions a common letter unless they are apart.

    Examples
    --------
    >>> assign_letters(("x", "y", "z"), {frozenset("xz")})
    {'x': 'a', 'y': 'ab', 'z': 'b'}
    """
    groups: list[frozenset[str]] = [frozenset(conditions)]
    for pair in sorted(apart, key=sorted):
        split = [g - {name} for g in groups if pair <= g for name in sorted(pair)]
        kept = [g for g in groups if not pair <= g]
        for group in split:
            if not any(group <= other for other in kept):
                kept = [*(other for other in kept if not other <= group), group]
        groups = kept
    place = {name: n for n, name in enumerate(conditions)}
    groups.sort(key=lambda group: sorted(place[name] for name in group))
    return {
        name: "".join(_letter(n) for n, group in enumerate(groups) if name in group)
        for name in conditions
    }


def _letter(n: int) -> str:
    """Return a, b, …, z, then A, …, then numbered ones."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[n] if n < len(letters) else f"({n})"
