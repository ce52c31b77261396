"""The effects do what their closed forms say, and the table describes them truly."""

import numpy as np
import pedalboard
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofx_core.effects.table import (
    EFFECTS,
    N_PARAMETERS,
    SLICES,
    denormalize,
    draw_setting,
    normalize,
    render,
)
from autofx_core.effects.taxonomy import CLASSES

RATE_HZ = 22_050
CLOSED_FORM_TOLERANCE = 2e-6  # float32 arithmetic against float64
CHORUS_RMS_TOLERANCE = 0.02  # pedalboard smooths its delay line's control signal


def noise(seconds=0.5, seed=0, level=0.3):
    samples = np.random.default_rng(seed).standard_normal((1, int(seconds * RATE_HZ)))
    return (level * samples).astype(np.float32)


def neutral(effect_class, **changes):
    return {p.name: p.default for p in EFFECTS[effect_class].parameters} | changes


def test_the_table_has_the_fifteen_parameters_of_autofx():
    assert N_PARAMETERS == 15
    assert [
        SLICES[effect_class].stop for effect_class in ("modulation", "delay", "distortion")
    ] == [5, 8, 15]
    assert tuple(EFFECTS) == CLASSES[:3]
    assert CLASSES[5] == "dry"


@pytest.mark.parametrize("effect_class", EFFECTS)
def test_every_default_lies_within_its_range_and_renders_finite_sound(effect_class):
    setting = {p.name: p.default for p in EFFECTS[effect_class].parameters}
    wet = render(effect_class, noise(), RATE_HZ, setting)
    assert wet.shape == (1, RATE_HZ // 2)
    assert np.isfinite(wet).all()
    assert np.abs(wet).max() > 0.01


def test_delay_echoes_an_impulse_at_the_set_time_and_level():
    impulse = np.zeros((1, RATE_HZ), dtype=np.float32)
    impulse[0, 0] = 1.0
    wet = render("delay", impulse, RATE_HZ, {"delay_seconds": 0.2, "feedback": 0.5, "mix": 0.25})
    expected = np.zeros(RATE_HZ)
    lag = int(0.2 * RATE_HZ)
    expected[0] = 0.75
    for repeat in range(1, 5):
        if repeat * lag < RATE_HZ:
            expected[repeat * lag] = 0.25 * 0.5 ** (repeat - 1)
    np.testing.assert_allclose(wet[0], expected, atol=CLOSED_FORM_TOLERANCE)


def test_distortion_without_shelves_is_tanh_of_the_driven_wave():
    dry = noise()
    wet = render("distortion", dry, RATE_HZ, neutral("distortion", drive_db=20.0))
    np.testing.assert_allclose(wet, np.tanh(10.0 * dry), atol=CLOSED_FORM_TOLERANCE)


def shelf_response(kind, cutoff_hz, gain_db, q, frequency_hz):
    """Magnitude of the RBJ cookbook's shelf with slope given by q."""
    a = 10 ** (gain_db / 40)
    w0 = 2 * np.pi * cutoff_hz / RATE_HZ
    beta = np.sin(w0) * np.sqrt(a) / q
    sign = 1 if kind == "low" else -1
    b = a * np.array(
        [
            (a + 1) - sign * (a - 1) * np.cos(w0) + beta,
            sign * 2 * ((a - 1) - sign * (a + 1) * np.cos(w0)),
            (a + 1) - sign * (a - 1) * np.cos(w0) - beta,
        ]
    )
    den = np.array(
        [
            (a + 1) + sign * (a - 1) * np.cos(w0) + beta,
            -sign * 2 * ((a - 1) + sign * (a + 1) * np.cos(w0)),
            (a + 1) + sign * (a - 1) * np.cos(w0) - beta,
        ]
    )
    z = np.exp(-2j * np.pi * frequency_hz / RATE_HZ * np.arange(3)[:, None])
    return np.abs(b @ z) / np.abs(den @ z)


@pytest.mark.parametrize("kind", ["low", "high"])
def test_shelves_follow_the_cookbook_formula(kind):
    impulse = np.zeros((1, 8192), dtype=np.float32)
    impulse[0, 0] = 1e-3  # tanh is linear here
    prefix = f"{kind}_shelf_"
    cutoff_hz = {"low": 200.0, "high": 1200.0}[kind]
    setting = neutral("distortion", drive_db=0.0) | {
        f"{prefix}cutoff_frequency_hz": cutoff_hz,
        f"{prefix}gain_db": 8.0,
        f"{prefix}q": 1.3,
    }
    wet = render("distortion", impulse, RATE_HZ, setting)
    frequency_hz = np.fft.rfftfreq(8192, 1 / RATE_HZ)[4:2000]
    measured = np.abs(np.fft.rfft(wet[0]))[4:2000] / 1e-3
    expected = shelf_response(kind, cutoff_hz, 8.0, 1.3, frequency_hz)
    np.testing.assert_allclose(20 * np.log10(measured / expected), 0.0, atol=0.05)


def test_chorus_is_a_modulated_delay_line():
    # JUCE's Chorus: delay = max(1, 20·½·depth·(−sin 2πft) + centre) ms, linear interpolation
    rate_hz, depth, centre_ms, mix = 1.5, 0.6, 9.0, 0.5
    seconds = 1.0
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    dry = np.sin(2 * np.pi * 220 * time_s).astype(np.float32)[None]
    wet = render(
        "modulation",
        dry,
        RATE_HZ,
        {
            "rate_hz": rate_hz,
            "depth": depth,
            "centre_delay_ms": centre_ms,
            "feedback": 0.0,
            "mix": mix,
        },
    )
    delay_ms = np.maximum(1, 10 * depth * -np.sin(2 * np.pi * rate_hz * time_s) + centre_ms)
    position = np.arange(time_s.size) - delay_ms / 1000 * RATE_HZ
    delayed = np.interp(position, np.arange(time_s.size), dry[0], left=0.0)
    expected = (1 - mix) * dry[0] + mix * delayed
    settled = slice(int(0.1 * RATE_HZ), None)
    error = np.sqrt(np.mean((wet[0, settled] - expected[settled]) ** 2))
    assert error < CHORUS_RMS_TOLERANCE * np.sqrt(np.mean(expected[settled] ** 2))


@pytest.mark.parametrize("effect_class", EFFECTS)
def test_an_effect_renders_the_bytes_of_a_pedalboard_with_the_same_settings(effect_class):
    rng = np.random.default_rng(3)
    dry = noise()
    for _ in range(4):
        setting = draw_setting(rng, effect_class)
        chain = pedalboard.Pedalboard(
            [
                stage.plugin(
                    **{p.name.removeprefix(stage.prefix): setting[p.name] for p in stage.parameters}
                )
                for stage in EFFECTS[effect_class].stages
            ]
        )
        np.testing.assert_array_equal(
            render(effect_class, dry, RATE_HZ, setting), chain(dry, RATE_HZ, reset=True)
        )


@pytest.mark.parametrize("effect_class", EFFECTS)
@given(data=st.data())
def test_normalize_undoes_denormalize(effect_class, data):
    size = len(EFFECTS[effect_class].parameters)
    vector = data.draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    np.testing.assert_allclose(
        normalize(effect_class, denormalize(effect_class, vector)), vector, atol=1e-12
    )


def test_a_value_in_the_wrong_unit_is_refused_with_range_and_unit():
    setting = {"delay_seconds": 350.0, "feedback": 0.0, "mix": 0.5}
    with pytest.raises(ValueError, match=r"delay_seconds must be in \[0, 1\] s, got 350"):
        render("delay", noise(), RATE_HZ, setting)


def test_a_missing_and_an_unknown_parameter_are_named():
    with pytest.raises(ValueError, match="'mix' is missing"):
        normalize("delay", {"delay_seconds": 0.1, "feedback": 0.0})
    with pytest.raises(ValueError, match="unknown parameter 'wet'"):
        normalize("delay", {"delay_seconds": 0.1, "feedback": 0.0, "mix": 0.1, "wet": 1.0})
