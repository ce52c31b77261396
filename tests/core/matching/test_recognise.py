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


def test_what_comes_before_a_note_does_not_change_what_is_recognised(unseen_clean):
    rng = np.random.default_rng(3)
    model = PEDAL_MODELS["hard_clipper"]
    length = round(0.09 * LISTENING_RATE_HZ)
    finger = np.zeros((1, round(0.3 * LISTENING_RATE_HZ)))
    finger[:, :length] = 10 ** (-45 / 20) * np.hanning(length) * rng.uniform(-1, 1, length)
    for clean in unseen_clean:
        wet = normalize_peak(model.render(clean, LISTENING_RATE_HZ, model.draw(rng)))
        alone = recognise(wet, LISTENING_RATE_HZ).classes
        preceded = np.concatenate([finger, wet], axis=1).astype(np.float32)
        found = recognise(preceded, LISTENING_RATE_HZ).classes
        assert found["distortion"] == pytest.approx(alone["distortion"], abs=0.1)


def test_an_effect_that_begins_after_seconds_is_recognised(unseen_clean):
    clean = np.concatenate(unseen_clean[:2], axis=1)
    model = PEDAL_MODELS["high_gain_amp"]
    late = np.concatenate(
        [
            unseen_clean[3][:, :66_150],
            *(
                model.render(note, LISTENING_RATE_HZ, dict(drive_db=50.0, mid_db=0.0))
                for note in unseen_clean[4:8]
            ),
        ],
        axis=1,
    )
    before, after = (recognise(wave, LISTENING_RATE_HZ).classes for wave in (clean, late))
    assert before["distortion"] < 0.2
    assert next(iter(after)) == "distortion"


def test_an_opposite_phase_file_is_recognised_by_its_louder_channel_with_a_warning(unseen_clean):
    (mono,) = unseen_clean[0]
    found = recognise(np.stack([mono, -0.99 * mono]), LISTENING_RATE_HZ)
    alone = recognise(mono[None], LISTENING_RATE_HZ)
    assert found.classes == pytest.approx(alone.classes, abs=1e-4)
    assert (len(found.warnings), len(alone.warnings)) == (1, 0)


def test_silence_is_refused():
    with pytest.raises(AudioError, match="the sound: is silent"):
        recognise(np.zeros((1, 44_100), dtype=np.float32), LISTENING_RATE_HZ)
