"""Read the parts of a data set that `make` wrote."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from autofx_core.datasets.labels import CHAINS, DRY, PEDALS, UNKNOWN_PEDAL, is_dry
from autofx_core.datasets.make import FULL_SCALE
from autofx_core.datasets.plan import DatasetError, DatasetPlan, Shard, read_plan
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.networks.classifier import CLASS_OF_EFFECT

TARGETS = ("settings", "effect", "strength_db")
CHAIN_TARGETS = ("presence_db", "place")


class Waves:
    """The sounds of some shards, read from disk one by one: more than memory holds."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._shards = [np.load(file, mmap_mode="r") for file in files]
        self._starts = np.cumsum([0, *map(len, self._shards)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Sequence[int] | Tensor) -> Tensor:
        """Sounds of shape (rows, 35000), float32, peak 1."""
        numbers = torch.as_tensor(rows).tolist()
        shards = np.searchsorted(self._starts, numbers, side="right") - 1
        waves = [
            self._shards[shard][row - self._starts[shard]]
            for row, shard in zip(numbers, shards, strict=True)
        ]
        return torch.from_numpy(np.stack(waves).astype(np.float32) / FULL_SCALE)


@dataclass(frozen=True)
class Subset:
    """Sounds of one or more parts of a data set.

    Attributes
    ----------
    features : dict of str to Tensor, shape (sounds, width), float32, or `Waves`
        Feature sets by name.
    settings : Tensor, shape (sounds, 15), float32, normalised; zeros for foreign parameters
    effect : Tensor, shape (sounds,), int64, index into `EFFECT_ORDER`
        What the pedal makes, audible or not.
    strength_db : Tensor, shape (sounds,), float32
        How strong the effect is on the sound; see `metrics.audibility`.
    pedal : Tensor, shape (sounds,), int64, index into `PEDALS`; beyond if unknown, or chains
    recording : Tensor, shape (sounds,), int64
        Which recording the clean note stems from; −1 for made-up strings and for phrases of
        several.
    presence_db : Tensor, shape (sounds, 11), float32, of `taxonomy.PRESENCES`; empty in other tasks
        How strongly each effect of the chain changes what it is given; 0 where it is not there.
    place : Tensor, shape (sounds, 11), int64; empty in other tasks
        Place of each in the chain, from 1; 0 where it is not there.
    """

    features: dict[str, Tensor | Waves]
    settings: Tensor
    effect: Tensor
    strength_db: Tensor
    pedal: Tensor
    recording: Tensor
    presence_db: Tensor
    place: Tensor

    def __len__(self) -> int:
        return len(self.effect)

    def __getitem__(self, name: str) -> Tensor:
        """Feature set by name; `wave` is read from disk as far as rows of it are used.

        Raises
        ------
        DatasetError
            If the data set was made without that feature set.
        """
        try:
            return self.features[name]  # type: ignore[return-value]  # rows of Waves are tensors
        except KeyError:
            option = "--waves" if name == "wave" else f"--features {name}"
            raise DatasetError(
                f"the data set has no feature set {name!r}; make it again with {option}"
            ) from None

    def take(self, rows: Tensor) -> "Subset":
        """Take some rows, by a mask or by their numbers; waves are then held in memory."""
        if rows.dtype == torch.bool:
            rows = rows.nonzero()[:, 0]
        columns = {name: column[rows] for name, column in vars(self).items() if name != "features"}
        return Subset({name: column[rows] for name, column in self.features.items()}, **columns)

    def with_features(self, **features: Tensor) -> "Subset":
        """Replace some feature sets."""
        return replace(self, features={**self.features, **features})

    @property
    def effect_class(self) -> Tensor:
        """Class of the pedal's effect, audible or not; shape (sounds,), index into `CLASSES`."""
        return CLASS_OF_EFFECT[self.effect]

    @property
    def audible_effect(self) -> Tensor:
        """The effect, or dry where it is not audible; shape (sounds,), as `effect`."""
        return torch.where(self.strength_db >= AUDIBLE_DB, self.effect, DRY)

    @property
    def audible_class(self) -> Tensor:
        """Class of `audible_effect`; shape (sounds,), index into `CLASSES`."""
        return CLASS_OF_EFFECT[self.audible_effect]

    @property
    def unambiguous(self) -> Tensor:
        """Mask of the sounds whose effect is clearly audible or clearly not."""
        dry = torch.tensor([*map(is_dry, PEDALS), False, False])[self.pedal]
        ambiguous = (self.strength_db >= AUDIBLE_DB) & (self.strength_db < UNAMBIGUOUS_DB)
        return dry | ~ambiguous

    @property
    def weight(self) -> Tensor:
        """Weight of each sound by which the classes weigh the same; shape (sounds,), mean 1."""
        classes = self.audible_class
        weight = 1.0 / torch.bincount(classes)[classes]
        return weight / weight.mean()


def read_subset(folder: Path, *parts: str) -> Subset:
    """Load some parts of a data set.

    Raises
    ------
    DatasetError
        If the folder holds no data set, or an unfinished one.
    """
    plan = read_plan(folder)
    shards = plan.shards(*parts)
    chains = CHAIN_TARGETS if plan.task == "presence" else ()
    arrays = _read_columns(folder, shards, (*plan.feature_sets, *TARGETS, *chains, "recording"))
    recording = _number_recordings(plan, arrays.pop("recording"))
    columns = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for name in set(CHAIN_TARGETS) - set(chains):
        columns[name] = torch.zeros(len(recording), 0)
    features: dict[str, Tensor | Waves] = {n: columns.pop(n) for n in plan.feature_sets}
    if plan.waves:
        features["wave"] = Waves([folder / shard.wave_file for shard in shards])
    pedals = [(*PEDALS, UNKNOWN_PEDAL, CHAINS).index(shard.pedal) for shard in shards]
    pedal = torch.tensor(pedals).repeat_interleave(torch.tensor([s.sounds for s in shards]))
    return Subset(features, pedal=pedal, recording=recording, **columns)


def read_training(folder: Path) -> Subset:
    """Load the parts of a data set to train on."""
    return read_subset(folder, *read_plan(folder).training_parts)


def _number_recordings(plan: DatasetPlan, names: np.ndarray) -> Tensor:
    known = sorted(set().union(*plan.recordings.values()))
    number = {"": -1} | {name: number for number, name in enumerate(known)}
    return torch.tensor([number.get(name, -1) for name in names.tolist()])


def _read_columns(
    folder: Path, shards: Sequence[Shard], names: Sequence[str]
) -> dict[str, np.ndarray]:
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
        name: np.concatenate(column)
        for name, column in zip(names, zip(*arrays, strict=True), strict=True)
    }
