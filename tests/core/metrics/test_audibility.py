"""The strength of an effect: what is no effect, and what grows with it."""

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import render
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB, strength_db
from autofx_core.sources.clean import builtin_notes


@pytest.fixture(scope="module")
def clean():
    note = next(n for n in builtin_notes("test") if n.midi == 50)
    return fit_length(normalize_peak(note.read(ANALYSIS_RATE_HZ)))


def strength(clean, wet):
    return strength_db(torch.from_numpy(clean), torch.from_numpy(normalize_peak(wet))).item()


def test_a_gain_and_a_tone_control_are_no_effect(clean):
    assert strength(clean, 0.3 * clean) < 1e-3
    setting = dict(bass_db=3.0, treble_db=-3.0)
    tone = PEDAL_MODELS["amp_tone"].render(clean, ANALYSIS_RATE_HZ, setting)
    assert strength(clean, tone) < UNAMBIGUOUS_DB


def test_an_echo_is_the_stronger_the_louder_it_is(clean):
    found = [
        strength(
            clean,
            render(
                "delay",
                clean,
                ANALYSIS_RATE_HZ,
                dict(delay_seconds=0.3, feedback=0.3, mix=mix),
            ),
        )
        for mix in (0.001, 0.1, 0.5)
    ]
    assert found[0] < AUDIBLE_DB
    assert UNAMBIGUOUS_DB < found[1] < found[2]


@pytest.mark.parametrize("late_s", [0.01, 0.3])
def test_the_same_note_later_is_no_effect(clean, late_s):
    late = np.pad(clean, ((0, 0), (round(late_s * ANALYSIS_RATE_HZ), 0)))[:, : clean.shape[1]]
    assert strength(clean, late) < 0.05
    still = dict(rate_hz=1.0, depth=0.0, centre_delay_ms=10.0, feedback=0.0, mix=1.0)
    assert strength(clean, render("modulation", clean, ANALYSIS_RATE_HZ, still)) < AUDIBLE_DB
    moved = still | dict(depth=0.5)
    assert strength(clean, render("modulation", clean, ANALYSIS_RATE_HZ, moved)) > UNAMBIGUOUS_DB
