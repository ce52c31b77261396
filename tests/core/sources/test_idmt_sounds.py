"""The original's steps with IDMT-SMT-Audio-Effects, on made-up sounds with its names."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.audio import ANALYSIS_RATE_HZ, AudioError, fit_length, for_analysis
from autofx_core.datasets.labels import EFFECT_ORDER
from autofx_core.datasets.plan import PARTS
from autofx_core.datasets.reader import read_subset
from autofx_core.features import CLASSIFICATION_NAMES, classification_features
from autofx_core.sources.idmt_sounds import clean_guitar, monophonic_guitar

RATE_HZ = 44_100
SILENCE_S = 0.45
CLEAN = [f"G{model}1-{midi}100-1111-{midi:05d}" for model in (6, 7) for midi in range(40, 52)]
SIMULATED = "G61-40100-1121-00101"
PROCESSED = ["G61-40100-3311-00102", "G71-41100-4411-00103"]
OTHERS = ["G64-40100-1111-00104", "B11-40100-1111-00105", "take 3"]  # intervals, a bass, no name


@pytest.fixture(scope="module")
def idmt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("IDMT")
    for number, name in enumerate([*CLEAN, SIMULATED, *PROCESSED, *OTHERS]):
        place = folder / "Gitarre monophon" / "Samples" / ("NoFX" if name in CLEAN else "Other")
        place.mkdir(parents=True, exist_ok=True)
        time_s = np.arange(int(0.5 * RATE_HZ)) / RATE_HZ
        note = 0.4 * np.exp(-4 * time_s) * np.sin(2 * np.pi * (100 + 7 * number) * time_s)
        wave = np.concatenate([np.zeros(int(SILENCE_S * RATE_HZ)), note])
        soundfile.write(place / f"{name}.wav", wave, RATE_HZ)
    return folder


def run(*words):
    return CliRunner().invoke(main, ["dataset", *map(str, words)])


def test_only_single_guitar_notes_are_collected_and_the_clean_ones_known(idmt):
    collected = {sound.path.stem: name for sound, name in monophonic_guitar(idmt)}
    assert set(collected) == {*CLEAN, SIMULATED, *PROCESSED}
    assert collected[PROCESSED[0]].effect == "chorus"
    clean = clean_guitar(idmt)
    assert {sound.path.stem for sound in clean} == {*CLEAN, SIMULATED}
    assert {sound.instrument for sound in clean} == {"model 6", "model 7"}
    assert len({sound.recording for sound in clean}) == len(CLEAN)  # one take, twice amplified


def test_a_recording_is_read_from_where_its_note_begins(idmt):
    wave = clean_guitar(idmt)[0].read(ANALYSIS_RATE_HZ)
    assert wave.shape[1] / ANALYSIS_RATE_HZ == pytest.approx(0.505, abs=0.003)
    assert np.abs(wave[:, : round(0.002 * ANALYSIS_RATE_HZ)]).max() < 0.01


def test_the_table_has_a_row_for_each_sound_with_its_name_and_features(idmt, tmp_path):
    result = run("--idmt", idmt, "--csv", "--workers", 1, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert "27 sounds in" in result.output
    with (tmp_path / "features.csv").open(newline="") as file:
        rows = {row["file"].rpartition("/")[2]: row for row in csv.DictReader(file)}
    assert set(rows) == {*CLEAN, SIMULATED, *PROCESSED}
    assert rows[SIMULATED]["effect_class"] == "dry"
    assert rows[PROCESSED[1]]["effect"] == "distortion"
    sound = next(s for s, _ in monophonic_guitar(idmt) if s.path.stem == PROCESSED[0])
    wave = for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ)
    wave = torch.from_numpy(fit_length(wave))[None]
    expected = dict(zip(CLASSIFICATION_NAMES, classification_features(wave)[0], strict=True))
    for name in ("centroid_mean", "mfcc_3_mean"):
        assert float(rows[PROCESSED[0]][name]) == pytest.approx(expected[name].item(), rel=1e-4)


def test_pairs_are_made_from_the_clean_notes_with_a_whole_guitar_left_to_test_on(idmt, tmp_path):
    result = run("--idmt", idmt, "--per-pedal", 2, "--workers", 1, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    notes = json.loads((tmp_path / "dataset.json").read_text())["notes"]
    held_out = {note.rpartition("/")[2][:2] for note in notes["unseen_instrument"]}
    assert held_out == {"G7"}
    assert all("/G6" in note for part in ("train", "validation") for note in notes[part])


def test_a_classifier_is_trained_on_the_recordings_with_the_effects_of_their_names(idmt, tmp_path):
    sounds, run = str(tmp_path / "sounds"), str(tmp_path / "run")
    commands = (
        ["dataset", "--task", "recognition", "--idmt", str(idmt), "--workers", "1", "-o", sounds],
        ["train", "effect_classifier", "--dataset", sounds, "--max-epochs", "1", "-o", run],
    )
    for command in commands:
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
    parts = [read_subset(Path(sounds), part) for part in PARTS]
    assert sum(map(len, parts)) == len([*CLEAN, SIMULATED, *PROCESSED])
    named = torch.cat([part.audible_effect for part in parts]).bincount(minlength=len(EFFECT_ORDER))
    assert named[EFFECT_ORDER.index("dry")] == len([*CLEAN, SIMULATED])
    assert named[EFFECT_ORDER.index("chorus")] == 1
    assert named[EFFECT_ORDER.index("distortion")] == 1
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    takes = card["data"]["recordings"]
    assert all(take.startswith("G7") for take in takes["unseen_instrument"])
    assert not set(takes["train"]) & (set(takes["validation"]) | set(takes["unseen_recording"]))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--csv"], "--csv wants --idmt"),
        (["--idmt", "a", "--folder", "b"], "exclude each other"),
        (["--folder", "no-such-folder"], "no-such-folder: no such folder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words, told, tmp_path):
    result = run(*words, "-o", tmp_path / "out")
    assert result.exit_code != 0
    assert told in result.output


def test_one_guitar_alone_is_refused_with_the_mend(tmp_path):
    wave = np.sin(np.arange(RATE_HZ) / 20)
    soundfile.write(tmp_path / "take.wav", wave, RATE_HZ)
    result = run("--folder", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "all clean sounds are of one guitar; a second is needed to test on" in result.output
    with pytest.raises(AudioError, match="holds no single guitar note"):
        monophonic_guitar(tmp_path)
