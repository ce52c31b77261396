"""Sounds for the presence task: labelled by what was played, the same for the same seed."""

from collections import Counter

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets.chains import (
    CLEAN_SHARE,
    OTHER_ORDER_SHARE,
    PLACES,
    draw_chain,
    draw_clean,
    play_effect,
    render_chains,
    strongest_effect,
)
from autofx_core.datasets.dirt import dirty_line, dirty_take
from autofx_core.datasets.labels import CHAINS, EFFECT_ORDER
from autofx_core.datasets.make import WINDOWS, make_dataset
from autofx_core.datasets.plan import DatasetError, Shard
from autofx_core.datasets.reader import read_subset, read_training
from autofx_core.effects.others import OTHER_EFFECTS
from autofx_core.effects.taxonomy import EFFECT_NAMES, PRESENCES, SOMETHING_ELSE
from autofx_core.features.timbre import TIMBRE_NAMES
from autofx_core.metrics.audibility import AUDIBLE_DB, strength_db
from autofx_core.sources.clean import builtin_notes

SHARD = Shard("train", CHAINS, 0, 12, 3)


@pytest.fixture(scope="module")
def notes():
    return builtin_notes("train")[::8]


@pytest.fixture(scope="module")
def chained(notes):
    return render_chains(SHARD, notes)


@pytest.fixture(scope="module")
def clean(notes):
    return normalize_peak(notes[0].read(ANALYSIS_RATE_HZ))


def test_chains_hold_each_class_once_in_the_usual_order_but_for_some():
    rng = np.random.default_rng(0)
    chains = [draw_chain(rng) for _ in range(4000)]
    lengths = Counter(map(len, chains))
    assert lengths[0] / 4000 == pytest.approx(CLEAN_SHARE, abs=0.02)
    assert max(lengths) == 3
    usual = []
    for chain in chains:
        classes = [EFFECT_NAMES.get(effect) for effect in chain]
        assert len(set(classes)) == len(classes)
        if len(chain) == 2:
            usual.append(PLACES[chain[0]] <= PLACES[chain[1]])
    assert np.mean(usual) == pytest.approx(1 - OTHER_ORDER_SHARE / 2, abs=0.03)
    assert {effect for chain in chains for effect in chain} == set(PRESENCES)


def test_labels_say_what_is_in_the_chain_and_how_strong(chained):
    present = chained.place > 0
    assert (chained.presence_db[~present] == 0).all()
    assert (chained.presence_db[present] > 0).all()
    for places in chained.place:
        assert sorted(places[places > 0]) == list(range(1, 1 + (places > 0).sum()))
    assert present.any(axis=0).sum() >= 4
    assert all(np.abs(wave).max() == pytest.approx(1.0) for wave in chained.waves)


def test_the_same_shard_is_the_same_again_and_the_next_is_another(chained, notes):
    again = render_chains(SHARD, notes)
    for first, second in zip(chained.waves, again.waves, strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(chained.presence_db, again.presence_db)
    following = render_chains(Shard("train", CHAINS, 1, 2, 3), notes)
    assert following.waves[0].shape != chained.waves[0].shape


@pytest.mark.parametrize("effect", PRESENCES)
def test_any_pedal_of_an_effect_changes_a_note_audibly(clean, effect):
    rng = np.random.default_rng(1)
    strengths = [
        strength_db(*(torch.from_numpy(w) for w in (clean, play_effect(effect, clean, rng)))).item()
        for _ in range(6)
    ]
    assert np.median(strengths) > AUDIBLE_DB


@pytest.mark.parametrize("name", OTHER_EFFECTS)
def test_effects_of_no_class_change_a_note_audibly_at_any_setting(clean, name):
    rng = np.random.default_rng(2)
    model = OTHER_EFFECTS[name]
    assert model.effect == SOMETHING_ELSE
    for _ in range(4):
        wet = normalize_peak(model.render(clean, ANALYSIS_RATE_HZ, model.draw(rng)))
        assert strength_db(*map(torch.from_numpy, (clean, wet))).item() > AUDIBLE_DB


def test_dirt_leaves_the_note_recognisable(clean):
    rng = np.random.default_rng(3)
    for _ in range(20):
        dirty = dirty_line(dirty_take(clean, ANALYSIS_RATE_HZ, rng), ANALYSIS_RATE_HZ, rng)
        assert dirty.dtype == np.float32
        assert np.isfinite(dirty).all()
        assert np.abs(dirty).max() == pytest.approx(1.0)
        loudest = np.abs(np.fft.rfft(dirty[0])).argmax() * ANALYSIS_RATE_HZ / dirty.shape[1]
        assert loudest > 60  # the string, not the mains


def test_clean_sounds_are_phrases_and_notes_of_the_parts_recordings(notes):
    rng = np.random.default_rng(4)
    known = {note.recording for note in notes}
    lengths_s = []
    for _ in range(12):
        wave, recordings = draw_clean(notes, rng)
        assert set(recordings) <= known
        lengths_s.append(wave.shape[1] / ANALYSIS_RATE_HZ)
    assert min(lengths_s) < 2.5 < max(lengths_s)


def test_the_strongest_effect_is_named_and_something_else_is_not():
    presence_db = np.zeros((3, len(PRESENCES)), dtype=np.float32)
    presence_db[0, [PRESENCES.index("reverb"), PRESENCES.index("chorus")]] = (2.0, 3.0)
    presence_db[1, PRESENCES.index(SOMETHING_ELSE)] = 9.0
    effect, strength = strongest_effect(presence_db)
    assert [EFFECT_ORDER[n] for n in effect] == ["chorus", "dry", "dry"]
    np.testing.assert_array_equal(strength, [3.0, 0.0, 0.0])


@pytest.mark.slow
def test_a_presence_set_is_made_and_read(tmp_path, notes):
    sounds = [*notes[:6], *builtin_notes("validation")[:3], *builtin_notes("test")]
    make_dataset(sounds, tmp_path, per_pedal=1, task="presence")
    training, unseen = read_training(tmp_path), read_subset(tmp_path, "unseen_instrument")
    assert training["windows"].shape[1:] == (WINDOWS, len(TIMBRE_NAMES))
    assert torch.isfinite(training["windows"]).all()
    assert training.presence_db.shape == training.place.shape == (len(training), len(PRESENCES))
    assert len(unseen) >= 6
    some = training.take(torch.arange(2))
    assert len(some.place) == 2
    with pytest.raises(DatasetError, match="leave out --features"):
        make_dataset(sounds, tmp_path / "other", task="presence", waves=True)
