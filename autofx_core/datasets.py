"""Synthetic pairs: clean notes played through the effects with random settings.

As in AutoFX, a processed sound is one clean note, peak-normalised, cut or padded to 35,000 samples
at 22.05 kHz (1.587 s), through one effect with every parameter uniform in its range,
peak-normalised again. What is stored is what networks learn from: features, and the settings,
normalised.

Four parts, by the *source recording* of the clean note (see `sources`), so that no recording, nor
a transposition of it, is in two parts:

=================  ==========================================================================
`train`            to learn from
`validation`       for early stopping
`unseen_note`      other recordings of the training programs
`unseen_program`   programs that no other part has
=================  ==========================================================================

The set is made in shards. Each draws from its own seed, so that the bytes depend neither on the
number of processes nor on interruptions; a shard that exists is not made again.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects import EFFECTS, N_PARAMETERS, SLICES, denormalize, render
from autofx_core.features import classification_features, regression_features
from autofx_core.sources import CleanSound

N_SAMPLES = 35_000
PARTS = ("train", "validation", "unseen_note", "unseen_program")
HELD_OUT_SHARE = 8  # each other part has this many times fewer sounds than the training part
SHARD_SOUNDS = 120
PLAN_NAME = "dataset.json"


class DatasetError(ValueError):
    """A data set that cannot be made or read; the message names the folder and the mend."""


def fit_length(wave: np.ndarray) -> np.ndarray:
    """Cut or zero-pad the last axis to 35,000 samples."""
    short = max(0, N_SAMPLES - wave.shape[-1])
    return np.pad(wave[..., :N_SAMPLES], [(0, 0)] * (wave.ndim - 1) + [(0, short)])


def part_notes(notes: Sequence[CleanSound]) -> dict[str, list[CleanSound]]:
    """Sort notes into the four parts by their split and by whether training saw their program."""
    trained = {note.program for note in notes if note.split == "train"}
    parts: dict[str, list[CleanSound]] = {part: [] for part in PARTS}
    for note in notes:
        if note.split == "test":
            part = "unseen_note" if note.program in trained else "unseen_program"
        else:
            part = note.split or "train"
        parts[part].append(note)
    return parts


@dataclass(frozen=True)
class Shard:
    """Some sounds of one part and family, and the seed they follow from."""

    part: str
    family: str
    index: int
    sounds: int
    seed: int

    @property
    def file(self) -> str:
        """Name of the shard's file."""
        return f"{self.part}-{self.family}-{self.index:04d}.npz"


