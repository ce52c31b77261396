"""Items are balanced, spread, drawn from recordings that no network was trained on."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_studies import render_text
from support.trained import training_recordings

import autofx_core
from autofx_core.audio import AudioError
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS
from autofx_core.networks.registry import list_pretrained
from autofx_core.sources.attribution import Attribution
from autofx_core.sources.clean import CleanSound, builtin_notes
from stimuli_gen.check import check_set
from stimuli_gen.manifest import read_manifest
from stimuli_gen.plan import plan_items, recordings_of, spread, trained_recordings
from stimuli_gen.reference import find_clean
from stimuli_gen.study import Clean, ConditionSpec, Items, StudySpec, StudySpecError

CONDITIONS = [ConditionSpec(id="reference"), ConditionSpec(id="random")]


def plan(folder, **options):
    study = StudySpec(name="s", title="S", conditions=CONDITIONS, **options)
    return plan_items(study, folder)


def write_note(path, midi=57, seconds=1.0, delay_s=0.0, harmonics=(1.0, 0.5, 0.3)):
    """Write a decaying tone that begins after `delay_s`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(seconds * 44_100)) / 44_100
    frequency_hz = 440 * 2 ** ((midi - 69) / 12)
    tone = sum(
        a * np.sin(2 * np.pi * k * frequency_hz * time_s) for k, a in enumerate(harmonics, 1)
    )
    wave = 0.3 * tone * np.exp(-3 * time_s)
    soundfile.write(path, np.concatenate([np.zeros(round(delay_s * 44_100)), wave]), 44_100)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 5), st.integers(0, 2**32))
def test_effect_classes_get_equally_many_items_of_each_kind(n_in, n_out, n_training, seed):
    counts = Items(in_domain=n_in + 1, out_of_domain=n_out, training=n_training)
    items = plan(None, items=counts, seed=seed)
    kinds = Counter((item.effect_class, item.kind) for item in items if not item.training)
    for family in EFFECTS:
        assert kinds[family, "in_domain"] == n_in + 1
        assert kinds[family, "out_of_domain"] == n_out
    assert sum(item.training for item in items) == n_training
    assert len({item.id for item in items}) == len(items)


def test_no_clean_sound_comes_twice_and_none_was_trained_on():
    items = plan(None, items=Items(in_domain=10, out_of_domain=10, training=3), seed=1)
    sounds = [item.clean for item in items]
    assert len(set(sounds)) == len(sounds) == 63
    assert {sound.split for sound in sounds} == {"test"}
    trained = frozenset().union(*map(training_recordings, list_pretrained()))
    assert trained
    assert not trained & {sound.recording for sound in sounds}


def test_the_check_covers_every_pretrained_network():
    """A network that is shipped but not listed would let its training sounds into a study."""
    folder = Path(autofx_core.__file__).parent / "pretrained"
    shipped = {path.parent.name for path in folder.glob("*/weights.pt")}
    assert set(list_pretrained()) == shipped
    trained = trained_recordings()
    for name in shipped:
        card = json.loads((folder / name / "card.json").read_text())
        assert set(card["data"]["recordings"]["train"]) <= trained
    assert not trained & {note.recording for note in builtin_notes("test")}


def test_recordings_of_the_networks_that_one_was_started_from_count():
    def card(letter, ancestor=None):
        recordings = {"train": [letter], "validation": [letter.upper()], "unseen_recording": ["x"]}
        return {"data": {"recordings": recordings}, "started_from": ancestor}

    assert recordings_of(card("a", card("b", card("c")))) == set("aAbBcC")


def test_the_same_recording_twice_is_noticed_by_its_content(tmp_path):
    write_note(tmp_path / "guitar" / "take 1.wav")
    shutil.copy(tmp_path / "guitar" / "take 1.wav", tmp_path / "guitar" / "take 2.wav")
    with pytest.raises(StudySpecError, match=r"take 2\.wav: the same recording as take 1\.wav"):
        plan(tmp_path, items=Items(in_domain=1), clean=Clean(source="folder", folder="guitar"))


def test_a_folder_has_the_author_and_licence_that_the_study_gives(tmp_path):
    write_note(tmp_path / "guitar" / "take 1.wav")
    counts = Items(in_domain=1)
    clean = Clean(source="folder", folder="guitar", author="A. Luthier", licence="CC-BY-4.0")
    item = plan(tmp_path, items=counts, families=["delay"], clean=clean)[0]
    assert item.clean.attribution == Attribution("guitar", "A. Luthier", "CC-BY-4.0")
    clean = Clean(source="folder", folder="guitar")
    assert (
        plan(tmp_path, items=counts, families=["delay"], clean=clean)[0].clean.attribution is None
    )


