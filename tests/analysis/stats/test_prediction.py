"""Formulas that predict scores of sounds left out, against R's lm and known truths."""

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.ratings.readers import read_file
from analysis.ratings.scores import Scores, tabulate
from analysis.stats.prediction import study_predictions

EXPECTED = Path(__file__).parents[2] / "expected"
SCALE = (0.0, 100.0)


def distances_of_the_witness():
    found = {}
    for i in range(1, 13):
        for k, condition in enumerate(("ours", "other", "random"), 1):
            first = 0.3 * k + 0.05 * ((i * 7 + k * 3) % 5)
            second = 1.0 + (i * 5 + k * 11) % 7
            found[f"s{i:02d}", condition] = {"first": first, "second": second}
    return found


def test_errors_on_left_out_sounds_are_those_of_lm_in_r():
    scores = tabulate(read_file(EXPECTED / "analysis_ratings.csv"))
    study = study_predictions(scores, distances_of_the_witness(), scale=SCALE)[0]
    with (EXPECTED / "analysis_prediction.csv").open() as file:
        rows = list(csv.DictReader(file))
    witness = {(r["distance"].strip(), r["form"].strip()): r for r in rows}
    assert study.error_of_mean == pytest.approx(float(witness["mean", ""]["error"]), rel=1e-9)
    assert [f.distance for f in study.formulas] == ["first", "second"]
    for formula in study.formulas:
        row = witness[formula.distance, formula.form]
        errors = [float(w["error"]) for (d, _), w in witness.items() if d == formula.distance]
        assert formula.error == pytest.approx(min(errors), rel=1e-9)
        assert formula.intercept == pytest.approx(float(row["intercept"]), rel=1e-9)
        assert formula.slope == pytest.approx(float(row["slope"]), rel=1e-9)


def made_up(names, truth=None, *, participants=8, items=12, conditions=4, seed=3):
    """Scores that follow the logarithm of one distance, among others that are noise."""
    rng = np.random.default_rng(seed)
    shape = (items, conditions)
    tables = {name: rng.uniform(0.2, 5, shape) for name in names}
    base = 60 - 15 * np.log(tables[truth]) if truth else np.full(shape, 50.0)
    noise = rng.normal(0, 6, (participants, *shape)) + rng.normal(0, 4, shape)
    scores = Scores(
        np.clip(base + noise, 0, 100),
        tuple(f"P{n}" for n in range(participants)),
        tuple(f"i{n:02d}" for n in range(items)),
        tuple(f"c{n}" for n in range(conditions)),
        ("",) * items,
        ("estimated",) * conditions,
    )
    distances = {
        (f"i{i:02d}", f"c{c}"): {name: float(t[i, c]) for name, t in tables.items()}
        for i in range(items)
        for c in range(conditions)
    }
    return scores, distances


def test_the_distance_and_the_form_that_made_the_scores_are_found():
    scores, distances = made_up("abcdef", "d")
    (study,) = study_predictions(scores, distances, scale=SCALE)
    assert (study.best.distance, study.best.form) == ("d", "logarithmic")
    assert study.best.slope == pytest.approx(-15, abs=2)
    assert study.useful
    assert study.best.predict(np.array([1.0, 1e9]), SCALE)[1] == 0
    for other in study.formulas[1:]:
        assert other.worse.ci_low > 0


def test_of_many_distances_that_predict_nothing_the_best_is_not_called_useful():
    useful, optimistic = 0, 0
    for seed in range(20):
        (study,) = study_predictions(*made_up("abcdefghij", seed=seed), scale=SCALE)
        useful += study.useful
        optimistic += study.best.error < study.error_of_choice
    assert useful <= 4
    assert optimistic >= 18


def test_four_sounds_are_too_few():
    assert study_predictions(*made_up("ab", "a", items=4), scale=SCALE) == ()
