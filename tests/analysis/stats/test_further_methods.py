"""Methods that reviewers ask for, against R (tests/expected/analysis_further.R, _ordinal.R)."""

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.ratings.readers import read_file
from analysis.ratings.scores import Scores, tabulate
from analysis.stats.agreement_groups import find_groups, silhouette
from analysis.stats.bayes import bayes_factor, take_bayesian_view
from analysis.stats.comparisons import all_pairs, compare
from analysis.stats.crossed import QUASI_T, Estimate, finish
from analysis.stats.ordinal import check_bounded_scores
from analysis.stats.reliability import participant_correlations
from analysis.stats.residuals import crossed_residuals, spread_over
from analysis.stats.simultaneous import assign_letters, hold_together
from analysis.stats.unpaired import compare_unpaired

EXPECTED = Path(__file__).parents[2] / "expected"
SCALE = (0.0, 100.0)


@pytest.fixture(scope="module")
def scores():
    return tabulate(read_file(EXPECTED / "analysis_ratings.csv"))


@pytest.fixture(scope="module")
def witness():
    with (EXPECTED / "analysis_further.csv").open() as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}


def estimate_of(mean, se, df) -> Estimate:
    return finish(mean, se, df, (9, 12), QUASI_T)


@pytest.mark.parametrize(("case", "scale"), [((17.0, 6.1, 13.4), 10), ((1.2, 4.0, 9), 5)])
def test_bayes_factor_is_the_integral_that_r_computes(case, scale, witness):
    name = f"bf {' '.join(map(str, case))} {scale}"
    assert bayes_factor(estimate_of(*case), scale) == pytest.approx(witness[name], rel=1e-5)


def test_probability_within_the_margin_is_that_of_the_t_distribution(witness):
    view = take_bayesian_view(estimate_of(1.2, 4.0, 9), scale=SCALE, margin=5.0)
    assert view.prior_scale == 10.0
    assert view.share_within == pytest.approx(witness["within 1.2 4.0 9 5"], rel=1e-9)


@pytest.mark.parametrize("t", [0.0, 3.0, 1e3, -1e6])
def test_bayes_factor_grows_with_the_difference_and_stays_finite(t):
    here = bayes_factor(estimate_of(t, 1.0, 10), 10.0)
    beyond = bayes_factor(estimate_of(1.5 * t, 1.0, 10), 10.0)
    assert 0 < here < np.inf
    assert beyond > here or t == 0


def test_simultaneous_intervals_are_those_of_r(scores, witness):
    scores = replace(scores, families=("",) * 12)
    pairs = tuple(compare(scores, a, b, seed=1) for a, b in all_pairs(scores))
    together = hold_together(pairs, scores.conditions)
    seen = 0
    for c, (low, high) in zip(together.pairs, together.intervals, strict=True):
        if f"low {c.a} {c.b}" in witness:
            seen += 1
            expected = witness[f"low {c.a} {c.b}"], witness[f"high {c.a} {c.b}"]
            assert (low, high) == pytest.approx(expected, rel=1e-9)
        apart = low > 0 or high < 0
        assert apart is not bool(set(together.letters[c.a]) & set(together.letters[c.b]))
    assert seen >= 3


@pytest.mark.parametrize("seed", range(12))
def test_conditions_share_a_letter_unless_they_are_apart(seed):
    rng = np.random.default_rng(seed)
    names = tuple("pqrstuvw")
    means = rng.normal(0, 1, len(names))
    apart = {
        frozenset((a, b))
        for (a, x), (b, y) in itertools.combinations(zip(names, means, strict=True), 2)
        if abs(x - y) > rng.uniform(0.5, 1.5)
    }
    letters = assign_letters(names, apart)
    for a, b in itertools.combinations(names, 2):
        assert (not set(letters[a]) & set(letters[b])) is (frozenset((a, b)) in apart)
    used = sorted(set("".join(letters.values())))
    groups = [{name for name in names if letter in letters[name]} for letter in used]
    assert not any(g < h for g in groups for h in groups), "a letter that says nothing"


