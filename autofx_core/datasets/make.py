"""Make a data set: render its sounds, describe them by feature sets, label them, write the shards.

A folder holds the plan, ``dataset.json``, and for each shard ``PART-PEDAL-0000.npz`` with the
columns and, if wanted, ``PART-PEDAL-0000.wave.npy`` with the sounds as 16-bit numbers. A shard that
exists is not made again, so that an interrupted set can be finished.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.datasets.chains import render_chains, strongest_effect
from autofx_core.datasets.labels import CHAINS, DRY, UNKNOWN_PEDAL
from autofx_core.datasets.plan import (
    DEFAULT_FEATURE_SETS,
    PLUCKED_STRINGS,
    SHARD_SOUNDS,
    DatasetError,
    DatasetPlan,
    Shard,
    part_notes,
    write_plan,
)
from autofx_core.datasets.recordings import read_recordings
from autofx_core.datasets.synthetic import notes_of, render_shard
from autofx_core.effects.table import N_PARAMETERS
from autofx_core.features.batch import CLEAN_PREFIX, FeatureBatch
from autofx_core.features.timbre import timbre_features
from autofx_core.files import atomic_write
from autofx_core.metrics.audibility import strength_db
from autofx_core.networks.network import Task
from autofx_core.parallel import one_thread, run_all
from autofx_core.sources.clean import CleanSound, list_attributions, load
from autofx_core.windows import cut_windows

WINDOWS = 6  # stored of each sound of the presence task
CHUNK = 4  # sounds described at once: few enough for the processor's cache
FULL_SCALE = 32_767  # of the stored waves

ShardTask = tuple[Shard, Sequence[CleanSound]]
"""A shard and the notes of its part."""


@torch.no_grad()
def describe_chains(shard: Shard, notes: Sequence[CleanSound]) -> dict[str, np.ndarray]:
    """Render a shard of the presence task, describe and label its sounds.

    Parameters
    ----------
    shard
        Which sounds.
    notes
        The notes of its part.

    Returns
    -------
    dict of ndarray
        `windows`, shape (sounds, 6, 606), the timbre sets of windows (see `windows`), of short
        sounds the same ones again; `presence_db` and `place` (see `chains.Chained`); `effect` and
        `strength_db` of the strongest effect among the eleven; `settings`, zeros; `recording`.
    """
    chained = render_chains(shard, notes)
    described = []
    for wave in chained.waves:
        windows = cut_windows(wave, ANALYSIS_RATE_HZ, most=WINDOWS)
        timbre = timbre_features(torch.from_numpy(windows)).numpy()
        described.append(timbre[np.arange(WINDOWS) % len(timbre)])
    effect, strength = strongest_effect(chained.presence_db)
    return {
        "windows": np.stack(described),
        "presence_db": chained.presence_db,
        "place": chained.place,
        "effect": effect,
        "strength_db": strength,
        "settings": np.zeros((shard.sounds, N_PARAMETERS), dtype=np.float32),
        "recording": chained.recording,
    }


@torch.no_grad()
def describe_shard(
    shard: Shard, sounds: Sequence[CleanSound], feature_sets: Sequence[str]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Render a shard's sounds, describe and label them.

    Parameters
    ----------
    shard
        Which sounds.
    sounds
        The notes of its part; of recordings, those of the shard.
    feature_sets
        Which of `plan.FEATURE_SETS` to compute.

    Returns
    -------
    columns : dict of ndarray
        The feature sets (sounds, width), `strength_db` (sounds,), `settings`, `effect` and
        `recording` as `Rendered` has them.
    waves : ndarray, shape (sounds, 35000), float32
    """
    recorded = shard.pedal == UNKNOWN_PEDAL
    rendered = read_recordings(sounds) if recorded else render_shard(shard, sounds)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in (*feature_sets, "strength_db")}
    for start in range(0, shard.sounds, CHUNK):
        rows = slice(start, start + CHUNK)
        wet, clean = (torch.from_numpy(waves[rows]) for waves in (rendered.wet, rendered.clean))
        batch = FeatureBatch(wet, clean)
        for name in feature_sets:
            columns[name].append(batch[name].numpy())
        if recorded:  # there is nothing to compare with: the label counts
            strength = np.where(rendered.effect[rows] == DRY, 0.0, np.inf).astype(np.float32)
        else:
            strength = strength_db(clean, wet).numpy()
        columns["strength_db"].append(strength)
    return {
        **{name: np.concatenate(chunks) for name, chunks in columns.items()},
        "settings": rendered.settings,
        "effect": rendered.effect,
        "recording": rendered.recording,
    }, rendered.wet


