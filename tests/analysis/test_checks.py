"""Cross-checks, agreement, objective distances and power."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats
from support.simulated_ratings import simulate_ratings

from analysis.analyse import analyse
from analysis.power import __main__ as power
from analysis.ratings.scores import tabulate
from analysis.ratings.table import RatingsError, check
from analysis.stats import mixed_model as mixed
from analysis.stats.objective_distances import correlate_with_distances, read_stimulus_set
from analysis.stats.reliability import listener_correlations, measure_reliability, measure_repeats


def ratings_of(table=None, **options):
    table = simulate_ratings(**options) if table is None else table
    return check(table, source="test", sha256="")


def test_mixed_model_agrees_where_families_are_nested():
    findings = analyse(ratings_of(listeners=12, items=9))
    assert findings.mixed.status == "agrees"
    assert findings.mixed.estimate == pytest.approx(findings.primary.crossed.estimate)


def test_mixed_model_agrees_where_cells_are_missing():
    table = simulate_ratings(listeners=12, items=9)
    keep = np.random.default_rng(1).random(len(table)) > 0.15
    findings = analyse(ratings_of(table[keep]))
    assert findings.primary.crossed.method == "two-way clustered"
    assert findings.mixed.status == "agrees"


def test_mixed_model_that_is_too_large_says_so(monkeypatch):
    findings = analyse(ratings_of(listeners=8))
    monkeypatch.setattr(mixed, "MAX_LEVELS", 10)
    crossed = findings.primary.crossed
    checked = mixed.check_by_mixed_model(findings.scores, "autofx_f", "random", crossed)
    assert checked.status == "not fitted: 14 listeners and items are too many"


def test_every_other_route_agrees_on_a_clear_difference():
    findings = analyse(ratings_of())
    assert len(findings.routes) == 5
    assert all(r.same_sign and r.same_decision for r in findings.routes)


def test_identical_listeners_agree_fully():
    table = simulate_ratings()
    first = table[table["session"] == "session-000"]
    copies = [first.assign(session=f"copy-{n}") for n in range(4)]
    noise = np.random.default_rng(0).normal(0, 0.01, 4 * len(first))
    same = pd.concat(copies, ignore_index=True)
    same["score"] = np.clip(same["score"] + noise, 0, 100)
    scores = tabulate(ratings_of(same))
    assert measure_reliability(scores)[0].icc_single > 0.999
    assert np.nanmin(listener_correlations(scores)) > 0.999


def test_random_raters_do_not_agree():
    table = simulate_ratings(listeners=10, items=10)
    table["score"] = np.random.default_rng(2).integers(0, 101, len(table)).astype(float)
    got = measure_reliability(tabulate(ratings_of(table)))[0]
    assert got.single_low < 0.0 < got.single_high


def test_repeated_trials_are_averaged_and_measured():
    table = simulate_ratings()
    again = table[table["item"] == "item-00"].copy()
    again["trial_position"] = 99
    again["score"] = np.clip(again["score"] + 4, 0, 100)
    ratings = ratings_of(pd.concat([table, again], ignore_index=True))
    repeats = measure_repeats(ratings)
    assert repeats.n_cells == len(again)
    assert repeats.median_distance == 4
    assert repeats.correlation > 0.99
    assert len(tabulate(ratings).listeners) == 8


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


def test_distance_that_ranks_as_listeners_do_correlates_fully_and_negatively(tmp_path):
    distances = {"reference": 0.0, "autofx_f": 1.0, "mlp_163nc": 2.0, "random": 3.0, "clean": 4.0}
    scores = tabulate(ratings_of(listeners=40))
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


@pytest.mark.parametrize(
    ("listeners", "items", "gap", "known"), [(17, 30, 10, 0.78), (17, 30, 30, 1.0)]
)
def test_power_of_known_designs(listeners, items, gap, known):
    se, df = power.standard_error(listeners, items, power.Spread())
    assert power.power_of(gap, se, df) == pytest.approx(known, abs=0.01)


def test_power_formula_agrees_with_simulation():
    spread = power.Spread()
    se, df = power.standard_error(12, 15, spread)
    simulated = power.simulate_power(
        12.0, (12, 15, 15), spread, alpha=0.05, simulations=600, seed=4
    )
    assert simulated == pytest.approx(power.power_of(12.0, se, df), abs=0.06)


def test_power_at_no_gap_is_alpha():
    assert power.power_of(0.0, 3.0, 20.0) == pytest.approx(0.05)


def test_detectable_gap_is_found_with_the_power_asked_for():
    gap = power.detectable_gap(3.0, 20.0, power=0.8)
    assert power.power_of(gap, 3.0, 20.0) == pytest.approx(0.8, abs=1e-6)


def test_listeners_who_rate_a_part_share_the_sounds_evenly():
    rated = power.assign_items(10, 15, 6)
    assert (rated.sum(axis=1) == 6).all()
    assert (rated.sum(axis=0) == 4).all()


def test_pilot_gives_back_the_spread_it_was_drawn_from():
    conditions = {"a": ("estimated", 50.0), "b": ("random", 50.0), "c": ("control", 45.0)}
    table = simulate_ratings(listeners=40, items=40, seed=3, conditions=conditions)
    spread = power.spread_from_pilot(tabulate(ratings_of(table)))
    assert (spread.listener, spread.item) == pytest.approx((4, 4), abs=1)
    assert spread.residual == pytest.approx(8, abs=0.5)


def test_planner_prints_a_table_and_writes_its_files(tmp_path, ratings_csv):
    arguments = ["--listeners", "8,12", "--items", "6", "--simulations", "50", "-o", str(tmp_path)]
    result = CliRunner().invoke(power.main, [*arguments, "--pilot", str(ratings_csv)])
    assert result.exit_code == 0, result.output
    assert "from pilot ratings.csv" in result.output
    names = {path.name for path in tmp_path.iterdir()}
    assert {"power.csv", "power.tex", "power.svg", "power.pdf", "power.png"} <= names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--listeners", "two"], "not a list of whole numbers"),
        (["--listeners", "2"], "2 is too few; at least 3"),
        (["--pilot", "none.csv"], "none.csv: No such file"),
    ],
)
def test_planner_refuses_what_it_cannot_plan(arguments, message):
    result = CliRunner().invoke(power.main, arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_planner_help_ends_in_an_example():
    output = CliRunner().invoke(power.main, ["--help"]).output
    assert "Example: python -m analysis.power" in " ".join(output.split()[-20:])
