"""A set of described sounds on disk, made in shards that can be finished later.

A folder holds its plan, ``dataset.json``, and for each shard ``PART-PEDAL-0000.npz`` with the
columns and, if wanted, ``PART-PEDAL-0000.wave.npy`` with the sounds. A shard follows from its own
seed, so that its bytes depend neither on the number of processes nor on interruptions; one that
exists is not made again.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from autofx_core.files import atomic_write
from autofx_core.parallel import run_all
from autofx_core.sources.clean import CleanSound

PLAN_NAME = "dataset.json"


class DatasetError(ValueError):
    """A data set that cannot be made or read; the message names the folder and the mend."""


@dataclass(frozen=True)
class Shard:
    """Some sounds of one part and pedal, and the seed they follow from."""

    part: str
    pedal: str
    index: int
    sounds: int
    seed: int

    @property
    def file(self) -> str:
        """Name of the file with the columns."""
        return f"{self.part}-{self.pedal}-{self.index:04d}.npz"

    @property
    def wave_file(self) -> str:
        """Name of the file with the sounds."""
        return f"{self.part}-{self.pedal}-{self.index:04d}.wave.npy"


Task = tuple[Shard, Sequence[CleanSound]]
"""A shard and the notes of its part."""

Columns = dict[str, np.ndarray]
"""What a shard holds, by name; `wave` goes into a file of its own."""


def begin_set(folder: Path, plan: dict) -> None:
    """Leave the plan in a folder, or find it there.

    Raises
    ------
    DatasetError
        If the folder holds a data set of another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN_NAME
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != plan:
        raise DatasetError(f"{folder}: holds another data set; choose an empty folder")
    path.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")


def make_shards(
    folder: Path,
    shards: Sequence[Shard],
    make: Callable[[Task], tuple[Shard, Columns]],
    task: Callable[[Shard], Task],
    *,
    workers: int = 1,
    cluster: str | None = None,
) -> None:
    """Make the shards that a folder lacks; shows progress.

    Parameters
    ----------
    make
        Makes a shard; runs in one of the `workers`, or on the `cluster`.
    task
        Gives a shard the notes that it is made of.

    Raises
    ------
    ClusterError
        If the cluster cannot be used.
    """
    missing = [shard for shard in shards if not (folder / shard.file).exists()]
    made = run_all(make, map(task, missing), workers=min(workers, len(missing)), cluster=cluster)
    with tqdm(total=len(shards), initial=len(shards) - len(missing), unit="shard") as progress:
        for shard, columns in made:
            _write_shard(folder, shard, columns)
            progress.update()


def _write_shard(folder: Path, shard: Shard, columns: Columns) -> None:
    """Write the sounds, then the columns: where the columns are, the shard is complete."""
    wave = columns.pop("wave", None)
    if wave is not None:
        _write(folder / shard.wave_file, lambda file: np.save(file, wave))
    _write(folder / shard.file, lambda file: np.savez(file, **columns))


def _write(path: Path, save: Callable[[BinaryIO], None]) -> None:
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        save(file)


def read_plan(folder: Path, *, command: str = "python -m autofx_core dataset") -> dict:
    """Read what a data set was made from.

    Parameters
    ----------
    command
        What makes such a set, for the error.

    Raises
    ------
    DatasetError
        If the folder holds no data set.
    """
    path = folder / PLAN_NAME
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; make one with '{command} -o {folder}'")
    return json.loads(path.read_text(encoding="utf-8"))


def read_columns(folder: Path, shards: Sequence[Shard], names: Iterable[str]) -> dict[str, Tensor]:
    """Load columns of some shards, one after the other.

    Raises
    ------
    DatasetError
        If a shard is missing.
    """
    names = tuple(names)
    arrays = []
    for shard in shards:
        try:
            with np.load(folder / shard.file) as file:
                arrays.append([file[name] for name in names])
        except FileNotFoundError:
            raise DatasetError(
                f"{folder / shard.file}: missing; run the same command again to finish it"
            ) from None
    return {
        name: torch.from_numpy(np.concatenate(column))
        for name, column in zip(names, zip(*arrays, strict=True), strict=True)
    }
