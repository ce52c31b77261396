"""The clean sounds: what the packaged notes are, and that no recording is in two splits."""

import csv
import itertools
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from autofx_core.audio import AudioError, to_mono
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.sources import clean as sources
from autofx_core.sources.idmt import EFFECTS, PLAYING_STYLES, IdmtName, parse_name
from autofx_core.sources.idmt_sounds import idmt_notes, idmt_pairs
from autofx_core.sources.soundfont import LEAD_IN_S, ONSET_DB, TEST_ONLY_FAMILY
from stimuli_gen.manifest import file_sha256

PITCH_TOLERANCE_CENTS = 30.0
ONSET_TOLERANCE_MS = 0.1
DECAY_DB = 2.0


@pytest.fixture(scope="module")
def builtin():
    return [(note, note.read()[0]) for note in sources.builtin_notes()]


def write_tone(path, frequency_hz=220.0, sample_rate=44_100):
    time_s = np.arange(sample_rate) / sample_rate
    tone = 0.5 * np.sin(2 * np.pi * frequency_hz * time_s) * np.exp(-3 * time_s)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone, sample_rate)


def test_no_recording_is_in_two_splits():
    splits = {}
    for note in sources.builtin_notes():
        splits.setdefault(note.recording, set()).add(note.split)
    assert all(len(found) == 1 for found in splits.values())


def test_one_program_and_its_recordings_are_for_testing_only():
    program = f"{TEST_ONLY_FAMILY.capitalize()} Guitar"
    notes = sources.builtin_notes()
    held_out = {note.recording for note in notes if note.instrument == program}
    assert len(held_out) >= 10
    assert {note.split for note in notes if note.recording in held_out} == {"test"}


def test_test_notes_suffice_for_a_study_of_thirty_items_and_include_unseen_recordings_elsewhere():
    test = sources.builtin_notes("test")
    assert len(test) >= 50
    assert len({note.instrument for note in test}) >= 5


def test_every_split_spreads_over_the_range():
    for split in sources.SPLITS:
        keys = [note.midi for note in sources.builtin_notes(split)]
        assert min(keys) <= 45
        assert max(keys) >= 76


def test_packaged_notes_take_at_most_twenty_megabytes():
    assert sum(p.stat().st_size for p in sources.NOTES_FOLDER.iterdir()) <= 20e6


def test_packaged_notes_have_the_bytes_their_table_promises():
    with (sources.NOTES_FOLDER / sources.NOTES_CSV_NAME).open(newline="") as file:
        for row in csv.DictReader(file):
            assert file_sha256(sources.NOTES_FOLDER / row["file"]) == row["sha256"]


def test_no_two_packaged_notes_sound_the_same():
    hashes = [file_sha256(note.path) for note in sources.builtin_notes()]
    assert len(set(hashes)) == len(hashes)


def test_packaged_notes_begin_five_milliseconds_after_the_start(builtin):
    for note, wave in builtin:
        level = np.abs(wave)
        onset_ms = np.argmax(level >= level.max() * 10 ** (ONSET_DB / 20)) / 44.1
        assert onset_ms == pytest.approx(1000 * LEAD_IN_S, abs=ONSET_TOLERANCE_MS), note.id


def test_packaged_notes_are_plucked_unclipped_and_end_faded(builtin):
    for note, wave in builtin:
        assert np.abs(wave).max() == pytest.approx(10 ** (-3 / 20), rel=1e-3), note.id
        assert np.argmax(np.abs(wave)) < 0.2 * 44_100, note.id
        first, second = np.square(wave).reshape(2, -1).mean(axis=1)
        assert second < first * 10 ** (-DECAY_DB / 10), note.id
        assert np.abs(wave[[0, -1]]).max() < 1e-3, note.id


