"""Prediction intervals are as wide as the errors of similar estimates."""

import numpy as np
import pytest
from support.calibration_sets import make_calibration_sets

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.prediction_intervals import (
    SHARE,
    prediction_interval,
    read_calibration,
)
from autofx_core.training.calibrate import write_calibration

pytestmark = pytest.mark.slow


def test_an_interval_is_wide_where_similar_estimates_were_wrong():
    rng = np.random.default_rng(1)
    calibration, effect = make_calibration_sets(rng, 800)["delay"], EFFECTS["delay"]
    width = {}
    for value in (0.1, 0.9):
        ranges = prediction_interval(calibration, effect, effect.denormalize(np.full(3, value)))
        width[value] = np.mean([high - low for low, high in ranges.values()])
        assert all(low <= value <= high for low, high in ranges.values())
    assert width[0.9] > 2 * width[0.1]


def test_a_calibration_set_of_other_weights_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("autofx_core.matching.prediction_intervals.PRETRAINED", tmp_path)
    calibration = make_calibration_sets(np.random.default_rng(2), 60)
    for name in ("same", "retrained", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.pt").write_bytes(b"weights")
    write_calibration(calibration, tmp_path / "same")
    write_calibration(calibration, tmp_path / "retrained")
    (tmp_path / "retrained" / "weights.pt").write_bytes(b"other weights")
    read = read_calibration("same")
    assert set(read) == set(EFFECTS)
    np.testing.assert_allclose(read["delay"].truths, calibration["delay"].truths, atol=1e-3)
    np.testing.assert_allclose(read["delay"].estimates, calibration["delay"].estimates, atol=1e-3)
    assert {name: of_class.span for name, of_class in read.items()} == dict.fromkeys(EFFECTS, SHARE)
    assert read_calibration("retrained") is None
    assert read_calibration("fresh") is None
