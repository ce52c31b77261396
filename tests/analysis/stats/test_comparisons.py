"""Families of comparisons, effect families, and equivalence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.simulated_ratings import simulate_ratings

from analysis.ratings.readers import read_file
from analysis.ratings.scores import Scores, tabulate
from analysis.ratings.table import check
from analysis.stats.comparisons import (
    Equivalence,
    assess_equivalence,
    compare,
    compare_pairs,
    family_effect,
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
    for c in compare_pairs(scores, planned_pairs(scores, "random"), seed=1):
        assert c.p_holm >= c.crossed.p_value


@pytest.mark.parametrize("pair", R["pairs"], ids=lambda p: f"{p['a']}-{p['b']}")
def test_family_effect_equals_lme4(pair):
    scores = tabulate(read_file(EXPECTED / "analysis_ratings.csv"))
    got = family_effect(scores, pair["a"], pair["b"])
    assert got.method == "quasi-F"
    assert got.statistic == pytest.approx(pair["family"]["F"], rel=2e-3)
    assert got.df2 == pytest.approx(pair["family"]["df2"], rel=2e-2)
    assert got.p_value == pytest.approx(pair["family"]["p"], rel=1e-2)


def family_scores(effect, *, missing=0.0, seed=0, participants=17, items=18):
    """Differences of two conditions; the first family's are raised by ``effect``."""
    rng = np.random.default_rng(seed)
    families = tuple("abc"[i % 3] for i in range(items))
    raised = effect * np.array([f == "a" for f in families])
    values = np.zeros((participants, items, 2))
    values[:, :, 0] = (
        raised
        + rng.normal(0, 8, (participants, 1))
        + rng.normal(0, 8, (1, items))
        + rng.normal(0, 8, (participants, 3))[:, [ord(f) - 97 for f in families]]
        + rng.normal(0, 13, (participants, items))
    )
    values[rng.random((participants, items)) < missing] = np.nan
    names = tuple(f"P{n}" for n in range(participants)), tuple(f"i{n:02d}" for n in range(items))
    return Scores(values, *names, ("x", "random"), families, ("estimated", "random"))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_family_effect_is_rarely_found_where_there_is_none(missing):
    found = [family_effect(family_scores(0, missing=missing, seed=s), "x", "random").p_value < 0.05
             for s in range(300)]  # fmt: skip
    assert 0.015 <= np.mean(found) <= 0.095


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_large_family_effect_is_found(missing):
    assert family_effect(family_scores(60, missing=missing), "x", "random").p_value < 1e-4


def test_one_family_has_no_family_effect():
    scores = family_scores(0)
    assert family_effect(scores.in_family("a"), "x", "random") is None


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
    judged = Equivalence("a", "b", 5.0, (low + high) / 2, low, high)
    assert judged.verdict == verdict


def test_equivalence_is_judged_by_the_90_percent_interval():
    comparison = compare(scores_of(), "autofx_f", "mlp_163nc", seed=1)
    judged = assess_equivalence(comparison, 5.0)
    assert comparison.crossed.ci_low < judged.ci90_low < judged.estimate
    assert judged.estimate < judged.ci90_high < comparison.crossed.ci_high


def test_worse_is_said_when_the_interval_lies_below_the_margin():
    comparison = compare(scores_of(), "random", "reference", seed=1)
    assert assess_equivalence(comparison, 5.0).verdict == "a worse"


def test_comparison_uses_only_sounds_that_both_conditions_share():
    table = simulate_ratings()
    table = table[~((table["condition"] == "random") & (table["item"] >= "item-03"))]
    scores = tabulate(check(table, source="test", sha256=""))
    got = compare(scores, "mlp_163nc", "random", seed=1)
    assert got.crossed.n_items == 3
    assert got.crossed.method == "crossed quasi-t"