def test_packaged_notes_are_in_tune_with_their_midi_number(builtin):
    length, n_fft = 32_768, 1 << 18
    frequency_hz = np.fft.rfftfreq(n_fft, 1 / 44_100)
    for note, wave in builtin:
        start = 4_410
        magnitude = np.abs(np.fft.rfft(wave[start : start + length] * np.hanning(length), n_fft))
        fundamental_hz = 440 * 2 ** ((note.midi - 69) / 12)
        errors = []
        for harmonic in (1, 2, 3):
            near = np.abs(12 * np.log2(frequency_hz[1:] / (harmonic * fundamental_hz))) < 0.9
            peak = 1 + np.flatnonzero(near)[np.argmax(magnitude[1:][near])]
            cents = 1200 * np.log2(frequency_hz[peak] / (harmonic * fundamental_hz))
            errors.append((magnitude[peak], cents))
        assert abs(max(errors)[1]) < PITCH_TOLERANCE_CENTS, note.id


def test_notes_differ_between_velocities_of_one_key(builtin):
    """Dynamics change the timbre: softly played notes are duller."""

    def centroid_hz(wave):
        magnitude = np.abs(np.fft.rfft(wave))
        return (magnitude * np.fft.rfftfreq(wave.size, 1 / 44_100)).sum() / magnitude.sum()

    jazz = [(n, w) for n, w in builtin if n.instrument == "Jazz Guitar"]
    for _, group in itertools.groupby(jazz, key=lambda pair: pair[0].midi):
        soft, hard = sorted(group, key=lambda pair: pair[0].velocity)
        assert centroid_hz(soft[1]) < centroid_hz(hard[1]), soft[0].id


def test_folder_of_recordings_is_read_at_any_depth_rate_and_channel_count(tmp_path):
    write_tone(tmp_path / "a.wav", sample_rate=48_000)
    stereo = np.stack([np.hanning(9_600), np.zeros(9_600)], axis=1)
    (tmp_path / "deep").mkdir()
    soundfile.write(tmp_path / "deep" / "b.FLAC", stereo, 22_050, format="FLAC")
    (tmp_path / "notes.txt").write_text("not a sound")
    write_tone(tmp_path / ".trash" / "old.wav")
    write_tone(tmp_path / "._take.wav")
    (tmp_path / "a folder.wav").mkdir()
    first, second = sources.folder_notes(tmp_path)
    assert (first.id, second.id) == ("a", "deep/b")
    assert first.read(44_100).shape == (1, 44_100)
    assert second.read(44_100).shape == (1, 19_200)
    assert second.read(22_050).max() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder.rmdir(), "no such folder"),
        (lambda folder: (folder / "x.txt").write_text(""), "holds no WAV"),
    ],
)
def test_folder_without_sounds_is_refused_by_name(tmp_path, make, message):
    folder = tmp_path / "takes"
    folder.mkdir()
    make(folder)
    with pytest.raises(AudioError, match=f"takes: {message}"):
        sources.folder_notes(folder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("n.flac,0,24,Nylon,forty,90,S,test,ff", "row 2: invalid literal"),
        ("n.flac,0,24,Nylon,40,90,S,dev,ff", "row 2: split 'dev'"),
        ("../n.flac,0,24,Nylon,40,90,S,test,ff", "row 2: file '../n.flac' is not a plain"),
        ("n.flac,0,24", "row 2"),
    ],
)
def test_damaged_table_of_notes_is_refused_by_row(tmp_path, row, message):
    header = ",".join(sources.NOTES_FIELDS)
    (tmp_path / "notes.csv").write_text(f"{header}\n{row}\n")
    with pytest.raises(AudioError, match=message):
        sources.rendered_notes(tmp_path)


def test_folder_without_a_table_of_notes_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(AudioError, match="python -m autofx_core notes"):
        sources.rendered_notes(tmp_path)


