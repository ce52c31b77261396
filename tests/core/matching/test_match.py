"""Matching: pretrained networks estimate better than chance; users may register methods."""

import numpy as np
import pytest
from support.trained import training_recordings

from autofx_core.audio import LISTENING_RATE_HZ, AudioError, normalize_peak
from autofx_core.effects.table import EFFECTS, draw_setting, normalize, render
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.matching.match import METHODS, match, register
from autofx_core.networks.registry import read_card
from autofx_core.sources.clean import builtin_notes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unseen_notes():
    """Clean notes that no shipped network has learnt from."""
    seen = training_recordings("mlp_163nc")
    notes = [note for note in builtin_notes() if note.recording not in seen]
    return notes[:: max(1, len(notes) // 12)][:12]


@pytest.fixture(scope="module")
def errors(unseen_notes):
    """Mean absolute normalised error by method and effect_class, on unseen notes."""
    rng = np.random.default_rng(0)
    found = {
        method: {effect_class: [] for effect_class in EFFECTS} for method in ("random", "mlp_163nc")
    }
    for number, note in enumerate(unseen_notes):
        clean = normalize_peak(note.read())
        for effect_class in EFFECTS:
            truth = draw_setting(rng, effect_class)
            reference = render(effect_class, clean, LISTENING_RATE_HZ, truth)
            for method, by_class in found.items():
                answer = match(
                    reference,
                    sample_rate=LISTENING_RATE_HZ,
                    method=method,
                    effect=effect_class,
                    seed=number,
                )
                error = normalize(effect_class, answer.parameters) - normalize(effect_class, truth)
                by_class[effect_class].append(np.abs(error).mean())
    return {m: {f: np.mean(e) for f, e in by.items()} for m, by in found.items()}


@pytest.mark.parametrize("effect_class", EFFECTS)
def test_the_shipped_network_beats_chance_on_unseen_notes(errors, effect_class):
    assert errors["mlp_163nc"][effect_class] < 0.8 * errors["random"][effect_class]


def test_the_shipped_card_says_what_made_it_and_beats_the_constant():
    card = read_card("mlp_163nc")
    assert card["command"].startswith("python -m autofx_core train mlp_163nc")
    assert card["versions"]["torch"].startswith("2.13.0")
    for part in ("unseen_recording", "unseen_instrument"):
        metrics = card["metrics"][part]
        assert metrics["c2_mse"] < 0.8 * metrics["constant_one_half_c2_mse"]


def test_a_match_renders_the_clean_sound_with_the_answer_and_measures_it(unseen_notes):
    clean = unseen_notes[0].read()
    reference = render(
        "distortion", clean, LISTENING_RATE_HZ, draw_setting(np.random.default_rng(1), "distortion")
    )
    answer = match(
        reference, clean, sample_rate=LISTENING_RATE_HZ, method="mlp_163nc", effect="distortion"
    )
    rendered = render("distortion", normalize_peak(clean), LISTENING_RATE_HZ, answer.parameters)
    np.testing.assert_array_equal(answer.audio, rendered)
    assert answer.distances["mrstft"] > 0
    dry = match(clean, clean, sample_rate=LISTENING_RATE_HZ, method="random", effect="delay")
    assert set(dry.distances) == {"mrstft", "log_mel_db"}


def test_an_answer_does_not_depend_on_level_or_rate(unseen_notes):
    clean = unseen_notes[1].read()
    setting = draw_setting(np.random.default_rng(2), "delay")
    loud = render("delay", clean, LISTENING_RATE_HZ, setting)
    first = match(loud, sample_rate=LISTENING_RATE_HZ, method="mlp_163nc", effect="delay")
    second = match(0.1 * loud, sample_rate=LISTENING_RATE_HZ, method="mlp_163nc", effect="delay")
    np.testing.assert_allclose(
        normalize("delay", first.parameters), normalize("delay", second.parameters), atol=0.01
    )


def test_random_settings_follow_the_seed_and_cover_the_range(unseen_notes):
    reference = unseen_notes[0].read()

    def draw(seed):
        answer = match(
            reference, sample_rate=LISTENING_RATE_HZ, method="random", effect="delay", seed=seed
        )
        return normalize("delay", answer.parameters)

    np.testing.assert_array_equal(draw(3), draw(3))
    draws = np.stack([draw(seed) for seed in range(200)])
    assert draws.min() < 0.05
    assert draws.max() > 0.95
    assert draws.mean() == pytest.approx(0.5, abs=0.05)


def test_a_users_method_is_used_like_ours(unseen_notes):
    @register("test_always_dry")
    def always_dry(request):
        return {p.name: 0.0 if p.name == "mix" else p.default for p in request.effect.parameters}

    try:
        clean = unseen_notes[0].read()
        answer = match(
            clean, clean, sample_rate=LISTENING_RATE_HZ, method="test_always_dry", effect="delay"
        )
        np.testing.assert_allclose(answer.audio, normalize_peak(clean), atol=1e-6)
        with pytest.raises(ValueError, match="registered already"):
            register("test_always_dry")(always_dry)
    finally:
        del METHODS["test_always_dry"]


def test_bad_requests_are_named():
    tone = np.sin(np.arange(LISTENING_RATE_HZ) / 20).astype(np.float32)[None]
    with pytest.raises(ValueError, match="unknown method 'best'; known: random"):
        match(tone, sample_rate=LISTENING_RATE_HZ, method="best", effect="delay")
    with pytest.raises(ValueError, match="unknown effect 'flnger'; known: modulation"):
        match(tone, sample_rate=LISTENING_RATE_HZ, method="random", effect="flnger")
    with pytest.raises(
        ValueError, match=r"'random' estimates modulation.*, not 'reverb'; 'refined' does"
    ):
        match(tone, sample_rate=LISTENING_RATE_HZ, method="random", effect="reverb")
    with pytest.raises(ValueError, match=r"'refined' needs the clean sound.*choose a network"):
        match(tone, sample_rate=LISTENING_RATE_HZ, method="refined", effect="delay")
    with pytest.raises(AudioError, match="the reference: is silent"):
        match(0 * tone, sample_rate=LISTENING_RATE_HZ, method="random", effect="delay")


def test_a_network_that_hears_both_sounds_hears_them_in_time(unseen_notes):
    clean = normalize_peak(unseen_notes[0].read())
    truth = {"delay_seconds": 0.4, "feedback": 0.2, "mix": 1.0}  # begins when the echo does
    reference = render("delay", clean, LISTENING_RATE_HZ, truth)
    answer = match(
        reference, clean, sample_rate=LISTENING_RATE_HZ, method="match_pair", effect="delay"
    )
    assert answer.parameters["delay_seconds"] == pytest.approx(0.4, abs=0.05)
    assert answer.parameters["mix"] > 0.8


def test_a_match_names_the_effect_among_the_eleven_and_sums_them_to_its_class(unseen_notes):
    clean = normalize_peak(unseen_notes[0].read())
    setting = {"delay_seconds": 0.35, "feedback": 0.6, "mix": 0.5}
    reference = render("delay", clean, LISTENING_RATE_HZ, setting)
    found = match(reference, sample_rate=LISTENING_RATE_HZ, method="mlp_163nc")
    assert found.effect == "delay"
    assert next(iter(found.effects)) == "feedback delay"
    assert set(found.effects) == set(EFFECT_NAMES)
    for effect_class, probability in found.probabilities.items():
        members = [p for name, p in found.effects.items() if EFFECT_NAMES[name] == effect_class]
        assert sum(members) == pytest.approx(probability, abs=1e-5)


def test_a_given_effect_is_not_recognised(unseen_notes):
    clean = normalize_peak(unseen_notes[0].read())
    found = match(clean, sample_rate=LISTENING_RATE_HZ, method="random", effect="delay")
    assert (found.effect, found.probabilities, found.effects) == ("delay", {}, {})
