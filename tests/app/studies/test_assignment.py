"""Orders are random, parts are balanced."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmushra_app.studies.assignment import choose_items, shuffle, split_over_families

families = st.lists(
    st.sampled_from(["modulation", "delay", "distortion"]), min_size=1, max_size=30
).map(lambda names: dict(enumerate(names)))


@given(families, st.integers(1, 40), st.integers())
def test_a_session_has_distinct_items_and_as_many_as_wanted(families, n_items, seed):
    chosen = choose_items(families, n_items, loads={}, rng=random.Random(seed))
    assert len(chosen) == len(set(chosen)) == min(n_items, len(families))
    assert set(chosen) <= set(families)


@given(families, st.integers(1, 12), st.integers())
def test_after_any_number_of_sessions_items_of_a_family_differ_by_one_at_most(
    families, n_items, seed
):
    rng = random.Random(seed)
    loads = Counter(dict.fromkeys(families, 0))
    for _ in range(12):
        loads.update(choose_items(families, n_items, loads=loads, rng=rng))
        for family in set(families.values()):
            counts = [loads[item] for item, name in families.items() if name == family]
            assert max(counts) - min(counts) <= 1


@given(families, st.integers(1, 30))
def test_families_are_met_in_proportion(families, n_items):
    n_items = min(n_items, len(families))
    sizes = Counter(families.values())
    shares = split_over_families(
        n_items, loads_by_family={name: [0] * size for name, size in sizes.items()}
    )
    assert sum(shares.values()) == n_items
    for name, share in shares.items():
        assert abs(share - n_items * sizes[name] / len(families)) < 1


def test_places_left_over_by_rounding_go_to_the_least_heard_family():
    shares = split_over_families(
        4, loads_by_family={"modulation": [5, 5], "delay": [4, 4], "distortion": [6, 6]}
    )
    assert shares == {"modulation": 1, "delay": 2, "distortion": 1}


def test_every_order_is_equally_likely():
    n_draws = 6000
    rng = random.Random(1)
    counts = Counter(tuple(shuffle("abc", rng=rng)) for _ in range(n_draws))
    chi_squared = sum((count - n_draws / 6) ** 2 / (n_draws / 6) for count in counts.values())
    assert len(counts) == 6
    assert chi_squared == pytest.approx(0, abs=20.5)  # .999 quantile of chi² with 5 df