def _make_shard(
    task: ShardTask, *, feature_sets: Sequence[str], waves: bool
) -> tuple[Shard, dict[str, np.ndarray], np.ndarray | None]:
    with one_thread():
        if task[0].pedal == CHAINS:
            return task[0], describe_chains(*task), None
        columns, wet = describe_shard(*task, feature_sets)
    return task[0], columns, np.round(wet * FULL_SCALE).astype(np.int16) if waves else None


def carry_notes(task: ShardTask) -> ShardTask:
    """Load the notes that a shard draws, for a machine that lacks their files."""
    shard, notes = task
    if shard.part == PLUCKED_STRINGS:
        return task
    recorded = shard.pedal == UNKNOWN_PEDAL
    everything = recorded or shard.pedal == CHAINS
    drawn = set(range(len(notes))) if everything else notes_of(shard, len(notes))
    loaded = [
        load(note, ANALYSIS_RATE_HZ) if row in drawn else note for row, note in enumerate(notes)
    ]
    return shard, loaded


def make_dataset(
    sounds: Sequence[CleanSound],
    folder: Path,
    *,
    per_pedal: int = 0,
    seed: int = 0,
    task: Task = "settings",
    feature_sets: Sequence[str] = (),
    waves: bool = False,
    processed: bool = False,
    workers: int = 1,
    cluster: str | None = None,
) -> None:
    """Make a data set in a folder, or finish one that was interrupted; shows progress.

    Parameters
    ----------
    sounds
        Clean notes with their splits; with `processed`, recordings with their effect.
    folder
        Where to write; made if missing.
    per_pedal
        Number of training sounds of each pedal; see `plan` for the multiples and the other parts.
    seed
        Of all random choices.
    task
        ``settings``, ``recognition`` or ``presence``.
    feature_sets
        Which of `plan.FEATURE_SETS` to compute; by default, those of the task.
    waves
        Whether to keep the sounds, 70 kB each, for the networks that take the sound itself.
    processed
        Whether the sounds came with their effect, to be described as they are.
    workers
        Processes on this machine.
    cluster
        Address of a Dask scheduler whose workers to use instead; they need none of the files.

    Raises
    ------
    DatasetError
        If a part has no notes, the folder holds a data set of another plan, or a feature set needs
        clean sounds that do not exist.
    ClusterError
        If the cluster cannot be used.
    """
    feature_sets = tuple(feature_sets) or DEFAULT_FEATURE_SETS[task]
    if task == "presence" and (feature_sets != DEFAULT_FEATURE_SETS[task] or waves or processed):
        raise DatasetError(
            "a data set for presence holds windows of made sounds, no other features, no waves and "
            "no recordings with their effect; leave out --features, --waves and --idmt"
        )
    needs_clean = [n for n in feature_sets if n == "relation" or n.startswith(CLEAN_PREFIX)]
    if processed and needs_clean:
        raise DatasetError(
            f"feature set {needs_clean[0]!r} needs the clean sound, and these recordings came with "
            "their effect; choose among features, regression and timbre"
        )
    parts = part_notes(sounds)
    plan = DatasetPlan(
        task=task,
        per_pedal=0 if processed else per_pedal,
        seed=seed,
        feature_sets=feature_sets,
        waves=waves,
        notes={part: sorted(note.id for note in notes) for part, notes in parts.items()},
        recordings={part: sorted({n.recording for n in notes}) for part, notes in parts.items()},
        collections=tuple(list_attributions(sounds)),
        processed=processed,
    )
    write_plan(plan, folder)
    shards = plan.shards()
    missing = [shard for shard in shards if not (folder / shard.file).exists()]

    def give_notes(shard: Shard) -> ShardTask:
        start = shard.index * SHARD_SOUNDS if processed else 0
        notes = parts.get(shard.part, [])[start : start + shard.sounds if processed else None]
        return carry_notes((shard, notes)) if cluster else (shard, notes)

    made = run_all(
        partial(_make_shard, feature_sets=feature_sets, waves=waves),
        map(give_notes, missing),
        workers=min(workers, len(missing)),
        cluster=cluster,
    )
    with tqdm(total=len(shards), initial=len(shards) - len(missing), unit="shard") as progress:
        for shard, columns, wave in made:
            if wave is not None:
                with atomic_write(folder / shard.wave_file) as path, path.open("wb") as file:
                    np.save(file, wave)
            # The columns come last: a shard that has them is complete.
            with atomic_write(folder / shard.file) as path, path.open("wb") as file:
                np.savez(file, **columns)  # type: ignore[arg-type]  # its stub types every keyword bool
            progress.update()