def test_residuals_with_missing_cells_are_those_of_lm_in_r(scores, witness):
    values = scores.values.copy()
    with (EXPECTED / "analysis_ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    for number in (5, 77):
        row = rows[number - 1]
        place = scores.conditions.index(row["condition"])
        values[int(row["session"][1:]) - 1, scores.items.index(row["item"]), place] = np.nan
    residuals = crossed_residuals(replace(scores, values=values))
    assert np.isnan(residuals).sum() == 2
    for n, condition in enumerate(scores.conditions):
        of = residuals[:, :, n]
        sd = float(np.sqrt(np.mean(of[np.isfinite(of)] ** 2)))
        assert sd == pytest.approx(witness[f"residual sd {condition}"], rel=1e-5)
    assert spread_over(residuals, 1).shape == (3, 12)


def test_a_cell_that_is_alone_in_its_row_or_column_has_no_residual(scores):
    values = np.full(scores.values.shape, np.nan)
    values[:4, :3] = scores.values[:4, :3]
    values[4, 0], values[0, 3] = 50.0, 50.0
    residuals = crossed_residuals(replace(scores, values=values))
    assert np.isfinite(residuals).sum() == 4 * 3 * 4


def test_silhouette_of_rs_groups_is_that_of_r(scores, witness):
    labels = np.array([int(witness[f"group P{n}"]) for n in range(1, 10)])
    distances = 1 - participant_correlations(scores)
    assert silhouette(distances, labels) == pytest.approx(witness["silhouette of three"], abs=1e-7)
    assert not find_groups(scores).distinct


def listeners(directions, *, seed):
    """Participants whose scores follow one of two orders of the stimuli, plus noise."""
    rng = np.random.default_rng(seed)
    tastes = rng.normal(0, 15, (2, 8, 5))
    values = np.stack([50 + tastes[d] + rng.normal(0, 7, (8, 5)) for d in directions])
    names = [tuple(f"{letter}{n}" for n in range(k)) for letter, k in
             (("P", len(directions)), ("i", 8), ("c", 5))]  # fmt: skip
    return Scores(values, *names, ("",) * 8, ("",) * 5)


def test_two_tastes_are_two_groups_and_one_taste_is_none():
    found = find_groups(listeners([0] * 6 + [1] * 4, seed=1))
    assert found.distinct
    assert found.groups == (("P0", "P1", "P2", "P3", "P4", "P5"), ("P6", "P7", "P8", "P9"))
    assert sum(find_groups(listeners([0] * 10, seed=s)).distinct for s in range(30)) == 0


def halves(*, shared, difference=0.0, seed=2):
    """Condition a heard by one half of the participants, b by the other."""
    rng = np.random.default_rng(seed)
    values = 50 + rng.normal(0, 9, (16, 1, 1)) + rng.normal(0, 6, (1, 10, 1))
    values = values + rng.normal(0, 8, (16, 10, 2)) + [difference, 0]
    values[8:, :, 0] = values[:8, :, 1] = np.nan
    if not shared:
        values[:, 5:, 0] = values[:, :5, 1] = np.nan
    names = [tuple(f"{letter}{n}" for n in range(k)) for letter, k in (("P", 16), ("i", 10))]
    return Scores(values, *names, ("a", "b"), ("",) * 10, ("estimated", "random"))


@pytest.mark.parametrize("shared", [True, False])
def test_unpaired_standard_error_is_that_of_two_way_clustered_least_squares(shared):
    from statsmodels.regression.linear_model import OLS

    scores = halves(shared=shared)
    (found,) = compare_unpaired(scores, [("a", "b")])
    p, i, c = np.nonzero(np.isfinite(scores.values))
    design = np.stack([np.ones(len(c)), c == 0], axis=1).astype(float)
    values = scores.values[p, i, c]
    covariances = [
        OLS(values, design).fit(cov_type="cluster", cov_kwds={"groups": g}).cov_params()[1, 1]
        for g in (p, i, np.arange(len(c)))
    ]
    expected = max(covariances[0] + covariances[1] - covariances[2], *covariances[:2])
    assert found.estimate.se == pytest.approx(np.sqrt(expected), rel=1e-9)
    assert found.estimate.df == (7 if shared else 4)
    assert found.shared_items == (10 if shared else 0)
    assert found.participants == (8, 8)


def test_a_large_unpaired_difference_is_found():
    (found,) = compare_unpaired(halves(shared=True, difference=25.0), [("a", "b")])
    assert 15 < found.estimate.estimate < 35
    assert found.p_holm < 0.01


def test_ordinal_model_gives_the_log_odds_of_clmm_in_r(scores):
    with (EXPECTED / "analysis_ordinal.csv").open() as file:
        rows = list(csv.DictReader(file))
    pairs = tuple(compare(scores, row["a"], row["b"], seed=1) for row in rows)
    found = check_bounded_scores(scores, pairs, scale=SCALE)
    for row, check in zip(rows, found, strict=True):
        assert check.log_odds == pytest.approx(float(row["log_odds"]), abs=2e-3)
        assert check.se == pytest.approx(float(row["se"]), rel=2e-3)
        assert check.df == 8


def test_ordinal_model_says_why_it_was_not_fitted(scores):
    best = np.full(scores.values.shape, 95.0) + np.arange(108).reshape(9, 12, 1) % 4
    best[:, :, 1] += np.arange(12) % 2
    high = replace(scores, values=best)
    pair = compare(high, *high.conditions[:2], seed=1)
    (check,) = check_bounded_scores(high, (pair,), scale=SCALE)
    assert check.status == "not fitted: all scores are in one band"
    assert check.same_decision is None
