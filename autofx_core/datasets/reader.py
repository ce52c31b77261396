"""Read the parts of a data set that `datasets` made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from autofx_core.datasets.shards import DatasetError, read_columns, read_plan
from autofx_core.datasets.synthetic import FULL_SCALE, PEDALS, TRUTHS, plan_shards


class Waves:
    """The sounds of one part, read from disk one by one: more than memory holds."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._shards = [np.load(file, mmap_mode="r") for file in files]
        self._starts = np.cumsum([0, *map(len, self._shards)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Sequence[int] | torch.Tensor) -> torch.Tensor:
        """Sounds of shape (rows, 35000), float32, peak 1."""
        rows = torch.as_tensor(rows).tolist()
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        waves = [
            self._shards[shard][row - self._starts[shard]]
            for row, shard in zip(rows, shards, strict=True)
        ]
        return torch.from_numpy(np.stack(waves).astype(np.float32) / FULL_SCALE)


@dataclass(frozen=True)
class Part:
    """One part of a data set.

    Attributes
    ----------
    columns : dict of str to Tensor, shape (sounds, width), float32, or `Waves`
        What networks hear, by name.
    settings : Tensor, shape (sounds, 15), float32, normalised; zeros for foreign parameters
    family, heard : Tensor, shape (sounds,), int64, index into `CLASSES`
        The pedal's class, and that class or dry.
    pedal : Tensor, shape (sounds,), int64, index into `PEDALS`
    """

    columns: dict[str, torch.Tensor | Waves]
    settings: torch.Tensor
    family: torch.Tensor
    heard: torch.Tensor
    pedal: torch.Tensor

    def __len__(self) -> int:
        return len(self.family)

    def __getitem__(self, name: str) -> torch.Tensor | Waves:
        """Column by name; `wave` is read from disk as far as rows of it are asked for.

        Raises
        ------
        DatasetError
            If the data set was made without that column.
        """
        try:
            return self.columns[name]
        except KeyError:
            option = "--waves" if name == "wave" else f"--hear {name}"
            raise DatasetError(
                f"the data set has no column {name!r}; make it again with {option}"
            ) from None


def read_part(folder: Path, part: str) -> Part:
    """Load one part of a data set.

    Raises
    ------
    DatasetError
        If the folder holds no data set, or an unfinished one.
    """
    plan = read_plan(folder)
    if "heard" not in plan:
        raise DatasetError(f"{folder}: made by another command or version; make it again")
    shards = [
        shard
        for shard in plan_shards(plan["task"], plan["per_pedal"], plan["seed"])
        if shard.part == part
    ]
    everything = read_columns(folder, shards, (*plan["heard"], *TRUTHS))
    pedals = [PEDALS.index(shard.pedal) for shard in shards]
    pedal = torch.tensor(pedals).repeat_interleave(torch.tensor([s.sounds for s in shards]))
    columns = {name: everything.pop(name) for name in plan["heard"]}
    if plan["waves"]:
        columns["wave"] = Waves([folder / shard.wave_file for shard in shards])
    return Part(columns, pedal=pedal, **everything)
