"""What refinement makes small: zero for the reference, blind to level, patient with phase."""

import numpy as np
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, resample
from autofx_core.effects.table import render
from autofx_core.matching.search_objective import WEIGHTS, Objective
from autofx_core.sources.clean import builtin_notes


@pytest.fixture(scope="module")
def note():
    return builtin_notes("validation")[0].read(ANALYSIS_RATE_HZ)[:, :35_000]


def chorus(note, **changes):
    setting = {"rate_hz": 5.0, "depth": 0.4, "centre_delay_ms": 8.0, "feedback": 0.0, "mix": 0.5}
    return render("modulation", note, ANALYSIS_RATE_HZ, setting | changes)


def test_the_reference_is_at_zero_at_any_level(note):
    objective = Objective(note[0], ANALYSIS_RATE_HZ)
    np.testing.assert_allclose(objective(np.concatenate([note, 0.1 * note])), 0.0, atol=2e-3)


def test_a_batch_is_measured_as_its_sounds_alone(note):
    objective = Objective(note[0], ANALYSIS_RATE_HZ)
    batch = np.concatenate([chorus(note, depth=depth) for depth in (0.1, 0.5, 0.9)])
    alone = np.concatenate([objective(wave[np.newaxis]) for wave in batch])
    np.testing.assert_allclose(objective(batch), alone, rtol=1e-4)


def test_a_view_that_is_left_out_is_not_heard(note):
    whole = Objective(note[0], ANALYSIS_RATE_HZ).terms(chorus(note))
    assert set(whole) == set(WEIGHTS)
    for view in WEIGHTS:
        alone = Objective(note[0], ANALYSIS_RATE_HZ, {view: 2.0})
        np.testing.assert_allclose(alone(chorus(note)), 2 * whole[view], rtol=1e-4)


def test_the_modulation_spectra_forgive_a_small_error_of_the_rate_sooner(note):
    """A rate that is 4 % off is as far away in time as one that is twice as fast."""
    objective = Objective(chorus(note)[0], ANALYSIS_RATE_HZ)
    near, far = (objective.terms(chorus(note, rate_hz=rate)) for rate in (5.2, 10.0))
    ratio = {view: float(near[view][0] / far[view][0]) for view in WEIGHTS}
    assert ratio["spectra"] > 0.6
    assert ratio["modulation"] < 0.9 * ratio["spectra"]


@pytest.mark.parametrize("sample_rate", [44_100, 48_000, 96_000])
def test_the_distance_hardly_depends_on_the_rate(note, sample_rate):
    wet = chorus(note, mix=0.3)
    expected = Objective(note[0], ANALYSIS_RATE_HZ)(wet)
    dry, processed = (resample(wave, ANALYSIS_RATE_HZ, sample_rate) for wave in (note, wet))
    assert Objective(dry[0], sample_rate)(processed) == pytest.approx(expected, rel=0.1)