@pytest.mark.parametrize("pause_s", [7.0, 9.3, 11.0])
def test_a_long_recording_is_cut_between_two_phrases(pause_s):
    time_s = np.arange(20 * 22_050) / 22_050
    playing = np.sin(2 * np.pi * 220 * time_s) * (np.abs(time_s - pause_s) > 0.1)
    study = StudySpec(
        name="s", title="S", conditions=CONDITIONS, items=Items(in_domain=1), sample_rate_hz=22_050
    )
    start, samples = find_clean(playing[np.newaxis], study)
    assert start == 0
    assert samples / 22_050 == pytest.approx(pause_s, abs=0.1)


def test_items_of_the_2022_experiment_spread_over_recordings_pitches_and_instruments():
    items = plan(None, items=Items(out_of_domain=10), seed=2022)
    uses = Counter(item.clean.recording for item in items)
    recordings = {note.recording for note in builtin_notes("test")}
    assert set(uses) == recordings
    assert max(uses.values()) - min(uses.values()) <= 1
    keys = [item.clean.midi for item in items]
    assert min(keys) <= 45
    assert max(keys) >= 80
    assert len({item.clean.instrument for item in items}) >= 5


@pytest.mark.parametrize("seed", [0, 1, 2022])
def test_no_effect_class_gets_higher_notes_than_another(seed):
    """Pitches of each class's ten items lie around the same mean, within two standard errors."""
    items = plan(None, items=Items(out_of_domain=10), seed=seed)
    keys = {family: [i.clean.midi for i in items if i.effect_class == family] for family in EFFECTS}
    spread_of_all = np.std([item.clean.midi for item in items])
    means = [np.mean(own) for own in keys.values()]
    assert np.ptp(means) < 2 * spread_of_all * np.sqrt(2 / 10)
    for own in keys.values():
        assert len({key // 5 for key in own}) >= 5


def test_pedals_of_a_class_are_used_in_turn():
    items = plan(None, items=Items(out_of_domain=14), seed=3)
    for family in EFFECTS:
        uses = Counter(item.pedal for item in items if item.effect_class == family)
        assert set(uses) == {d.name for d in PEDAL_MODELS.values() if d.effect_class == family}
        assert max(uses.values()) - min(uses.values()) <= 1


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            CleanSound,
            id=st.uuids().map(str),
            path=st.none(),
            recording=st.sampled_from("abcde"),
            midi=st.one_of(st.none(), st.integers(40, 88)),
            string=st.one_of(st.none(), st.integers(1, 6)),
        ),
        min_size=1,
        max_size=30,
        unique_by=lambda sound: sound.id,
    ),
    st.data(),
)
def test_no_recording_is_used_again_while_another_is_unused(sounds, data):
    n = data.draw(st.integers(1, len(sounds)))
    chosen = spread(sounds, n, seed=0)
    assert len(set(chosen)) == n
    used = Counter(sound.recording for sound in chosen)
    there = Counter(sound.recording for sound in sounds)
    most = max(used.values())
    for source, number in there.items():
        assert used[source] >= min(number, most - 1)


def test_users_own_folder_is_a_source_and_its_files_are_named_in_the_manifest(tmp_path):
    for i in range(3):
        write_note(tmp_path / "my guitar" / f"take {i}.wav", midi=45 + 5 * i)
    text = """
name = "own"
title = "My guitar"
conditions = ["reference", "random", "clean"]
families = ["distortion"]
clean = { source = "folder", folder = "my guitar" }
items = { in_domain = 2, training = 1 }
"""
    folder = render_text(text, tmp_path)
    assert check_set(folder) == []
    sources = {item.clean.source for item in read_manifest(folder).items}
    assert sources == {"folder:take 0", "folder:take 1", "folder:take 2"}


def test_too_few_recordings_are_counted(tmp_path):
    write_note(tmp_path / "guitar" / "only.wav")
    with pytest.raises(StudySpecError, match="3 clean sounds wanted, 1 there"):
        plan(tmp_path, items=Items(in_domain=1), clean=Clean(source="folder", folder="guitar"))


def test_clipped_recording_is_refused_by_name(tmp_path):
    write_note(tmp_path / "guitar" / "hot.wav", harmonics=(9.0,))
    text = """
name = "hot"
title = "Clipped"
conditions = ["reference", "clean"]
families = ["delay"]
clean = { source = "folder", folder = "guitar" }
items = { in_domain = 1 }
"""
    with pytest.raises(StudySpecError, match=r"clean sound hot is clipped: .*; take it out"):
        render_text(text, tmp_path)


PAIRS = """
name = "pairs"
title = "Recorded pairs"
conditions = ["reference", "random", "clean"]
families = ["distortion"]
items = { recorded = 1 }
recorded = { pairs = [
    { reference = "wet.wav", clean = "dry.wav", family = "distortion", effect = "a red box" },
] }
"""