def plan_shards(per_family: int, seed: int) -> list[Shard]:
    """List the shards of a data set with `per_family` training sounds of each effect."""
    shards = []
    for part in PARTS:
        total = per_family if part == "train" else -(-per_family // HELD_OUT_SHARE)
        for family in EFFECTS:
            starts = range(0, total, SHARD_SOUNDS)
            shards += [
                Shard(part, family, i, min(SHARD_SOUNDS, total - start), seed)
                for i, start in enumerate(starts)
            ]
    return shards


@cache
def _clean_wave(note: CleanSound) -> np.ndarray:
    return fit_length(normalize_peak(note.read(ANALYSIS_RATE_HZ)))


def make_shard(shard: Shard, notes: Sequence[CleanSound]) -> dict[str, np.ndarray]:
    """Render a shard's sounds and describe them.

    Returns
    -------
    dict of ndarray
        `features` (sounds, 163), `regression` (sounds, 48), `settings` (sounds, 15; zeros for
        foreign parameters), all float32; `family` (sounds,), int64; `note` (sounds,), str.
    """
    rng = np.random.default_rng(
        [shard.seed, PARTS.index(shard.part), list(EFFECTS).index(shard.family), shard.index]
    )
    waves = np.empty((shard.sounds, N_SAMPLES), dtype=np.float32)
    settings = np.zeros((shard.sounds, N_PARAMETERS), dtype=np.float32)
    names = []
    for row in range(shard.sounds):
        note = notes[rng.integers(len(notes))]
        vector = rng.uniform(size=len(EFFECTS[shard.family].parameters))
        setting = denormalize(shard.family, vector)
        wet = render(shard.family, _clean_wave(note), ANALYSIS_RATE_HZ, setting)
        waves[row] = normalize_peak(wet)[0]
        settings[row, SLICES[shard.family]] = vector
        names.append(note.id)
    chunks = torch.from_numpy(waves).split(4)  # small enough for the processor's cache
    return {
        "features": torch.cat([classification_features(c) for c in chunks]).numpy(),
        "regression": torch.cat([regression_features(c) for c in chunks]).numpy(),
        "settings": settings,
        "family": np.full(shard.sounds, list(EFFECTS).index(shard.family)),
        "note": np.array(names),
    }


def _write_shard(folder: Path, shard: Shard, notes: Sequence[CleanSound]) -> None:
    torch.set_num_threads(1)
    unfinished = folder / f"{shard.file}.part"
    with unfinished.open("wb") as file:
        np.savez(file, **make_shard(shard, notes))
    unfinished.replace(folder / shard.file)


def make_dataset(
    notes: Sequence[CleanSound], folder: Path, *, per_family: int, seed: int, workers: int = 1
) -> None:
    """Make a data set in a folder, or finish one that was interrupted; shows progress.

    Raises
    ------
    DatasetError
        If a part has no notes, or the folder holds a data set of another plan.
    """
    parts = part_notes(notes)
    for part, of_part in parts.items():
        if not of_part:
            raise DatasetError(f"no clean note for the part {part!r}; are the notes split?")
    plan = {
        "per_family": per_family,
        "seed": seed,
        "notes": {part: sorted(note.id for note in of_part) for part, of_part in parts.items()},
        "sources": {part: sorted({n.source for n in of_part}) for part, of_part in parts.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN_NAME
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != plan:
        raise DatasetError(f"{folder}: holds another data set; choose an empty folder")
    path.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    shards = plan_shards(per_family, seed)
    missing = [shard for shard in shards if not (folder / shard.file).exists()]
    with (
        tqdm(total=len(shards), initial=len(shards) - len(missing), unit="shard") as progress,
        ProcessPoolExecutor(workers) as pool,
    ):
        jobs = [pool.submit(_write_shard, folder, shard, parts[shard.part]) for shard in missing]
        for job in as_completed(jobs):
            job.result()
            progress.update()


@dataclass(frozen=True)
class Part:
    """One part of a data set, in memory.

    Attributes
    ----------
    features : Tensor, shape (sounds, 163), float32
    regression : Tensor, shape (sounds, 48), float32
    settings : Tensor, shape (sounds, 15), float32, normalised; zeros for foreign parameters
    family : Tensor, shape (sounds,), int64
    """

    features: torch.Tensor
    regression: torch.Tensor
    settings: torch.Tensor
    family: torch.Tensor

    def __len__(self) -> int:
        return len(self.family)


def read_plan(folder: Path) -> dict:
    """Read what a data set was made from.

    Raises
    ------
    DatasetError
        If the folder holds no data set.
    """
    path = folder / PLAN_NAME
    if not path.is_file():
        raise DatasetError(
            f"{path}: no such file; make one with 'python -m autofx_core dataset -o {folder}'"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def read_part(folder: Path, part: str) -> Part:
    """Load one part of a data set.

    Raises
    ------
    DatasetError
        If the folder holds no data set, or an unfinished one.
    """
    plan = read_plan(folder)
    shards = [s for s in plan_shards(plan["per_family"], plan["seed"]) if s.part == part]
    arrays = []
    for shard in shards:
        try:
            with np.load(folder / shard.file) as stored:
                arrays.append({name: stored[name] for name in Part.__dataclass_fields__})
        except FileNotFoundError:
            raise DatasetError(
                f"{folder / shard.file}: missing; run the same dataset command again to finish it"
            ) from None
    return Part(
        **{
            name: torch.from_numpy(np.concatenate([array[name] for array in arrays]))
            for name in Part.__dataclass_fields__
        }
    )
