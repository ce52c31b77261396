"""Quasi-F tests: against lme4, R's ANOVA and mean squares of a linear model."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from analysis.ratings.readers import read_file
from analysis.ratings.scores import Scores, tabulate
from analysis.stats.quasi_f import (
    INCOMPLETE,
    NO_VARIATION,
    TOO_FEW,
    crossed_omnibus,
    family_effect,
)

EXPECTED = Path(__file__).parents[2] / "expected"
R = json.loads((EXPECTED / "analysis_r.json").read_text())


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


def test_family_effect_is_rarely_found_where_there_is_none():
    p_values = [family_effect(family_scores(0, seed=s), "x", "random").p_value for s in range(300)]
    assert 0.015 <= np.mean(np.array(p_values) < 0.05) <= 0.095


def test_large_family_effect_is_found():
    assert family_effect(family_scores(60), "x", "random").p_value < 1e-4


def test_family_effect_with_missing_cells_is_not_tested():
    got = family_effect(family_scores(60, missing=0.1), "x", "random")
    assert got.method == INCOMPLETE
    assert np.isnan(got.p_value)


def test_families_of_single_sounds_are_not_tested():
    got = family_effect(family_scores(60, items=4), "x", "random")
    assert got.method == TOO_FEW
    assert np.isnan(got.p_value)


def test_one_family_has_no_family_effect():
    assert family_effect(family_scores(0).in_family("a"), "x", "random") is None


def null_scores(rng, participants, items, sds=(8, 8, 8, 8)):
    """Equal conditions; each condition's effects have their own size."""
    size = np.array(sds)
    return (
        rng.normal(0, 1, (participants, 1, len(sds))) * size
        + rng.normal(0, 1, (1, items, len(sds))) * size
        + rng.normal(0, 13, (participants, items, len(sds)))
    )


def test_omnibus_is_made_of_the_mean_squares_of_a_linear_model():
    values = null_scores(np.random.default_rng(8), 5, 4)
    indices = np.indices(values.shape).reshape(3, -1)
    table = pd.DataFrame(dict(zip("lic", indices, strict=True)), dtype=object)
    table["y"] = values.ravel()
    squares = anova_lm(ols("y ~ (C(l) + C(i) + C(c)) ** 2", table).fit())["mean_sq"]
    got = crossed_omnibus(values)
    below = squares["C(l):C(c)"] + squares["C(i):C(c)"] - squares["Residual"]
    assert squares["Residual"] < min(squares["C(l):C(c)"], squares["C(i):C(c)"])
    assert got.statistic == pytest.approx(squares["C(c)"] / below, rel=1e-9)
    assert got.df1 == pytest.approx(3 * got.epsilon)
    assert got.p_value == pytest.approx(stats.f.sf(got.statistic, got.df1, got.df2))


def test_omnibus_where_items_do_not_differ_equals_rs_corrected_anova():
    with (EXPECTED / "analysis_omnibus.csv").open(encoding="utf-8") as file:
        witness = {k: float(v) for k, v in next(csv.DictReader(file)).items()}
    scores = tabulate(read_file(EXPECTED / "analysis_ratings.csv"))
    noise = np.random.default_rng(1).normal(0, 1, scores.values.shape)
    noise -= noise.mean(axis=0)
    noise -= noise.mean(axis=1, keepdims=True)
    got = crossed_omnibus(scores.participant_means()[:, None] + noise)
    assert got.statistic == pytest.approx(witness["F"], rel=1e-8)
    assert got.epsilon == pytest.approx(witness["epsilon"], rel=1e-3)  # R prints four digits
    assert got.df1 == pytest.approx(witness["df1"] * got.epsilon)
    assert got.df2 == pytest.approx(witness["df2"] * got.epsilon)
    assert got.p_value == pytest.approx(witness["p"], rel=1e-8)


@pytest.mark.parametrize("sds", [(8, 8, 8, 8), (2, 6, 10, 14)])
def test_omnibus_keeps_its_level_with_equal_and_unequal_variances(sds):
    rng = np.random.default_rng(12)
    found = [crossed_omnibus(null_scores(rng, 12, 10, sds)).p_value < 0.05 for _ in range(400)]
    assert np.mean(found) <= 0.083  # 0.05 and three standard errors


def test_omnibus_finds_a_difference_and_names_why_it_cannot_be_tested():
    values = null_scores(np.random.default_rng(3), 12, 10)
    values[:, :, 0] += 25
    assert crossed_omnibus(values).p_value < 1e-3
    assert crossed_omnibus(values[:, :, :2]) is None
    assert crossed_omnibus(values[:, :2]).method == TOO_FEW
    assert crossed_omnibus(np.full((5, 4, 3), 50.0)).method == NO_VARIATION
    values[0, 0, 0] = np.nan
    assert crossed_omnibus(values).method == INCOMPLETE
