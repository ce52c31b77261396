"""Tests on participant means, against R and SciPy."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.ratings.readers import read_file
from analysis.ratings.scores import tabulate
from analysis.stats.nonparametric import (
    compare_means,
    friedman,
    sign_flip,
)

EXPECTED = Path(__file__).parents[2] / "expected"
R = json.loads((EXPECTED / "analysis_r.json").read_text())
ROOT_TOLERANCE = 1e-4  # R finds the pseudo-median by uniroot where there are ties


@pytest.fixture(scope="module")
def means():
    scores = tabulate(read_file(EXPECTED / "analysis_ratings.csv"))
    return dict(zip(scores.conditions, scores.participant_means().T, strict=True))


@pytest.mark.parametrize("pair", R["pairs"], ids=lambda p: f"{p['a']}-{p['b']}")
def test_paired_tests_equal_r(means, pair):
    got = compare_means(means[pair["a"]] - means[pair["b"]], seed=1)
    t, w = pair["t_test"], pair["wilcoxon"]
    assert (got.mean, got.ci_low, got.ci_high) == pytest.approx((t["mean"], t["low"], t["high"]))
    assert got.p_t == pytest.approx(t["p"], rel=1e-8)
    assert got.p_wilcoxon_normal == pytest.approx(w["p_normal"], rel=1e-8)
    assert got.hodges_lehmann == pytest.approx(w["hodges_lehmann"], abs=ROOT_TOLERANCE)
    if got.wilcoxon_method == "exact":
        assert got.p_wilcoxon == pytest.approx(w["p"], rel=1e-8)


def test_friedman_equals_r(means):
    table = np.stack(list(means.values()), axis=1)
    got = friedman(table)
    assert got.statistic == pytest.approx(R["friedman"]["statistic"], rel=1e-9)
    assert got.df == R["friedman"]["df"]
    assert got.p_value == pytest.approx(R["friedman"]["p"], rel=1e-8)


@given(st.lists(st.integers(0, 5), min_size=12, max_size=40))
@settings(max_examples=40, deadline=None)
def test_friedman_with_ties_equals_scipy(values):
    table = np.array(values[: len(values) // 4 * 4], float).reshape(-1, 4)
    got = friedman(table)
    if got is None:
        assert len(table) < 3 or np.all(table == table[:, :1])
        return
    witness = stats.friedmanchisquare(*table.T)
    assert got.statistic == pytest.approx(witness.statistic, rel=1e-9, abs=1e-9)


def test_friedman_is_none_when_every_participant_ties_all():
    assert friedman(np.ones((5, 4))) is None


@given(st.lists(st.floats(-50, 50).map(lambda x: round(x, 3)), min_size=4, max_size=30))
@settings(max_examples=60, deadline=None)
def test_swapping_the_conditions_mirrors_everything(values):
    d = np.array(values)
    a, b = compare_means(d, seed=1), compare_means(-d, seed=1)
    assert b.rank_biserial == pytest.approx(-a.rank_biserial, nan_ok=True)
    assert b.hodges_lehmann == pytest.approx(-a.hodges_lehmann, abs=1e-12, nan_ok=True)
    assert b.prefer_a == pytest.approx(1 - a.prefer_a)
    assert b.p_sign_flip == pytest.approx(a.p_sign_flip)
    assert np.isnan(a.rank_biserial) or -1 <= a.rank_biserial <= 1


def test_all_for_one_side_has_full_effect_sizes():
    got = compare_means(np.array([3.0, 5.0, 1.0, 2.0, 7.0, 4.0]), seed=1)
    assert (got.rank_biserial, got.prefer_a) == (1.0, 1.0)
    assert got.p_wilcoxon == pytest.approx(2 / 2**6)
    assert got.p_sign_flip == pytest.approx(2 / 2**6)


def test_sampled_sign_flips_agree_with_the_normal_limit():
    d = np.random.default_rng(5).normal(0.4, 1, 40)
    assert sign_flip(d, seed=1) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.02)


def test_sign_flips_repeat_with_the_seed():
    d = np.random.default_rng(5).normal(0.3, 1, 40)
    assert sign_flip(d, seed=2) == sign_flip(d, seed=2)


def test_no_differences_leave_no_p_value():
    got = compare_means(np.zeros(6), seed=1)
    assert np.isnan(got.p_wilcoxon)
    assert np.isnan(got.rank_biserial)
    assert got.prefer_a == 0.5


@pytest.mark.parametrize("constant", [0.1, 7.3, 41.9])
def test_adding_a_constant_to_all_scores_moves_no_p_value(constant):
    """Means of equal sums differ in their last bits, which must not break ties of ranks."""
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 11, (12, 7, 2)) / 10
    for moved in (0.0, constant):
        means = (scores + moved).mean(axis=1)
        got = compare_means(means[:, 0] - means[:, 1], seed=1)
        plain = stats.wilcoxon(
            np.round((scores[:, :, 0].sum(axis=1) - scores[:, :, 1].sum(axis=1)) / 7, 6),
            method="asymptotic",
            correction=False,
            zero_method="wilcox",
        )
        assert got.p_wilcoxon_normal == pytest.approx(plain.pvalue, rel=1e-9)
        assert got.p_wilcoxon == got.p_wilcoxon_normal
        assert got.wilcoxon_method.startswith("normal approximation")
