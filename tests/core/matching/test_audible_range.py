"""Intervals hold what sounds the same, or what was true for similar answers."""

import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.table import EFFECTS
from autofx_core.matching.audible_range import inaudible, indistinguishable_range
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance
from autofx_core.sources.clean import builtin_notes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clean():
    return normalize_peak(builtin_notes("validation")[3].read(ANALYSIS_RATE_HZ))[:, :22_050]


def setting(effect_class, **changes):
    return {p.name: p.default for p in EFFECTS[effect_class].parameters} | changes


def test_the_ends_of_an_interval_are_at_the_threshold_of_hearing(clean):
    effect, here = EFFECTS["delay"], setting("delay", mix=0.5, feedback=0.4, delay_seconds=0.2)
    for name, ends in indistinguishable_range(effect, clean, ANALYSIS_RATE_HZ, here).items():
        for end in ends:
            sounds = [effect.render(clean, ANALYSIS_RATE_HZ, s) for s in (here, here | {name: end})]
            assert log_mel_distance(*sounds, ANALYSIS_RATE_HZ) < 2 * AUDIBLE_DB
        assert ends[0] <= here[name] <= ends[1]


def test_without_gain_a_shelfs_cutoff_and_q_are_inaudible_but_its_gain_is_not(clean):
    effect, here = EFFECTS["distortion"], setting("distortion", high_shelf_gain_db=0.0)
    intervals = indistinguishable_range(effect, clean, ANALYSIS_RATE_HZ, here)
    unheard = inaudible(effect, intervals)
    assert {"high_shelf_cutoff_frequency_hz", "high_shelf_q"} <= set(unheard)
    assert intervals["high_shelf_cutoff_frequency_hz"] == pytest.approx((500.0, 2000.0))
    assert not {"drive_db", "high_shelf_gain_db"} & set(unheard)
