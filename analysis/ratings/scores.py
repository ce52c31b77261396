"""Scores as an array, participant × item × condition, and the differences between two conditions.

Conventions: a missing rating is NaN; a cell rated more than once holds the mean (a repeat is no new
listener). Axes keep a fixed order: participants and items as named, conditions by kind (anchors,
random, controls, estimated, others, reference), then by a given order.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ratings.table import Ratings

KIND_ORDER = ("anchor", "random", "control", "estimated", "", "reference")


@dataclass(frozen=True)
class Scores:
    """A complete or incomplete participant × item × condition table.

    Attributes
    ----------
    values : ndarray, shape (participants, items, conditions), float64
        Scores on the test's scale, NaN where nobody scored.
    participants, items, conditions : tuple of str
        Names along the axes.
    families : tuple of str
        Family of each item; empty strings where unknown.
    kinds : tuple of str
        Kind of each condition; empty where unknown.
    """

    values: np.ndarray
    participants: tuple[str, ...]
    items: tuple[str, ...]
    conditions: tuple[str, ...]
    families: tuple[str, ...]
    kinds: tuple[str, ...]

    def of(self, condition: str) -> np.ndarray:
        """Return one condition's scores, shape (participants, items)."""
        return self.values[:, :, self.conditions.index(condition)]

    def difference(self, a: str, b: str) -> np.ndarray:
        """Return paired differences a − b, shape (participants, items), NaN where missing."""
        return self.of(a) - self.of(b)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Return the conditions of these kinds, in order."""
        pairs = zip(self.conditions, self.kinds, strict=True)
        return tuple(condition for condition, kind in pairs if kind in kinds)

    def family_names(self) -> tuple[str, ...]:
        """Return the families that have items, sorted."""
        return tuple(sorted({f for f in self.families if f}))

    def in_family(self, family: str) -> "Scores":
        """Keep one family's items."""
        return self.select(items=[f == family for f in self.families])

    def select(self, *, participants=None, items=None) -> "Scores":
        """Keep participants and items by boolean masks."""
        rows = (
            np.ones(len(self.participants), bool)
            if participants is None
            else np.asarray(participants)
        )
        columns = np.ones(len(self.items), bool) if items is None else np.asarray(items)
        return Scores(
            self.values[rows][:, columns],
            tuple(np.array(self.participants, object)[rows]),
            tuple(np.array(self.items, object)[columns]),
            self.conditions,
            tuple(np.array(self.families, object)[columns]),
            self.kinds,
        )

    def participant_means(self) -> np.ndarray:
        """Mean over a participant's items, shape (participants, conditions); NaN where none."""
        return mean_of_present(self.values, axis=1)


def mean_of_present(values: np.ndarray, axis: int) -> np.ndarray:
    """Average over an axis without the missing values; NaN where all are missing."""
    present = np.isfinite(values)
    counts = present.sum(axis=axis)
    sums = np.where(present, values, 0.0).sum(axis=axis)
    return np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def tabulate(ratings: Ratings, *, order: tuple[str, ...] = ()) -> Scores:
    """Lay the ratings out as an array; training trials are left out.

    Parameters
    ----------
    order : tuple of str
        Conditions in the order wanted within their kind; others follow alphabetically.
    """
    table = ratings.table[~ratings.table["training"]]
    kinds = dict(zip(table["condition"], table["kind"], strict=True))
    families = dict(zip(table["item"], table["family"], strict=True))
    rank = {condition: n for n, condition in enumerate(order)}
    conditions = sorted(
        kinds, key=lambda c: (KIND_ORDER.index(kinds[c]), rank.get(c, len(rank)), c)
    )
    items = sorted(families, key=lambda i: (families[i], i))
    participants = sorted(set(table["participant_code"]), key=lambda name: (len(name), name))
    axes = [
        pd.Categorical(table[name], categories=values).codes
        for name, values in (
            ("participant_code", participants),
            ("item", items),
            ("condition", conditions),
        )
    ]
    shape = (len(participants), len(items), len(conditions))
    flat = np.ravel_multi_index([axis.astype(np.intp) for axis in axes], shape)
    size = int(np.prod(shape))
    counts = np.bincount(flat, minlength=size)
    sums = np.bincount(flat, weights=table["score"].to_numpy(), minlength=size)
    values = np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)
    return Scores(
        values.reshape(shape),
        tuple(participants),
        tuple(items),
        tuple(conditions),
        tuple(families[i] for i in items),
        tuple(kinds[c] for c in conditions),
    )
