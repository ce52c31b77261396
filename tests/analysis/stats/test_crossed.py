"""The primary analysis: against lme4, against statsmodels, and by its own laws."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.sandwich_covariance import cov_cluster, cov_cluster_2groups

from analysis.power.planning import VarianceComponents, simulate_differences
from analysis.ratings.readers import read_file
from analysis.ratings.scores import tabulate
from analysis.stats.crossed import (
    CLUSTERED,
    PARTICIPANTS_ONLY,
    QUASI_T,
    THESE_SOUNDS,
    estimate_mean,
)

EXPECTED = Path(__file__).parents[2] / "expected"
LME4_DIGITS = 2e-4  # lme4 stops its optimiser at about four digits
R = json.loads((EXPECTED / "analysis_r.json").read_text())
TABLES = arrays(
    float, st.tuples(st.integers(3, 7), st.integers(3, 6)), elements=st.integers(-100, 100)
)


@pytest.fixture(scope="module")
def scores():
    return tabulate(read_file(EXPECTED / "analysis_ratings.csv"))


@pytest.mark.parametrize("pair", R["pairs"], ids=lambda p: f"{p['a']}-{p['b']}")
@pytest.mark.parametrize("model", ["crossed", "nested", "within_delay"])
def test_quasi_t_equals_lme4_with_satterthwaite(scores, pair, model):
    part = scores.in_family("delay") if model == "within_delay" else scores
    families = part.families if model == "nested" else None
    got = estimate_mean(part.difference(pair["a"], pair["b"]), families)
    witness = pair[model]
    assert got.method == QUASI_T
    assert got.estimate == pytest.approx(witness["estimate"], rel=1e-9)
    assert got.se == pytest.approx(witness["se"], rel=LME4_DIGITS)
    assert got.df == pytest.approx(witness["df"], rel=1e-2)
    assert got.p_value == pytest.approx(witness["p"], rel=1e-2)
    assert got.sd_participant == pytest.approx(witness["sds"]["session"], rel=1e-3, abs=0.02)


def test_clustered_errors_equal_statsmodels():
    table = simulate_differences(
        np.random.default_rng(3), 12, 9, VarianceComponents(), gap=5.0, missing=0.25
    )
    participants, items = np.nonzero(np.isfinite(table))
    values = table[participants, items]
    groups = np.stack([participants, items], axis=1)
    witness = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    got = estimate_mean(table)
    assert got.method == CLUSTERED
    assert got.estimate == pytest.approx(witness.params[0], rel=1e-12)
    assert got.se == pytest.approx(witness.bse[0], rel=1e-9)
    assert got.df == 8


def test_clustered_errors_with_families_equal_statsmodels_with_their_factor():
    """The item part counts I − K instead of I − 1: items vary around K fixed family means."""
    families = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    table = simulate_differences(
        np.random.default_rng(7), 11, 9, VarianceComponents(item=14.0), gap=5.0, missing=0.25
    )
    table += np.array([0.0, 9.0, -4.0])[families]
    participants, items = np.nonzero(np.isfinite(table))
    fit = sm.OLS(table[participants, items], np.eye(3)[families[items]]).fit()
    _, by_participant, by_item = cov_cluster_2groups(fit, participants, items)
    by_cell = cov_cluster(fit, np.arange(len(items)))
    weight = np.bincount(families) / 9
    item_factor = (9 / (9 - 3)) / (9 / (9 - 1))
    variance = weight @ (by_participant + item_factor * by_item - by_cell) @ weight
    got = estimate_mean(table, tuple("abc"[f] for f in families))
    assert got.method == CLUSTERED
    assert got.estimate == pytest.approx(weight @ fit.params, rel=1e-12)
    assert got.se == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert got.df == 9 - 3


def test_two_participants_are_not_tested():
    got = estimate_mean(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert got.estimate == 2.5
    assert np.isnan(got.p_value)
    assert got.method == "none"


@pytest.mark.parametrize("items", [1, 2])
def test_one_or_two_sounds_give_a_result_for_these_sounds_only(items):
    table = np.array([[1.0, 2.5], [2.0, 2.0], [4.0, 7.0]])[:, :items]
    got = estimate_mean(table)
    witness = stats.ttest_1samp(table.mean(axis=1), 0)
    assert got.method == PARTICIPANTS_ONLY
    assert got.holds_for == THESE_SOUNDS
    assert (got.t, got.df, got.p_value) == pytest.approx((witness.statistic, 2, witness.pvalue))


def test_families_that_leave_one_item_degree_of_freedom_are_not_nested():
    table = simulate_differences(np.random.default_rng(4), 8, 4, VarianceComponents())
    assert estimate_mean(table, ("a", "a", "b", "c")) == estimate_mean(table)
    assert estimate_mean(table, ("a", "a", "b", "b")) != estimate_mean(table)


def test_missing_corner_is_not_taken_for_zero():
    table = np.full((4, 3), 10.0) + np.arange(4)[:, None]
    table[0, 0] = np.nan
    assert estimate_mean(table).estimate == pytest.approx(np.nanmean(table))


@pytest.mark.parametrize("value", [0.0, 7.0, 100 / 3])
def test_without_variation_nothing_is_tested(value):
    got = estimate_mean(np.full((4, 3), value))
    assert (got.estimate, got.se, got.method) == (pytest.approx(value), 0.0, "none")
    assert np.isnan([got.p_value, got.ci_low, got.ci_high]).all()


@given(TABLES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_participants_and_items_does_not_matter(table, random):
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    a, b = estimate_mean(table), estimate_mean(table[rows][:, columns])
    assert b.estimate == pytest.approx(a.estimate, abs=1e-9)
    assert b.se == pytest.approx(a.se, rel=1e-6, abs=1e-9)
    assert b.df == pytest.approx(a.df, rel=1e-4, nan_ok=True)


@given(TABLES, st.floats(0.1, 10), st.floats(-50, 50))
@settings(max_examples=60, deadline=None)
def test_shift_and_scale_carry_through(table, factor, shift):
    a, b = estimate_mean(table), estimate_mean(table * factor + shift)
    assert b.estimate == pytest.approx(a.estimate * factor + shift, rel=1e-9, abs=1e-8)
    assert b.se == pytest.approx(a.se * factor, rel=1e-6, abs=1e-7)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_swapping_the_conditions_changes_the_sign_only(table):
    a, b = estimate_mean(table), estimate_mean(-table)
    assert b.estimate == pytest.approx(-a.estimate, abs=1e-12)
    assert b.p_value == pytest.approx(a.p_value, rel=1e-9, abs=1e-300, nan_ok=True)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_participants_and_items_play_the_same_part(table):
    a, b = estimate_mean(table), estimate_mean(table.T)
    assert b.se == pytest.approx(a.se, rel=1e-9, abs=1e-12)
    assert b.df == pytest.approx(a.df, rel=1e-4, nan_ok=True)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_interval_covers_the_truth_as_often_as_it_says(missing):
    rng = np.random.default_rng(11)
    trials, covered = 400, 0
    for _ in range(trials):
        table = simulate_differences(rng, 17, 30, VarianceComponents(), gap=4.0, missing=missing)
        got = estimate_mean(table)
        covered += got.ci_low <= 4.0 <= got.ci_high
    assert covered / trials >= 0.92  # 0.95 less three standard errors
