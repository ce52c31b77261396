"""Synthetic pairs are reproducible, honest about their sources, and survive an interruption."""

import hashlib
import itertools
import json

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from autofx_core import datasets, train
from autofx_core.__main__ import main
from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.datasets import DatasetError, make_dataset, part_notes, read_part
from autofx_core.effects import SLICES, denormalize
from autofx_core.features import CLASSIFICATION_NAMES, classification_features
from autofx_core.sources import CleanSound, builtin_notes


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    """Twelve short notes: two training programs in three splits, one program for testing only."""
    folder = tmp_path_factory.mktemp("notes")
    found = []
    for number, (program, split) in enumerate(
        [(p, s) for p in ("one", "two") for s in ("train", "train", "validation", "test")]
        + [("three", "test")] * 4
    ):
        time_s = np.arange(int(0.8 * ANALYSIS_RATE_HZ)) / ANALYSIS_RATE_HZ
        hertz = 110 * 2 ** (number / 12)
        wave = np.exp(-3 * time_s) * sum(np.sin(2 * np.pi * k * hertz * time_s) for k in (1, 2, 3))
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.3 * wave, ANALYSIS_RATE_HZ)
        found.append(CleanSound(str(number), path, f"recording {number}", program, split=split))
    return found


def test_no_recording_is_in_two_parts_of_the_builtin_notes():
    parts = part_notes(builtin_notes())
    sources = {part: {note.source for note in notes} for part, notes in parts.items()}
    assert all(sources.values())
    for first, second in itertools.combinations(sources.values(), 2):
        assert not first & second
    programs = {part: {note.program for note in notes} for part, notes in parts.items()}
    assert not programs["unseen_program"] & (programs["train"] | programs["validation"])
    assert programs["unseen_note"] <= programs["train"]


def test_same_seed_gives_the_same_bytes_whatever_the_workers_and_another_does_not(tmp_path, notes):
    for name, seed, workers in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        make_dataset(notes, tmp_path / name, per_pedal=8, seed=seed, workers=workers)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert hashes(tmp_path / "a") != hashes(tmp_path / "c")


def test_an_interrupted_set_is_finished_not_made_again(tmp_path, notes, monkeypatch):
    make_dataset(notes, tmp_path, per_pedal=8, seed=1)
    before = hashes(tmp_path)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    (tmp_path / "train-delay-0000.npz").unlink()
    with pytest.raises(DatasetError, match=r"train-delay-0000\.npz: missing; run the same"):
        read_part(tmp_path, "train")
    make_dataset(notes, tmp_path, per_pedal=8, seed=1)
    assert hashes(tmp_path) == before
    after = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    assert [name for name in kept if kept[name] != after[name]] == ["train-delay-0000.npz"]


def test_a_folder_of_another_plan_is_not_mixed_up(tmp_path, notes):
    make_dataset(notes, tmp_path, per_pedal=2, seed=1)
    with pytest.raises(DatasetError, match="holds another data set"):
        make_dataset(notes, tmp_path, per_pedal=3, seed=1)


def test_features_and_settings_of_a_row_belong_together(notes):
    shard = datasets.Shard("train", "delay", 0, sounds=3, seed=5)
    made = datasets.make_shard(shard, notes)
    for row in range(3):
        note = next(n for n in notes if n.id == made["note"][row])
        setting = denormalize("delay", made["settings"][row, SLICES["delay"]])
        clean = datasets.fit_length(note.read(ANALYSIS_RATE_HZ))
        clean = clean / np.abs(clean).max()
        wet = datasets.render("delay", clean, ANALYSIS_RATE_HZ, setting)
        wave = torch.from_numpy(wet / np.abs(wet).max())
        expected = dict(zip(CLASSIFICATION_NAMES, classification_features(wave)[0], strict=True))
        measured = dict(zip(CLASSIFICATION_NAMES, made["features"][row], strict=True))
        for name in ("centroid_mean", "flatness_max", "mfcc_3_mean"):
            assert measured[name] == pytest.approx(expected[name].item(), rel=2e-3)
        others = np.delete(made["settings"][row], np.r_[SLICES["delay"]])
        assert (others == 0).all()


def test_training_leaves_a_card_that_says_what_made_it(tmp_path, notes):
    make_dataset(notes, tmp_path / "data", per_pedal=24, seed=1)
    command = ["train", "mlp_163nc", "--dataset", str(tmp_path / "data"), "--max-epochs", "4"]
    run = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "whole")])
    assert run.exit_code == 0, run.output
    assert "unseen_program: C.2 MSE" in run.output
    card = json.loads((tmp_path / "whole" / "card.json").read_text())
    assert card["parameters"] == 58_315
    assert card["settings"]["seed"] == 2
    assert set(card["metrics"]) == {"unseen_note", "unseen_program"}
    assert set(card["data"]["sources"]["train"]) == {f"recording {k}" for k in (0, 1, 4, 5)}
    assert len(card["curves"]["train"]) == 4
    assert card["curves"]["train"][-1] < card["curves"]["train"][0]


def test_an_interrupted_training_resumes_to_the_same_weights(tmp_path, notes, monkeypatch):
    make_dataset(notes, tmp_path / "data", per_pedal=24, seed=1)
    settings = train.default_settings("mlp_163nc", max_epochs=5)
    whole = train.train(settings, tmp_path / "data", tmp_path / "whole", command="")
    calls = iter(range(10))
    learn = train._learn

    def interrupted(*arguments):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return learn(*arguments)

    monkeypatch.setattr(train, "_learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.train(settings, tmp_path / "data", tmp_path / "parts", command="")
    monkeypatch.undo()
    parts = train.train(settings, tmp_path / "data", tmp_path / "parts", command="")
    assert parts["curves"] == whole["curves"]
    weights = [
        torch.load(tmp_path / name / "weights.pt", weights_only=True) for name in ("whole", "parts")
    ]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=0)


def test_a_missing_data_set_is_one_line_and_the_mend(tmp_path):
    run = CliRunner().invoke(
        main, ["train", "mlp_163nc", "--dataset", str(tmp_path / "no"), "-o", str(tmp_path / "run")]
    )
    assert run.exit_code == 1
    assert run.output.count("\n") == 1
    assert "make one with 'python -m autofx_core dataset" in run.output
