"""Refinement finds settings by playing the effect, within its renders, for any declared effect."""

import numpy as np
import pedalboard
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.registry import FURTHER, find_effect
from autofx_core.effects.table import EFFECTS, Effect, Parameter, Stage, draw_setting
from autofx_core.matching.refine import NeedsCleanError, RefineOptions, refine
from autofx_core.metrics.distances import mrstft_distance
from autofx_core.sources.clean import builtin_notes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clean():
    note = builtin_notes("validation")[3]
    return normalize_peak(note.read(ANALYSIS_RATE_HZ))[:, :35_000]


def play(effect, clean, setting):
    return normalize_peak(effect.render(clean, ANALYSIS_RATE_HZ, setting))


def distance(effect, clean, reference, setting):
    return mrstft_distance(reference, play(effect, clean, setting), ANALYSIS_RATE_HZ)


@pytest.mark.parametrize("effect_class", EFFECTS)
def test_the_generic_effects_are_found_to_a_fifth_of_a_neper(effect_class, clean):
    effect = EFFECTS[effect_class]
    for seed in range(3):
        reference = play(effect, clean, draw_setting(np.random.default_rng(seed), effect_class))
        found = refine(effect, reference, clean, sample_rate=ANALYSIS_RATE_HZ)
        assert distance(effect, clean, reference, found.parameters) < 0.2
        assert found.renders <= 300


@pytest.mark.parametrize("name", [*EFFECTS, *FURTHER])
def test_an_effect_sounds_the_same_whatever_it_played_before(name, clean):
    effect = find_effect(name)
    settings = [effect.denormalize(np.full(len(effect.parameters), x)) for x in (0.6, 0.3)]
    first = play(effect, clean, settings[0])
    play(effect, clean[:, :9_000], settings[1])
    np.testing.assert_array_equal(play(effect, clean, settings[0]), first)


@pytest.mark.parametrize("name", [*FURTHER, "distortion+delay", "compressor+tremolo"])
def test_any_declared_effect_comes_nearer_than_its_defaults(name, clean):
    effect = find_effect(name)
    rng = np.random.default_rng(1)
    reference = play(effect, clean, effect.denormalize(rng.uniform(size=len(effect.parameters))))
    found = refine(effect, reference, clean, sample_rate=ANALYSIS_RATE_HZ)
    before = distance(effect, clean, reference, {p.name: p.default for p in effect.parameters})
    # of the phaser no equation is known, and its oscillator is often missed
    wanted = 0.85 if name == "phaser" else 0.6
    assert distance(effect, clean, reference, found.parameters) < wanted * before


def test_a_plugin_of_ones_own_needs_only_its_parameters_declared(clean):
    declared = (Parameter("cutoff_frequency_hz", "Hz", 200.0, 5000.0, 1000.0),)
    effect = Effect("filter", "Low-pass", (Stage(pedalboard.LowpassFilter, "", declared),))
    reference = play(effect, clean, {"cutoff_frequency_hz": 2345.0})
    found = refine(effect, reference, clean, sample_rate=ANALYSIS_RATE_HZ)
    assert found.parameters["cutoff_frequency_hz"] == pytest.approx(2345.0, rel=0.01)


@pytest.mark.parametrize("renders", [12, 40, 77])
def test_it_never_plays_more_often_than_allowed_and_returns_how_often(clean, renders):
    effect = find_effect("phaser")
    reference = play(effect, clean, effect.denormalize(np.full(5, 0.3)))
    played = []
    found = refine(
        effect,
        reference,
        clean,
        sample_rate=ANALYSIS_RATE_HZ,
        options=RefineOptions(renders=renders),
        progress=played.append,
    )
    assert sum(played) == found.renders <= renders


def test_the_same_seed_gives_the_same_settings_and_leaves_numpys_chance_alone(clean):
    effect = find_effect("reverb")
    reference = play(effect, clean, effect.denormalize(np.array([0.8, 0.2, 0.6, 0.4])))
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the one not to be touched
    first, second = (
        refine(
            effect,
            reference,
            clean,
            sample_rate=ANALYSIS_RATE_HZ,
            options=RefineOptions(renders=80, seed=4),
        )
        for _ in range(2)
    )
    assert first == second
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_parameter_that_cannot_be_heard_stays_where_it_started(clean):
    """Without low shelf gain its cutoff does nothing."""
    effect = EFFECTS["distortion"]
    truth = {p.name: p.default for p in effect.parameters}
    start = truth | {"low_shelf_cutoff_frequency_hz": 111.0, "drive_db": 30.0}
    found = refine(
        effect,
        play(effect, clean, truth),
        clean,
        sample_rate=ANALYSIS_RATE_HZ,
        options=RefineOptions(starts=[start], invert=False),
    )
    assert found.parameters["drive_db"] == pytest.approx(truth["drive_db"], abs=0.2)
    assert found.parameters["low_shelf_cutoff_frequency_hz"] == pytest.approx(111.0, abs=60.0)


def test_without_the_clean_sound_it_refuses(clean):
    with pytest.raises(NeedsCleanError, match="needs the clean sound"):
        refine(EFFECTS["delay"], clean, None, sample_rate=ANALYSIS_RATE_HZ)
