"""Families of comparisons, effect families, and equivalence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.simulated_ratings import simulate_ratings

from analysis.ratings.scores import tabulate
from analysis.ratings.table import check
from analysis.stats.comparisons import (
    Equivalence,
    assess_equivalence,
    compare,
    compare_pairs,
    holm,
    planned_pairs,
)

EXPECTED = Path(__file__).parents[2] / "expected"
R = json.loads((EXPECTED / "analysis_r.json").read_text())


def scores_of(**options):
    return tabulate(check(simulate_ratings(**options), source="test", sha256=""))


def test_holm_equals_r():
    assert holm(R["holm"]["p"]) == pytest.approx(R["holm"]["adjusted"])


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_p_and_keeps_their_order(p):
    adjusted = holm(p)
    assert all(a >= x for a, x in zip(adjusted, p, strict=True))
    order = np.argsort(p, kind="stable")
    assert all(np.diff(np.array(adjusted)[order]) >= 0)


def test_holm_leaves_out_what_was_not_tested():
    assert holm([0.01, float("nan"), 0.02])[0] == pytest.approx(0.02)
    assert np.isnan(holm([0.01, float("nan")])[1])


def test_planned_comparisons_are_every_estimator_against_random():
    scores = scores_of()
    assert planned_pairs(scores, "random") == [("autofx_f", "random"), ("mlp_163nc", "random")]
    for c in compare_pairs(scores, planned_pairs(scores, "random"), "planned", seed=1):
        assert c.p_holm >= c.crossed.p_value
        assert (c.question, c.m) == ("planned", 2)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-4.9, 4.9, "equivalent"),
        (-4.9, 9.0, "a not worse"),
        (-9.0, 4.9, "undecided"),
        (-9.0, -5.1, "a worse"),
    ],
)
def test_equivalence_needs_the_whole_interval_inside_the_margin(low, high, verdict):
    assessed = Equivalence("a", "b", 5.0, (low + high) / 2, low, high)
    assert assessed.verdict == verdict


def test_equivalence_is_assessed_by_the_90_percent_interval():
    comparison = compare(scores_of(), "autofx_f", "mlp_163nc", seed=1)
    assessed = assess_equivalence(comparison, 5.0)
    assert comparison.crossed.ci_low < assessed.ci90_low < assessed.estimate
    assert assessed.estimate < assessed.ci90_high < comparison.crossed.ci_high


def test_worse_is_reported_when_the_interval_lies_below_the_margin():
    comparison = compare(scores_of(), "random", "reference", seed=1)
    assert assess_equivalence(comparison, 5.0).verdict == "a worse"


def test_comparison_uses_only_sounds_that_both_conditions_share():
    table = simulate_ratings()
    table = table[~((table["condition"] == "random") & (table["item"] >= "item-03"))]
    scores = tabulate(check(table, source="test", sha256=""))
    got = compare(scores, "mlp_163nc", "random", seed=1)
    assert got.crossed.n_items == 3
    assert got.crossed.method == "crossed quasi-t"
