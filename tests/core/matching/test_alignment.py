"""The offset between two takes of the same playing is found, and none is made up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.table import EFFECTS, render
from autofx_core.matching.alignment import find_offset, shift
from autofx_core.matching.match import match
from autofx_core.sources.clean import builtin_notes

NOTE = normalize_peak(builtin_notes("validation")[7].read(ANALYSIS_RATE_HZ))[:, :22_050]
WITH_LEAD = np.pad(NOTE, ((0, 0), (2000, 0)))


@settings(max_examples=30)
@given(samples=st.integers(-1500, 1500))
def test_a_take_that_starts_elsewhere_is_placed_to_the_sample(samples):
    found = find_offset(WITH_LEAD, shift(WITH_LEAD, samples), ANALYSIS_RATE_HZ)
    assert found in ((samples,) if abs(samples) > 20 else (0, samples))  # a millisecond may stay


def test_takes_that_start_together_stay():
    assert find_offset(NOTE, 0.1 * NOTE, ANALYSIS_RATE_HZ) == 0


@pytest.mark.parametrize("samples", [-300, 700])
def test_a_match_finds_the_offset_of_a_distorted_take_and_follows_it(samples):
    setting = {p.name: p.default for p in EFFECTS["distortion"].parameters} | {"drive_db": 33.0}
    wet = normalize_peak(render("distortion", WITH_LEAD, ANALYSIS_RATE_HZ, setting))
    found = match(
        shift(wet, samples),
        WITH_LEAD,
        sample_rate=ANALYSIS_RATE_HZ,
        method="refined",
        effect="distortion",
    )
    assert found.offset_samples == samples
    assert found.parameters["drive_db"] == pytest.approx(33.0, abs=0.2)
    assert found.distances["mrstft"] < 0.05
