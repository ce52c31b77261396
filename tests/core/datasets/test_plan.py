"""The plan says how many sounds of which pedal a part has, and which effect each pedal makes."""

import json

import numpy as np
import pytest

from autofx_core.datasets.labels import DRY, EFFECT_ORDER, PEDALS, effect_name
from autofx_core.datasets.make import describe_shard, make_dataset
from autofx_core.datasets.plan import (
    PARTS,
    PLUCKED_STRINGS,
    DatasetError,
    DatasetPlan,
    Shard,
    part_notes,
    read_plan,
)
from autofx_core.datasets.reader import read_subset, read_training
from autofx_core.effects.table import SLICES, normalize
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.sources.clean import builtin_notes


def plan_of(task, per_pedal):
    return DatasetPlan(
        task=task,
        per_pedal=per_pedal,
        seed=0,
        feature_sets=("timbre",),
        waves=False,
        notes={part: [] for part in PARTS},
        recordings={part: [] for part in PARTS},
    )


def test_recognition_has_more_of_the_generic_effects_and_of_the_dry():
    plan = plan_of("recognition", 200)
    counts = dict.fromkeys(PEDALS, 0)
    for shard in plan.shards("train"):
        counts[shard.pedal] += shard.sounds
    assert (counts["delay"], counts["clean"], counts["fuzz"]) == (800, 400, 200)
    assert plan.pedals("validation")["delay"] == 100
    assert plan.pedals(PLUCKED_STRINGS)["fuzz"] == 100


def test_settings_have_the_generic_effects_alone_and_at_most_2500_of_each_to_test_on():
    plan = plan_of("settings", 40_000)
    assert plan.training_parts == ("train",)
    assert set(plan.pedals("train").values()) == {40_000}
    assert plan.pedals("unseen_recording") == dict.fromkeys(
        ("modulation", "delay", "distortion"), 2_500
    )


def settings_of(effect_class, **setting):
    vector = np.zeros(15)
    vector[SLICES[effect_class]] = normalize(effect_class, setting)
    return vector


def test_a_generic_effect_is_named_by_its_settings():
    assert effect_name("fuzz", np.zeros(15)) == "distortion"
    once = settings_of("delay", delay_seconds=0.2, feedback=0.05, mix=0.5)
    assert effect_name("delay", once) == "slapback delay"
    often = settings_of("delay", delay_seconds=0.2, feedback=0.5, mix=0.5)
    assert effect_name("delay", often) == "feedback delay"


@pytest.mark.parametrize("part", ["unseen_recording", PLUCKED_STRINGS])
def test_a_shard_is_the_same_each_time_and_its_columns_belong_together(part):
    notes = part_notes(builtin_notes()).get(part, [])
    shard = Shard(part, "tape_echo", 0, sounds=2, seed=3)
    columns, waves = describe_shard(shard, notes, ["timbre"])
    again, _ = describe_shard(shard, notes, ["timbre"])
    for name, column in columns.items():
        np.testing.assert_array_equal(column, again[name])
        assert len(column) == len(waves) == shard.sounds
    assert (columns["strength_db"] > UNAMBIGUOUS_DB).all()
    assert {EFFECT_ORDER[k] for k in columns["effect"]} == {"feedback delay"}
    assert all(bool(recording) == bool(notes) for recording in columns["recording"])


@pytest.fixture(scope="module")
def recognition(tmp_path_factory, notes):
    folder = tmp_path_factory.mktemp("recognition")
    make_dataset(
        notes,
        folder,
        per_pedal=1,
        seed=0,
        task="recognition",
        feature_sets=("regression",),
        workers=2,
    )
    return folder


def test_the_parts_are_read_as_they_were_made(recognition):
    for part in (*PARTS, PLUCKED_STRINGS):
        subset = read_subset(recognition, part)
        assert set(subset.pedal.tolist()) == set(range(len(PEDALS)))
        assert subset["regression"].isfinite().all()
        assert (subset.audible_effect[subset.strength_db < AUDIBLE_DB] == DRY).all()
        audible = subset.strength_db >= AUDIBLE_DB
        assert (subset.audible_effect == subset.effect)[audible].all()
        assert (subset.recording >= 0).all() == (part != PLUCKED_STRINGS)
    parts = [len(read_subset(recognition, part)) for part in ("train", PLUCKED_STRINGS)]
    assert len(read_training(recognition)) == sum(parts)


def test_a_missing_shard_or_set_is_named_with_how_to_make_it(recognition, tmp_path):
    with pytest.raises(DatasetError, match="no such file; make one with"):
        read_subset(tmp_path, "train")
    removed = next(recognition.glob("validation-fuzz-*.npz"))
    content = removed.read_bytes()
    removed.unlink()
    with pytest.raises(DatasetError, match="missing; run the same command again"):
        read_subset(recognition, "validation")
    removed.write_bytes(content)


def test_a_plan_of_another_version_is_refused_in_one_line(recognition, tmp_path):
    plan = json.loads(read_plan(recognition).model_dump_json()) | {"heard": []}
    (tmp_path / "dataset.json").write_text(json.dumps(plan))
    with pytest.raises(DatasetError, match=r"dataset\.json: heard: Extra inputs .* again") as error:
        read_plan(tmp_path)
    assert "\n" not in str(error.value)


def test_recordings_with_their_effect_have_no_relation_to_a_clean_sound(notes, tmp_path):
    with pytest.raises(DatasetError, match="'relation' needs the clean sound"):
        make_dataset(notes, tmp_path, task="recognition", feature_sets=["relation"], processed=True)