def test_recorded_pair_is_aligned_at_the_onset_and_matched(tmp_path):
    write_note(tmp_path / "dry.wav", delay_s=0.45)
    write_note(tmp_path / "wet.wav", delay_s=0.21, harmonics=(1.0, 0.9, 0.8, 0.7, 0.6))
    folder = render_text(PAIRS, tmp_path)
    assert check_set(folder) == []
    (item,) = read_manifest(folder).items
    assert (item.domain, item.reference.effect, item.reference.parameters) == (
        "out",
        "a red box",
        None,
    )
    assert item.reference.origin.startswith("recorded: wet sha256:")
    onsets = []
    for file in (item.reference.file, item.stimuli[2].file):
        level = np.abs(soundfile.read(folder / file)[0])
        onsets.append(np.argmax(level >= level.max() * 10 ** (-30 / 20)))
    assert abs(onsets[0] - onsets[1]) <= 44  # 1 ms
    assert onsets[1] == pytest.approx(0.005 * 44_100, abs=44)


FOLDER_OF_PAIRS = PAIRS[: PAIRS.index("recorded = {")] + 'recorded = { folder = "pairs" }\n'


def test_a_folder_of_pairs_is_paired_by_names_and_aligned_where_an_attack_is_soft(tmp_path):
    """The wet take is 3 ms late and swells; its beginning alone would put it 10 ms too early."""
    place = tmp_path / "pairs" / "distortion"
    place.mkdir(parents=True)
    rng = np.random.default_rng(0)
    playing = rng.normal(size=66_150) * np.exp(-np.arange(66_150) / 22_050) * 0.1
    swell = np.minimum(1, np.arange(66_150) / 1_323)
    late = np.concatenate([np.zeros(132), 0.8 * playing * swell])
    soundfile.write(place / "take 1_dry.wav", playing, 44_100, subtype="FLOAT")
    soundfile.write(place / "take 1_red-box.wav", late, 44_100, subtype="FLOAT")
    folder = render_text(FOLDER_OF_PAIRS, tmp_path)
    assert check_set(folder) == []
    (item,) = read_manifest(folder).items
    assert (item.reference.effect, item.clean.source) == (
        "red-box",
        "recorded:distortion/take 1_dry",
    )
    clean = next(s.file for s in item.stimuli if s.condition == "clean")
    first, second = (soundfile.read(folder / f)[0] for f in (clean, item.reference.file))
    lags = np.correlate(second[4_000:30_000], first[4_500:29_500])
    assert abs(np.argmax(lags) - 500) <= 1


def test_a_pair_without_its_dry_take_is_refused_by_name(tmp_path):
    write_note(tmp_path / "pairs" / "distortion" / "take 1_red-box.wav")
    with pytest.raises(AudioError, match=r"distortion/take 1_dry\.wav: no such file"):
        render_text(FOLDER_OF_PAIRS, tmp_path)


def test_an_offset_of_a_recording_or_an_effect_is_not_in_the_files(tmp_path):
    """A clean take with DC, and an effect that adds its own."""
    time_s = np.arange(44_100) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 220 * time_s) * np.exp(-2 * time_s)
    (tmp_path / "guitar").mkdir()
    for number in range(2):
        path = tmp_path / "guitar" / f"{number}.wav"
        soundfile.write(path, 0.1 + tone * (1 + number), 44_100, subtype="FLOAT")
    (tmp_path / "shifted.py").write_text(
        "def shifted(request):\n    return request.clean * 0.5 + 0.2 * (request.clean != 0)\n"
    )
    text = PAIRS[: PAIRS.index("items =")] + "items = { in_domain = 1 }\n"
    text = text.replace('"clean"', '"clean", { id = "x", function = "shifted:shifted" }')
    text += 'clean = { source = "folder", folder = "guitar" }\n'
    folder = render_text(text, tmp_path)
    for name in read_manifest(folder).files():
        wave = soundfile.read(folder / name)[0][4_410:30_000]
        assert abs(wave.mean()) < 0.01 * np.sqrt(np.mean(wave**2))


def test_missing_recording_is_refused_by_name(tmp_path):
    write_note(tmp_path / "dry.wav")
    with pytest.raises(AudioError, match=r"wet.wav: no such file"):
        render_text(PAIRS, tmp_path)


def test_idmt_sounds_are_references_with_the_clean_take_that_their_names_point_to(tmp_path):
    samples = tmp_path / "IDMT" / "Gitarre monophon" / "Samples"
    for take, midi in (("G61-45200", 45), ("G61-50300", 50)):
        write_note(samples / "NoFX" / f"{take}-1111-00001.wav", midi)
        write_note(samples / "Chorus" / f"{take}-3311-00002.wav", midi, harmonics=(1, 0.2, 0.9))
        write_note(samples / "Flanger" / f"{take}-3321-00003.wav", midi, harmonics=(0.3, 1, 0.9))
    text = """
name = "idmt"
title = "IDMT"
conditions = ["reference", "random"]
families = ["modulation"]
items = { recorded = 2 }
recorded = { idmt = "IDMT" }
"""
    items = read_manifest(render_text(text, tmp_path)).items
    assert {item.reference.effect for item in items} == {"chorus", "flanger"}
    assert {item.clean.source for item in items} == {
        "recorded:G61-45200-1111-00001",
        "recorded:G61-50300-1111-00001",
    }
