"""The shipped recogniser names the class of effects on recordings that it never learnt from."""

import numpy as np
import pytest
import torch

from autofx_core.audio import (
    ANALYSIS_RATE_HZ,
    LISTENING_RATE_HZ,
    AudioError,
    fit_length,
    normalize_peak,
)
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, draw_setting, render
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.batch import FeatureBatch
from autofx_core.matching.recognise import recognise, recognise_effect
from autofx_core.networks.checkpoints import read_card, trained_on
from autofx_core.networks.inputs import class_probabilities, inputs_of
from autofx_core.networks.mlp import REGRESSORS, Recogniser
from autofx_core.networks.scaler import Scaler
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.classification_tables import recognition_report


@pytest.fixture(scope="module")
def unseen_clean():
    notes = [n for n in builtin_notes() if n.recording not in trained_on("effects")]
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
                right.append(next(iter(recognise(wet, LISTENING_RATE_HZ))) == effect_class)
        if effect_class in EFFECTS:
            wet = render(effect_class, clean, LISTENING_RATE_HZ, draw_setting(rng, effect_class))
            right.append(next(iter(recognise(wet, LISTENING_RATE_HZ))) == effect_class)
    assert np.mean(right) >= wanted


def test_probabilities_are_ranked_and_sum_to_one(unseen_clean):
    found = recognise(unseen_clean[0], LISTENING_RATE_HZ)
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
        named = [next(iter(recognise_effect(wave, LISTENING_RATE_HZ))) for wave in waves]
        assert np.mean([guess == effect for guess in named]) >= 0.6, effect


def test_the_classes_are_sums_of_the_effects(unseen_clean):
    classes = recognise(unseen_clean[0], LISTENING_RATE_HZ)
    effects = recognise_effect(unseen_clean[0], LISTENING_RATE_HZ)
    assert set(effects) == set(EFFECT_NAMES)
    for effect_class, probability in classes.items():
        own = [p for name, p in effects.items() if EFFECT_NAMES[name] == effect_class]
        assert probability == pytest.approx(sum(own), abs=1e-5)


def test_the_networks_have_the_sizes_that_their_table_states():
    sizes = {name: sum(p.numel() for p in make().parameters()) for name, make in REGRESSORS.items()}
    assert sizes == {
        "mlp_163nc": 58_315,
        "mlp_163c": 58_915,
        "mlp_211c": 63_715,
        "autofx": 3_651_407,
        "autofx_f": 3_675_983,
        "match_wet": 2_742_287,
        "match_pair": 890_895,
    }
    assert sum(p.numel() for p in Recogniser().parameters()) == 21_806


def test_the_scaler_gives_unit_variance_and_clips_what_is_absurd():
    features = 5 + 3 * torch.randn(2000, 4, generator=torch.Generator().manual_seed(0))
    scaler = Scaler(4)
    scaler.fit(features)
    scaled = scaler(features)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std(0), torch.ones(4), atol=1e-5, rtol=0)
    assert scaler(torch.full((1, 4), 1e9)).max() == Scaler.LIMIT


def test_regressors_are_conditioned_by_what_is_recognised_not_by_the_truth(unseen_clean):
    wave = fit_length(unseen_clean[0][:, :: LISTENING_RATE_HZ // ANALYSIS_RATE_HZ])
    heard = FeatureBatch(torch.from_numpy(wave))
    networks = {name: make() for name, make in REGRESSORS.items()}
    conditioned = {name for name, model in networks.items() if "probabilities" in model.inputs}
    assert conditioned == {"mlp_163c", "mlp_211c", "autofx", "autofx_f"}
    for name in conditioned:
        model = networks[name]
        given = dict(zip(model.inputs, inputs_of(model, heard), strict=True))
        torch.testing.assert_close(given["probabilities"], class_probabilities(heard))


def test_the_card_of_what_conditions_the_baselines_says_how_often_it_is_right():
    card = read_card("recogniser")
    assert card["data"]["task"] == "recognition"
    for part in ("unseen_note", "unseen_program"):
        metrics = card["metrics"][part]
        confusion = np.array(metrics["confusion"])
        assert confusion.sum() == metrics["sounds"]
        assert np.trace(confusion) / confusion.sum() == pytest.approx(metrics["accuracy"], abs=1e-4)
        assert {*EFFECTS} < set(metrics["accuracy_by_pedal"]) <= {*EFFECTS, *PEDAL_MODELS}


def test_the_shipped_recogniser_is_better_than_the_originals_on_what_neither_met():
    judgement = recognition_report()
    six = {(row["network"], row["part"]): row["six"] for row in judgement["accuracy"]}
    card = read_card("effects")
    for part in ("unseen_note", "unseen_program"):
        assert six["ours", part] == card["metrics"][part]["six"]
        assert six["ours", part] > six["original", part] + 0.05
    *designs, mean = judgement["unmet_designs"]
    assert {row["pedal"] for row in designs} == {*EFFECTS, *PEDAL_MODELS}
    for part in ("unseen_note", "unseen_program"):
        assert mean[part] == pytest.approx(np.mean([row[part] for row in designs]), abs=1e-3)


def test_silence_is_refused():
    with pytest.raises(AudioError, match="the sound: is silent"):
        recognise(np.zeros((1, 44_100), dtype=np.float32), LISTENING_RATE_HZ)
