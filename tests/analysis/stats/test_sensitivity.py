"""The primary comparison by other methods."""

import csv
from pathlib import Path

import numpy as np
import pytest
from support.simulated_ratings import findings_of

from analysis.ratings.readers import read_file
from analysis.ratings.scores import tabulate
from analysis.stats.sensitivity import crossed_bootstrap

EXPECTED = Path(__file__).parents[2] / "expected"
BOOTSTRAP_POINTS = 0.6  # both draw at random; a percentile of 10,000 resamples has an SD of 0.17
with (EXPECTED / "analysis_bootstrap.csv").open(encoding="utf-8") as file:
    WITNESSES = list(csv.DictReader(file))


def test_every_robustness_check_agrees_on_a_clear_difference():
    findings = findings_of()
    assert len(findings.robustness) == 5
    assert all(r.same_sign and r.same_decision for r in findings.robustness)


@pytest.mark.parametrize(
    "witness", WITNESSES, ids=lambda w: f"{w['a']}-{w['b']}-{w['nested']}-{w['incomplete']}"
)
def test_crossed_bootstrap_equals_one_in_r(witness):
    scores = tabulate(read_file(EXPECTED / "analysis_ratings.csv"))
    table = scores.difference(witness["a"], witness["b"])
    if witness["incomplete"] == "TRUE":
        table[np.arange(9), [0, 3, 6, 9, 1, 4, 7, 10, 2]] = np.nan
    families = scores.families if witness["nested"] == "TRUE" else None
    low, high, _ = crossed_bootstrap(table, seed=1, families=families)
    expected = (float(witness["low"]), float(witness["high"]))
    assert (low, high) == pytest.approx(expected, abs=BOOTSTRAP_POINTS)
