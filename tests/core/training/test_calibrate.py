"""Prediction intervals hold as many true settings as they promise."""

import numpy as np
import pytest
from support.calibration_sets import make_calibration_sets

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.prediction_intervals import SHARE, CalibrationSet, prediction_interval
from autofx_core.training.calibrate import coverage, fit_span

pytestmark = pytest.mark.slow


def test_four_of_five_settings_lie_in_their_intervals():
    rng = np.random.default_rng(0)
    shares = coverage(make_calibration_sets(rng, 400), make_calibration_sets(rng, 200))
    for family in EFFECTS:
        assert shares[family] == pytest.approx(0.8, abs=0.05)


def estimates_of_recordings(rng, recordings, sounds=40):
    """Estimates of a delay whose errors on one recording resemble each other."""
    estimates = rng.uniform(0.4, 0.6, (recordings * sounds, 3))
    of_recording = np.repeat(rng.normal(0, 0.08, (recordings, 3)), sounds, axis=0)
    truths = estimates + of_recording + rng.normal(0, 0.04, estimates.shape)
    return estimates, truths, np.repeat(np.arange(recordings), sounds)


def test_intervals_hold_four_of_five_settings_of_recordings_outside_the_calibration_set():
    rng = np.random.default_rng(3)
    inside, naive = [], []
    for _ in range(20):
        estimates, truths, recordings = estimates_of_recordings(rng, 8)
        new_estimates, new_truths, _ = estimates_of_recordings(rng, 8)
        span = fit_span(estimates, truths, recordings)
        for found, wanted in ((inside, span), (naive, SHARE)):
            calibration = CalibrationSet(estimates, truths, wanted)
            effect = EFFECTS["delay"]
            for estimate, truth in zip(new_estimates[::16], new_truths[::16], strict=True):
                ranges = prediction_interval(calibration, effect, effect.denormalize(estimate))
                real = effect.denormalize(truth).values()
                found += [
                    low <= value <= high
                    for (low, high), value in zip(ranges.values(), real, strict=True)
                ]
    assert np.mean(inside) == pytest.approx(SHARE, abs=0.05)
    assert np.mean(naive) < np.mean(inside) - 0.03


def test_the_span_of_a_single_recording_is_taken_as_it_is():
    estimates, truths, recordings = estimates_of_recordings(np.random.default_rng(4), 1)
    assert fit_span(estimates, truths, recordings) == SHARE
