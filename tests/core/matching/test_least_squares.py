"""Settings follow from the clean sound and the reference where the effect's equations are known."""

from dataclasses import replace

import numpy as np
import pedalboard
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.table import EFFECTS, denormalize, draw_setting, render
from autofx_core.matching.least_squares import INVERSIONS
from autofx_core.matching.least_squares.chorus import delay_ms
from autofx_core.matching.least_squares.distortion import shelf_response
from autofx_core.metrics.distances import mrstft_distance
from autofx_core.sources.clean import builtin_notes

NOTES = builtin_notes("validation")
SOUNDS = 8


def sounds(effect_class, sample_rate=ANALYSIS_RATE_HZ, seed=0):
    """Clean notes, their processed versions and the true settings."""
    rng = np.random.default_rng(seed)
    for note in NOTES[:: len(NOTES) // SOUNDS][:SOUNDS]:
        clean = normalize_peak(note.read(sample_rate))[:, : int(1.6 * sample_rate)]
        setting = draw_setting(rng, effect_class)
        yield clean, normalize_peak(render(effect_class, clean, sample_rate, setting)), setting


def invert(effect_class, clean, wet, sample_rate=ANALYSIS_RATE_HZ):
    return INVERSIONS[effect_class](clean[0].astype(float), wet[0].astype(float), sample_rate)


@pytest.mark.parametrize("effect_class", INVERSIONS)
def test_the_setting_sounds_like_the_reference(effect_class):
    distances = [
        mrstft_distance(
            wet,
            render(effect_class, clean, ANALYSIS_RATE_HZ, invert(effect_class, clean, wet)[0]),
            ANALYSIS_RATE_HZ,
        )
        for clean, wet, _ in sounds(effect_class)
    ]
    assert np.median(distances) < 0.1  # nepers; random settings are at about 1.5


@pytest.mark.parametrize("sample_rate", [22_050, 44_100])
def test_a_delay_is_found_to_the_sample_with_its_feedback_and_mix(sample_rate):
    for clean, wet, setting in sounds("delay", sample_rate):
        found = invert("delay", clean, wet, sample_rate)[0]
        assert int(found["delay_seconds"] * sample_rate) == int(
            setting["delay_seconds"] * sample_rate
        )
        assert found["mix"] == pytest.approx(setting["mix"], abs=0.01)
        second_echo_s = 2 * setting["delay_seconds"]
        if setting["mix"] > 0.05 and second_echo_s < 1.0:  # otherwise it is not heard
            assert found["feedback"] == pytest.approx(setting["feedback"], abs=0.02)


def test_a_drive_is_found_within_half_a_decibel():
    errors = [
        abs(invert("distortion", clean, wet)[0]["drive_db"] - setting["drive_db"])
        for clean, wet, setting in sounds("distortion")
    ]
    assert np.median(errors) < 0.1
    assert max(errors) < 0.5


def test_an_oscillator_is_found_to_a_hundredth_of_a_hertz():
    setting = {
        "rate_hz": 3.7,
        "depth": 0.6,
        "centre_delay_ms": 9.0,
        "feedback": 0.3,
        "mix": 0.5,
    }
    for clean, _, _ in list(sounds("modulation"))[::2]:
        wet = render("modulation", clean, ANALYSIS_RATE_HZ, setting)
        found = invert("modulation", clean, wet)[0]
        assert found["rate_hz"] == pytest.approx(3.7, abs=0.01)
        assert found["centre_delay_ms"] == pytest.approx(9.0, abs=0.1)
        assert found["mix"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("effect_class", INVERSIONS)
def test_the_references_level_does_not_matter(effect_class):
    clean, wet, _ = next(sounds(effect_class))
    loud, soft = (invert(effect_class, clean, gain * wet)[0] for gain in (1.0, 0.01))
    assert soft == pytest.approx(loud, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("high", [False, True])
def test_the_shelf_formula_is_the_plugins_response(high):
    make = pedalboard.HighShelfFilter if high else pedalboard.LowShelfFilter
    plugin = make(cutoff_frequency_hz=700.0, gain_db=-8.0, q=1.4)
    impulse = np.zeros((1, 8192), dtype=np.float32)
    impulse[0, 0] = 1.0
    response = np.fft.rfft(plugin(impulse, ANALYSIS_RATE_HZ)[0])
    frequency_hz = np.fft.rfftfreq(8192, 1 / ANALYSIS_RATE_HZ)
    formula = shelf_response(
        frequency_hz, ANALYSIS_RATE_HZ, cutoff_hz=700.0, gain_db=-8.0, q=1.4, high=high
    )
    np.testing.assert_allclose(formula, response, atol=1e-4)


def test_the_delay_formula_is_the_plugins():
    """A ramp comes out as itself, later: the difference is the delay."""
    samples = 30_000
    ramp = (np.arange(samples) / samples).astype(np.float32)[np.newaxis]
    oscillator = np.array([0.4, 0.7, 0.6])
    setting = denormalize("modulation", [*oscillator, 0.0, 1.0])
    effect = EFFECTS["modulation"]
    late = ramp - effect.render(ramp, ANALYSIS_RATE_HZ, setting, lfo_phase=(0.3,))
    found_ms = late[0].astype(float) * samples / ANALYSIS_RATE_HZ * 1000
    expected_ms = delay_ms(np.append(oscillator, 0.3), np.arange(samples) / ANALYSIS_RATE_HZ)
    np.testing.assert_allclose(found_ms[1000:], expected_ms[1000:], atol=0.02)


WIDER = {"rate_hz": (0.1, 14.0), "centre_delay_ms": (0.0, 30.0), "delay_seconds": (0.0, 1.3)}
BEYOND = {
    "modulation": dict(rate_hz=12.0, depth=0.4, centre_delay_ms=26.0, feedback=0.2, mix=0.5),
    "delay": dict(delay_seconds=1.15, feedback=0.2, mix=0.5),
}


@pytest.mark.parametrize("effect_class", BEYOND)
def test_a_range_that_is_changed_in_the_table_is_searched(effect_class, monkeypatch):
    effect, setting = EFFECTS[effect_class], BEYOND[effect_class]
    clean, *_ = next(sounds(effect_class))
    stage = effect.stages[0]
    parameters = tuple(
        replace(p, low=WIDER.get(p.name, (p.low,))[0], high=WIDER.get(p.name, (p.high,))[-1])
        for p in stage.parameters
    )
    wider = replace(effect, stages=(replace(stage, parameters=parameters),))
    monkeypatch.setitem(EFFECTS, effect_class, wider)
    wet = normalize_peak(render(effect_class, clean, ANALYSIS_RATE_HZ, setting))
    found = invert(effect_class, clean, wet)[0]
    for name in WIDER.keys() & setting.keys():
        assert found[name] == pytest.approx(setting[name], rel=0.02)
    assert found["mix"] == pytest.approx(0.5, abs=0.05)
