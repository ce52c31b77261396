"""Objective distances and parameter errors of a manifest against scores."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.simulated_ratings import simulate_ratings

from analysis.analyse import analyse
from analysis.ratings.scores import tabulate
from analysis.ratings.stimulus_set import read_stimulus_set
from analysis.ratings.table import RatingsError, check
from analysis.report.figures import FIGURES
from analysis.report.publish import publish
from analysis.stats.objective_distances import (
    correlate_with_distances,
    correlate_with_errors,
    rank_correlations,
)


def ratings_of(table=None, **options):
    table = simulate_ratings(**options) if table is None else table
    return check(table, source="test", sha256="")


def manifest(tmp_path, distance):
    table = simulate_ratings()
    items = sorted(set(table["item"]))
    conditions = ["reference", "autofx_f", "mlp_163nc", "random", "clean"]
    data = {
        "title": "Test set",
        "conditions": [{"id": c, "label": c.upper(), "kind": "x"} for c in conditions],
        "items": [
            {
                "id": item,
                "stimuli": [
                    {"condition": c, "distances": {"mrstft": distance(c)}} for c in conditions
                ],
            }
            for item in items
        ],
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(data))
    return read_stimulus_set(path)


def test_distance_that_ranks_as_participants_do_correlates_fully_and_negatively(tmp_path):
    distances = {"reference": 0.0, "autofx_f": 1.0, "mlp_163nc": 2.0, "random": 3.0, "clean": 4.0}
    scores = tabulate(ratings_of(participants=40))
    found, *families = correlate_with_distances(scores, manifest(tmp_path, distances.__getitem__))
    assert [f.family for f in families] == ["delay", "distortion", "modulation"]
    assert found.rho.n_items == 6
    assert found.n_stimuli == 24
    by_hand = [
        stats.spearmanr([4, 3, 1, 2], np.nanmean(scores.values[:, n], axis=0)[:4]).statistic
        for n in range(6)
    ]
    assert scores.conditions[:4] == ("clean", "random", "autofx_f", "mlp_163nc")
    assert found.rho_of_means == pytest.approx(np.mean(by_hand))
    by_trial = [
        [stats.spearmanr([4, 3, 1, 2], trial[:4]).statistic for trial in participant]
        for participant in scores.values
    ]
    assert found.rho.estimate == pytest.approx(np.mean(by_trial))
    assert found.rho.ci_low < found.rho.estimate < found.rho.ci_high < -0.6


def test_constant_distance_gives_no_correlation(tmp_path):
    assert correlate_with_distances(tabulate(ratings_of()), manifest(tmp_path, lambda c: 1.0)) == ()


def test_manifest_names_and_orders_the_conditions(tmp_path):
    stimuli = manifest(tmp_path, lambda c: 1.0)
    findings = analyse(ratings_of(), stimuli=stimuli)
    assert findings.primary.a == "autofx_f"
    assert findings.label("random") == "RANDOM"


def test_file_that_is_no_manifest_is_refused(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text("[]")
    with pytest.raises(RatingsError, match="not a stimulus set's manifest"):
        read_stimulus_set(path)


def known_truth(tmp_path, *, participants=14, items=12, seed=5):
    """Ratings that fall by 8 points per hertz of error of `rate_hz` and ignore `depth`."""
    rng = np.random.default_rng(seed)
    conditions = [f"net{n}" for n in range(6)]
    rows, entries = [], []
    for i in range(items):
        family = ("modulation", "delay")[i % 2]
        true = {"rate_hz": float(rng.uniform(2, 4)), "depth": float(rng.uniform(0.3, 0.6))}
        stimuli = [
            {
                "condition": c,
                "effect": "Chorus",
                "parameters": {
                    "rate_hz": true["rate_hz"] + float(rng.uniform(-5, 5)),
                    "depth": true["depth"] + float(rng.uniform(-0.3, 0.3)),
                },
            }
            for c in conditions
        ]
        reference = {"effect": "Chorus", "parameters": true}
        same = {"condition": "reference", "effect": "Chorus", "parameters": true}
        entries.append({"id": f"i{i:02d}", "reference": reference, "stimuli": [same, *stimuli]})
        for n in range(participants):
            for s in [same, *stimuli]:
                error = abs(s["parameters"]["rate_hz"] - true["rate_hz"])
                rows.append(
                    {
                        "session": f"s{n:02d}",
                        "item": f"i{i:02d}",
                        "family": family,
                        "condition": s["condition"],
                        "kind": "reference" if s is same else "estimated",
                        "score": float(np.clip(90 - 8 * error + rng.normal(0, 8), 0, 100)),
                    }
                )
    path = tmp_path / "manifest.json"
    data = {
        "title": "Known truth",
        "conditions": [{"id": c, "label": c} for c in ("reference", *conditions)],
        "items": entries,
    }
    path.write_text(json.dumps(data))
    return ratings_of(pd.DataFrame(rows)), read_stimulus_set(path)


def test_the_parameter_whose_error_lowers_the_scores_is_found_and_the_other_is_not(tmp_path):
    ratings, stimuli = known_truth(tmp_path)
    scores = tabulate(ratings)
    found = {(f.family, f.predictor): f for f in correlate_with_errors(scores, stimuli)}
    assert set(found) == {(f, p) for f in ("delay", "modulation") for p in ("depth", "rate_hz")}
    for family in ("delay", "modulation"):
        rate, depth = found[family, "rate_hz"], found[family, "depth"]
        assert rate.rho.ci_high < -0.6
        assert rate.rho_of_means < -0.9
        assert depth.rho.ci_low < 0 < depth.rho.ci_high
        assert (rate.rho.n_participants, rate.rho.n_items, rate.n_stimuli) == (14, 6, 36)


def test_the_report_has_a_table_and_a_figure_of_parameter_errors(tmp_path):
    ratings, stimuli = known_truth(tmp_path, participants=5, items=6)
    figures = tuple(figure for figure in FIGURES if figure.name == "parameter-errors")
    publish(analyse(ratings, stimuli=stimuli), tmp_path / "report", command="", figures=figures)
    with (tmp_path / "report" / "tables" / "parameter-errors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["family"], row["parameter"], row["sounds"]) for row in rows] == [
        (family, parameter, "3")
        for family in ("delay", "modulation")
        for parameter in ("depth", "rate_hz")
    ]
    assert 'id="parameter-errors"' in (tmp_path / "report" / "index.html").read_text()


def test_errors_of_another_effect_are_not_compared(tmp_path):
    ratings, _ = known_truth(tmp_path)
    path = tmp_path / "manifest.json"
    data = json.loads(path.read_text())
    for item in data["items"]:
        for stimulus in item["stimuli"][1:]:
            stimulus["effect"] = "Delay"
    path.write_text(json.dumps(data))
    assert correlate_with_errors(tabulate(ratings), read_stimulus_set(path)) == ()


def test_error_over_all_parameters_is_the_mean_over_their_ranges(tmp_path):
    path = tmp_path / "manifest.json"
    known_truth(tmp_path)
    data = json.loads(path.read_text())
    item = data["items"][0]
    item["reference"]["normalized"] = {"rate_hz": 0.5, "depth": 0.2}
    item["stimuli"][1]["normalized"] = {"rate_hz": 0.1, "depth": 0.4}
    path.write_text(json.dumps(data))
    assert read_stimulus_set(path).errors["i00", "net0"]["all"] == pytest.approx(0.3)


def test_rank_correlations_equal_scipy_with_ties_and_missing_scores():
    rng = np.random.default_rng(2)
    rows = rng.integers(0, 4, (30, 6)).astype(float)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    predictor = np.array([0.1, 0.1, 3.0, 2.0, 5.0, np.nan])
    found = rank_correlations(rows, predictor)
    for row, rho in zip(rows, found, strict=True):
        present = np.isfinite(row) & np.isfinite(predictor)
        constant = len(set(row[present])) < 2 or len(set(predictor[present])) < 2
        if present.sum() < 3 or constant:
            assert np.isnan(rho)
        else:
            witness = stats.spearmanr(row[present], predictor[present]).statistic
            assert rho == pytest.approx(witness, abs=1e-12)
