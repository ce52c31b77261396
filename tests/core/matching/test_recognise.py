"""The effect classifier names the class of effects on recordings that it was not trained on."""

import numpy as np
import pytest
from support.trained import training_recordings

from autofx_core.audio import (
    LISTENING_RATE_HZ,
    AudioError,
    normalize_peak,
)
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, draw_setting, render
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.matching.recognise import recognise
from autofx_core.networks.registry import read_card
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.tables import read_evaluation


@pytest.fixture(scope="module")
def unseen_clean():
    notes = [
        n for n in builtin_notes() if n.recording not in training_recordings("effect_classifier")
    ]
    return [normalize_peak(note.read()) for note in notes[:: len(notes) // 8][:8]]


@pytest.mark.parametrize(
    ("effect_class", "wanted"),
    [
        ("modulation", 0.9),
        ("delay", 0.9),
        ("distortion", 0.9),
        ("reverb", 0.7),
        ("tremolo", 0.8),
        ("dry", 0.6),
    ],
)
def test_classes_are_recognised_on_unseen_recordings(unseen_clean, effect_class, wanted):
    rng = np.random.default_rng(5)
    right = []
    for clean in unseen_clean:
        for pedal in PEDAL_MODELS.values():
            if pedal.effect_class == effect_class:
                wet = pedal.render(clean, LISTENING_RATE_HZ, pedal.draw(rng))
                right.append(next(iter(recognise(wet, LISTENING_RATE_HZ).classes)) == effect_class)
        if effect_class in EFFECTS:
            wet = render(effect_class, clean, LISTENING_RATE_HZ, draw_setting(rng, effect_class))
            right.append(next(iter(recognise(wet, LISTENING_RATE_HZ).classes)) == effect_class)
    assert np.mean(right) >= wanted


def test_probabilities_are_ranked_and_sum_to_one(unseen_clean):
    found = recognise(unseen_clean[0], LISTENING_RATE_HZ).classes
    assert set(found) == set(CLASSES)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_each_of_the_eleven_effects_is_named_by_its_plainest_pedal(unseen_clean):
    plain = {
        "flanger": ("flanger", dict(rate_hz=0.5, depth=1.0, feedback=0.8)),
        "vibrato": ("vibrato", dict(rate_hz=5.0, deviation_cents=50.0)),
        "slapback delay": ("digital_slap", dict(delay_ms=120.0, level=0.8)),
        "feedback delay": ("digital_echo", dict(delay_ms=300.0, feedback=0.6, mix=0.5)),
        "distortion": ("high_gain_amp", dict(drive_db=50.0, mid_db=0.0)),
        "tremolo": ("sine_tremolo", dict(rate_hz=5.0, depth=0.8)),
    }
    for effect, (name, setting) in plain.items():
        waves = [PEDAL_MODELS[name].render(w, LISTENING_RATE_HZ, setting) for w in unseen_clean]
        named = [next(iter(recognise(wave, LISTENING_RATE_HZ).effects)) for wave in waves]
        assert np.mean([guess == effect for guess in named]) >= 0.6, effect


def test_the_classes_are_sums_of_the_effects(unseen_clean):
    found = recognise(unseen_clean[0], LISTENING_RATE_HZ)
    classes, effects = found.classes, found.effects
    assert set(effects) == set(EFFECT_NAMES)
    for effect_class, probability in classes.items():
        own = [p for name, p in effects.items() if EFFECT_NAMES[name] == effect_class]
        assert probability == pytest.approx(sum(own), abs=1e-5)


def test_the_effect_classifier_is_better_than_the_originals_on_sounds_of_neither_training():
    evaluation = read_evaluation()
    accuracy = {(row["network"], row["part"]): row["accuracy_6"] for row in evaluation["accuracy"]}
    card = read_card("effect_classifier")
    for part in ("unseen_recording", "unseen_instrument"):
        assert accuracy["effect_classifier", part] == card["metrics"][part]["accuracy_6"]
        assert accuracy["effect_classifier", part] > accuracy["original_classifier", part] + 0.05
    *pedals, mean = evaluation["pedals"]
    assert {row["pedal"] for row in pedals} == {*EFFECTS, *PEDAL_MODELS}
    for part in ("unseen_recording", "unseen_instrument"):
        assert mean[part] == pytest.approx(np.mean([row[part] for row in pedals]), abs=1e-3)


def test_silence_is_refused():
    with pytest.raises(AudioError, match="the sound: is silent"):
        recognise(np.zeros((1, 44_100), dtype=np.float32), LISTENING_RATE_HZ)
