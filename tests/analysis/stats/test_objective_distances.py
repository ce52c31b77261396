"""Objective distances of a manifest against scores."""

import json

import numpy as np
import pytest
from scipy import stats
from support.simulated_ratings import simulate_ratings

from analysis.analyse import analyse
from analysis.ratings.scores import tabulate
from analysis.ratings.table import RatingsError, check
from analysis.stats.objective_distances import correlate_with_distances, read_stimulus_set


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
    (found,) = correlate_with_distances(scores, manifest(tmp_path, distances.__getitem__))
    assert found.n_items == 6
    assert found.n_stimuli == 24
    by_hand = [
        stats.spearmanr([4, 3, 1, 2], np.nanmean(scores.values[:, n], axis=0)[:4]).statistic
        for n in range(6)
    ]
    assert scores.conditions[:4] == ("clean", "random", "autofx_f", "mlp_163nc")
    assert found.correlation == pytest.approx(np.mean(by_hand))
    assert found.correlation < -0.7


def test_constant_distance_says_nothing(tmp_path):
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
