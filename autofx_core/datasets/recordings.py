"""IDMT-SMT-Audio-Effects to learn the recognition from: its recordings, named by their files.

The parts are those of `datasets`, by the clean take that a recording was made from; the guitar with
the fewest recordings is left to test on. A recording is taken at its word: what the file's name
says is on it counts as plainly heard, and the amplifier simulation as dry.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, for_analysis
from autofx_core.datasets.labels import (
    DRY,
    EFFECT_ORDER,
    TASK,
    UNITS,
    UNKNOWN_UNIT,
    describe_waves,
    plan_recordings,
)
from autofx_core.datasets.shards import Shard, Task, begin_set, make_shards
from autofx_core.datasets.synthetic import CHUNK, SHARD_SOUNDS, all_parts
from autofx_core.parallel import one_thread
from autofx_core.sources.clean import split_for_training
from autofx_core.sources.idmt_sounds import monophonic_guitar


def make_recorded_lessons(idmt: Path, folder: Path, *, workers: int = 1) -> None:
    """Describe all single guitar notes in and under a folder; finish what was interrupted.

    Raises
    ------
    AudioError
        If there are none, all are of one guitar, or one cannot be used.
    DatasetError
        If a part has no recordings, or the folder holds another data set.
    """
    named = monophonic_guitar(idmt)
    effects = {
        sound.id: DRY if name.effect_class == "dry" else EFFECT_ORDER.index(name.effect)
        for sound, name in named
    }
    parts = all_parts(split_for_training([sound for sound, _ in named]))
    sources = {part: sorted({s.recording for s in of_part}) for part, of_part in parts.items()}
    counts = {part: len(of_part) for part, of_part in parts.items()}
    begin_set(folder, {"task": TASK, "recordings": counts, "sources": sources})

    def task(shard: Shard) -> Task:
        start = shard.index * SHARD_SOUNDS
        return shard, parts[shard.part][start : start + shard.sounds]

    make = partial(_make, effects=effects, sources=sources)
    make_shards(folder, plan_recordings(counts), make, task, workers=workers)


@torch.no_grad()
def _make(task: Task, *, effects: Mapping[str, int], sources: Mapping[str, list[str]]):
    shard, sounds = task
    waves = np.concatenate(
        [
            fit_length(for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ))[None]
            for sound in sounds
        ]
    )
    effect = np.array([effects[sound.id] for sound in sounds])
    with one_thread():
        described = describe_waves(torch.from_numpy(waves).split(CHUNK))
    return shard, described | {
        "strength_db": np.where(effect == DRY, 0.0, np.inf).astype(np.float32),
        "effect": effect,
        "pedal": np.full(len(sounds), UNITS.index(UNKNOWN_UNIT)),
        "source": np.array([sources[shard.part].index(sound.recording) for sound in sounds]),
    }
