"""Who hears what in which order: pure functions of their arguments and a random generator.

Every participant gets a random order of items, and in each trial a random order of stimuli
(Rec. ITU-R BS.1534-3, 5: presentation in random order, different for each subject). Where a
participant rates only a part of the items, the part is drawn so that items are rated equally often
and every participant meets all effect families in proportion.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def stimulus_label(position: int) -> str:
    """Name the stimulus at a position (from 1) as the page shows it: A, B, to Z, then AA.

    >>> [stimulus_label(n) for n in (1, 2, 26, 27)]
    ['A', 'B', 'Z', 'AA']
    """
    quotient, remainder = divmod(position - 1, len(LETTERS))
    return (stimulus_label(quotient) if quotient else "") + LETTERS[remainder]


def shuffle(things: Sequence[T], *, rng: random.Random) -> list[T]:
    """Put things into a random order."""
    return rng.sample(list(things), len(things))


def split_over_families(
    n_items: int, *, loads_by_family: Mapping[str, Sequence[int]]
) -> dict[str, int]:
    """Share a session's items out among the effect families, in proportion to their sizes.

    Parameters
    ----------
    n_items : int
        How many items the participant rates; at most all.
    loads_by_family : mapping
        For each family, how often each of its items has been assigned so far.

    Returns
    -------
    dict
        Items to take of each family: the exact share rounded down or up; up where the family's
        items have been assigned least.
    """
    n_all = sum(map(len, loads_by_family.values()))
    exact = {name: n_items * len(loads) for name, loads in loads_by_family.items()}
    shares = {name: places // n_all for name, places in exact.items()}
    rounded = [name for name, places in exact.items() if places % n_all]
    rounded.sort(key=lambda name: sum(loads_by_family[name]) / len(loads_by_family[name]))
    for name in rounded[: n_items - sum(shares.values())]:
        shares[name] += 1
    return shares


def choose_items(
    families: Mapping[T, str], n_items: int, *, loads: Mapping[T, int], rng: random.Random
) -> list[T]:
    """Choose the items of one session, the least assigned of each family first.

    Parameters
    ----------
    families : mapping
        Every item and its effect family.
    n_items : int
        How many to choose; all if there are no more.
    loads : mapping
        How often each item has been assigned so far; 0 where it isn't named.
    rng : random.Random
        Decides among equally loaded items.

    Returns
    -------
    list
        Distinct items in random order.
    """
    n_items = min(n_items, len(families))
    by_family: dict[str, list[T]] = {}
    for item in shuffle(list(families), rng=rng):
        by_family.setdefault(families[item], []).append(item)
    shares = split_over_families(
        n_items,
        loads_by_family={
            name: [loads.get(item, 0) for item in items] for name, items in by_family.items()
        },
    )
    chosen = [
        item
        for name, items in by_family.items()
        for item in sorted(items, key=lambda item: loads.get(item, 0))[: shares[name]]
    ]
    return shuffle(chosen, rng=rng)
