"""Synthetic pairs are reproducible, honest about their sources, and survive an interruption."""

import hashlib
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length
from autofx_core.datasets import make, plan
from autofx_core.datasets.make import describe_shard, make_dataset
from autofx_core.datasets.plan import DatasetError, Shard, part_notes
from autofx_core.datasets.reader import read_subset
from autofx_core.datasets.synthetic import render_shard
from autofx_core.effects.table import SLICES, denormalize, render
from autofx_core.features import CLASSIFICATION_NAMES, classification_features
from autofx_core.sources.clean import LoadedSound, builtin_notes


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_no_recording_is_in_two_parts_of_the_builtin_notes():
    parts = part_notes(builtin_notes())
    sources = {part: {note.recording for note in notes} for part, notes in parts.items()}
    assert all(sources.values())
    for first, second in itertools.combinations(sources.values(), 2):
        assert not first & second
    programs = {part: {note.instrument for note in notes} for part, notes in parts.items()}
    assert not programs["unseen_instrument"] & (programs["train"] | programs["validation"])
    assert programs["unseen_recording"] <= programs["train"]


def test_same_seed_gives_the_same_bytes_whatever_the_workers_and_another_does_not(tmp_path, notes):
    for name, seed, workers in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        make_dataset(notes, tmp_path / name, per_pedal=8, seed=seed, workers=workers)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert hashes(tmp_path / "a") != hashes(tmp_path / "c")


def test_a_shard_carries_the_notes_that_it_draws_and_no_others(notes):
    shard = Shard("train", "delay", 0, sounds=2, seed=1)
    _, carried = make.carry_notes((shard, notes))
    elsewhere = [replace(note, path=Path("/nowhere")) for note in carried]
    assert 1 <= sum(isinstance(note, LoadedSound) for note in carried) <= 2
    there = render_shard(shard, elsewhere)
    here = render_shard(shard, notes)
    for name, column in vars(here).items():
        np.testing.assert_array_equal(getattr(there, name), column)


def test_an_interrupted_set_is_finished_not_made_again(tmp_path, notes, monkeypatch):
    make_dataset(notes, tmp_path, per_pedal=8, seed=1)
    before = hashes(tmp_path)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    (tmp_path / "train-delay-0000.npz").unlink()
    with pytest.raises(DatasetError, match=r"train-delay-0000\.npz: missing; run the same"):
        read_subset(tmp_path, "train")
    make_dataset(notes, tmp_path, per_pedal=8, seed=1)
    assert hashes(tmp_path) == before
    after = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    assert [name for name in kept if kept[name] != after[name]] == ["train-delay-0000.npz"]


def test_a_folder_of_another_plan_is_not_mixed_up(tmp_path, notes):
    make_dataset(notes, tmp_path, per_pedal=2, seed=1)
    with pytest.raises(DatasetError, match="holds another data set"):
        make_dataset(notes, tmp_path, per_pedal=3, seed=1)


def test_features_and_settings_of_a_row_belong_together(notes):
    shard = Shard("validation", "delay", 0, sounds=3, seed=5)
    made, _ = describe_shard(shard, notes, ["features"])
    for row in range(3):
        note = next(n for n in notes if n.recording == made["recording"][row])
        setting = denormalize("delay", made["settings"][row, SLICES["delay"]])
        clean = fit_length(note.read(ANALYSIS_RATE_HZ))
        clean = clean / np.abs(clean).max()
        wet = render("delay", clean, ANALYSIS_RATE_HZ, setting)
        wave = torch.from_numpy(wet / np.abs(wet).max())
        expected = dict(zip(CLASSIFICATION_NAMES, classification_features(wave)[0], strict=True))
        measured = dict(zip(CLASSIFICATION_NAMES, made["features"][row], strict=True))
        for name in ("centroid_mean", "flatness_max", "mfcc_3_mean"):
            assert measured[name] == pytest.approx(expected[name].item(), rel=2e-3)
        others = np.delete(made["settings"][row], np.r_[SLICES["delay"]])
        assert (others == 0).all()


def test_only_the_training_part_has_variants_of_its_notes(notes):
    note = notes[0]
    recorded = fit_length(note.read(ANALYSIS_RATE_HZ))
    recorded = recorded / np.abs(recorded).max()
    for part, as_recorded in (("train", False), ("validation", True), ("unseen_recording", True)):
        shard = Shard(part, "delay", 0, sounds=12, seed=5)
        clean = render_shard(shard, [note]).clean
        assert np.allclose(clean, recorded, atol=1e-6) == as_recorded
        different = {wave.tobytes() for wave in clean}
        assert len(different) <= plan.VARIANTS if part == "train" else len(different) == 1


def test_kept_waves_are_the_sounds_that_the_columns_describe(tmp_path, notes, monkeypatch):
    monkeypatch.setattr(plan, "SHARD_SOUNDS", 4)
    make_dataset(notes, tmp_path, per_pedal=6, seed=1, waves=True)
    part = read_subset(tmp_path, "train")
    assert len(part["wave"]) == len(part) == 18
    second = Shard("train", "delay", 1, sounds=2, seed=1)
    rendered = render_shard(second, part_notes(notes)["train"])
    for row in (0, 1):
        place = 6 + 4 + row
        kept, wet = part["wave"][[place]][0], torch.from_numpy(rendered.wet[row])
        torch.testing.assert_close(kept, wet, rtol=0, atol=0.6 / 32_767)
        np.testing.assert_array_equal(part.settings[place], rendered.settings[row])