@pytest.fixture
def idmt(tmp_path):
    """A miniature of the data set: two clean takes, their processed sounds, a reverb."""
    samples = tmp_path / "Gitarre monophon" / "Samples"
    for place, name in (
        ("NoFX", "G61-40100-1111-00001"),
        ("NoFX", "G61-45200-1111-00002"),
        ("EQ", "G61-40100-1121-00003"),
        ("Chorus", "G61-40100-3311-00004"),
        ("Slapback Delay", "G61-45200-2223-00005"),
        ("Distortion", "G61-45200-4411-00006"),
    ):
        write_tone(samples / place / f"{name}.wav")
    return tmp_path


def test_idmt_clean_takes_are_found_by_name_and_know_note_and_string(idmt):
    first, second = idmt_notes(idmt)
    assert (first.recording, first.midi, first.string) == ("G61-40100", 40, 1)
    assert (second.recording, second.midi, second.string) == ("G61-45200", 45, 2)


def test_idmt_processed_sounds_are_paired_with_the_clean_take_they_were_made_from(idmt):
    pairs = {name.effect: clean.id for clean, _, name in idmt_pairs(idmt)}
    assert pairs == {
        "chorus": "G61-40100-1111-00001",
        "slapback delay": "G61-45200-1111-00002",
        "distortion": "G61-45200-1111-00002",
    }


def test_idmt_sound_without_its_clean_take_is_refused_by_name(idmt):
    write_tone(idmt / "Chorus" / "G61-50300-3311-00009.wav")
    with pytest.raises(AudioError, match=r"00009\.wav: its clean take G61-50300-1111"):
        idmt_pairs(idmt)


@settings(deadline=None)
@given(
    st.builds(
        IdmtName,
        take=st.just(""),
        model=st.integers(1, 9),
        style=st.sampled_from(sorted(PLAYING_STYLES.values())),
        midi=st.integers(0, 99),
        string=st.integers(1, 6),
        fret=st.integers(0, 99),
        effect=st.just(""),
        effect_class=st.just(""),
        setting=st.integers(0, 9),
    ),
    st.sampled_from(sorted(EFFECTS)),
    st.integers(0, 99_999),
)
def test_idmt_names_are_read_back_as_written(said, code, number):
    style = next(digit for digit, name in PLAYING_STYLES.items() if name == said.style)
    take = f"G{said.model}{style}-{said.midi:02d}{said.string}{said.fret:02d}"
    effect = EFFECTS[code]
    effect_class = "dry" if effect == "amp simulation" else EFFECT_NAMES[effect]
    assert parse_name(f"{take}-{code[0]}{code}{said.setting}-{number:05d}") == replace(
        said, take=take, effect=effect, effect_class=effect_class
    )


@settings(deadline=None)
@given(st.text())
def test_any_other_name_is_no_idmt_name(text):
    assert parse_name(text + "!") is None


@settings(deadline=None)
@given(st.sets(st.text(min_size=1), min_size=1, max_size=50))
def test_splits_by_source_do_not_depend_on_the_other_sounds(names):
    sounds = [sources.CleanSound(id=n, path=None, recording=n) for n in sorted(names)]
    together = sources.split_by_recording(sounds)
    alone = [sources.split_by_recording([sound])[0] for sound in sounds]
    assert together == alone


def test_splits_by_source_have_about_the_shares_asked_for():
    sounds = [sources.CleanSound(id=str(i), path=None, recording=str(i)) for i in range(2_000)]
    split = [sound.split for sound in sources.split_by_recording(sounds, validation=0.1, test=0.2)]
    standard_errors = 4 * np.sqrt(0.2 * 0.8 / 2_000)
    assert split.count("test") / 2_000 == pytest.approx(0.2, abs=standard_errors)
    assert split.count("validation") / 2_000 == pytest.approx(0.1, abs=standard_errors)


def test_sound_is_averaged_to_one_channel():
    stereo = np.array([[1.0, 0.0, -1.0], [0.0, 0.0, -1.0]], np.float32)
    assert to_mono(stereo).tolist() == [0.5, 0.0, -1.0]
