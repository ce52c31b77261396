"""The mixed model as a cross-check of the closed form."""

import numpy as np
import pytest
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.stats import mixed_model


def test_mixed_model_agrees_where_families_are_nested():
    findings = findings_of(participants=12, items=9)
    assert findings.mixed.status == "agrees"
    assert findings.mixed.estimate == pytest.approx(findings.primary.crossed.estimate)


def test_mixed_model_agrees_where_cells_are_missing():
    table = simulate_ratings(participants=12, items=9)
    keep = np.random.default_rng(1).random(len(table)) > 0.15
    findings = findings_of(table[keep])
    assert findings.primary.crossed.method == "two-way clustered"
    assert findings.mixed.status == "agrees"


def test_mixed_model_that_is_too_large_says_so(monkeypatch):
    findings = findings_of(participants=8)
    monkeypatch.setattr(mixed_model, "MAX_LEVELS", 10)
    checked = mixed_model.check_by_mixed_model(findings.scores, findings.primary)
    assert checked.status == "not fitted: 14 participants and items are too many"
