"""Sounds to learn the recognition from: every pedal on every note, described and labelled.

The parts are those of `datasets`, by the source recording of the clean note, and one more to learn
from: `strings`, notes of made-up strings (see `sources.plucked_string`), half as many as recorded
ones, each note another. The generic effects, whose settings reach from nothing to excess, get four
times as many sounds as another design, and dry designs twice as many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES, normalize_peak
from autofx_core.datasets.shards import (
    DatasetError,
    Shard,
    Task,
    begin_set,
    make_shards,
    read_columns,
    read_plan,
)
from autofx_core.datasets.synthetic import (
    CHUNK,
    HELD_OUT_SHARE,
    PARTS,
    PEDALS,
    SHARD_SOUNDS,
    all_parts,
    play_pedal,
    render_shard,
)
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, SLICES, denormalize
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.features import classification_features
from autofx_core.features.timbre import timbre_features
from autofx_core.metrics.audibility import INAUDIBLE_DB, PLAIN_DB, strength_db
from autofx_core.parallel import one_thread
from autofx_core.sources.clean import CleanSound
from autofx_core.sources.plucked_string import synthesize_string

EFFECT_ORDER = tuple(EFFECT_NAMES)
UNKNOWN_UNIT = "unknown"
UNITS = (*PEDALS, UNKNOWN_UNIT)
"""Every pedal, and what stands for the units of recordings that came with their effect."""
DRY = EFFECT_ORDER.index("dry")
LESSON_PARTS = ("train", "strings", *PARTS[1:])
TASK = "effects"
_FEWER = {"train": 1, "strings": 2}
SLAPBACK_FEEDBACK = 0.1
"""Of the generic delay: below it the second repeat is 20 dB under the first."""
OVERDRIVE_DB = 30.0
"""Of the generic distortion: below this drive it is called overdrive."""


def pedals(per_design: int) -> dict[str, int]:
    """Count the training sounds of each pedal."""
    return {
        pedal: per_design * (4 if pedal in EFFECTS else 2 if _is_dry(pedal) else 1)
        for pedal in PEDALS
    }


def _is_dry(pedal: str) -> bool:
    return pedal in PEDAL_MODELS and PEDAL_MODELS[pedal].effect == "dry"


def effect_name(pedal: str, settings: np.ndarray) -> str:
    """Name which of the eleven effects a pedal makes.

    Parameters
    ----------
    settings : ndarray, shape (15,), normalised
        Of a generic effect: how often the delay repeats and how hard the distortion drives decide.
    """
    if pedal in PEDAL_MODELS:
        return PEDAL_MODELS[pedal].effect
    setting = denormalize(pedal, settings[SLICES[pedal]])
    if pedal == "delay":
        few = setting["feedback"] < SLAPBACK_FEEDBACK
        return "slapback delay" if few else "feedback delay"
    if pedal == "distortion":
        return "overdrive" if setting["drive_db"] < OVERDRIVE_DB else "distortion"
    return "chorus"


def plan_lessons(per_design: int, seed: int) -> list[Shard]:
    """List the shards; the parts to test on have an eighth of the training sounds."""
    return [
        Shard(part, pedal, number, min(SHARD_SOUNDS, total - start), seed)
        for part in LESSON_PARTS
        for pedal, training in pedals(per_design).items()
        for total in [-(-training // _FEWER.get(part, HELD_OUT_SHARE))]
        for number, start in enumerate(range(0, total, SHARD_SOUNDS))
    ]


def _render_strings(shard: Shard) -> dict[str, np.ndarray]:
    """Play a pedal on made-up strings; `clean`, `wet` and `settings` as `render_shard` has them."""
    rng = np.random.default_rng(
        [shard.seed, LESSON_PARTS.index("strings"), PEDALS.index(shard.pedal), shard.index]
    )
    clean = [
        synthesize_string(rng, ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES) for _ in range(shard.sounds)
    ]
    played = [play_pedal(shard.pedal, wave, rng) for wave in clean]
    return {
        "clean": np.concatenate(clean),
        "wet": np.concatenate([normalize_peak(wet) for wet, _ in played]),
        "settings": np.stack([settings for _, settings in played]),
    }


def _sources(shard: Shard, rendered: dict[str, np.ndarray], notes: Sequence[CleanSound]):
    """Give the number of each note's recording; a made-up string is its own, below 0."""
    if shard.part == "strings":
        first = (PEDALS.index(shard.pedal) * 10_000 + shard.index) * SHARD_SOUNDS
        return -1 - np.arange(first, first + shard.sounds)
    recordings = sorted({note.recording for note in notes})
    of_note = {note.id: recordings.index(note.recording) for note in notes}
    return np.array([of_note[note] for note in rendered["note"]])


def describe_shard(shard: Shard, notes: Sequence[CleanSound]) -> dict[str, np.ndarray]:
    """Render a shard's sounds and describe them; the columns of `Lessons` by name."""
    strings = shard.part == "strings"
    rendered = _render_strings(shard) if strings else render_shard(shard, notes)
    wet = torch.from_numpy(rendered["wet"]).split(CHUNK)
    clean = torch.from_numpy(rendered["clean"]).split(CHUNK)
    names = [effect_name(shard.pedal, settings) for settings in rendered["settings"]]
    return describe_waves(wet) | {
        "strength_db": torch.cat(
            [strength_db(*pair) for pair in zip(clean, wet, strict=True)]
        ).numpy(),
        "effect": np.array([EFFECT_ORDER.index(name) for name in names]),
        "pedal": np.full(shard.sounds, PEDALS.index(shard.pedal)),
        "source": _sources(shard, rendered, notes),
    }


def describe_waves(chunks: Sequence[Tensor]) -> dict[str, np.ndarray]:
    """Describe sounds as the networks hear them: the columns `timbre` and `features`."""
    return {
        "timbre": torch.cat([timbre_features(chunk) for chunk in chunks]).numpy(),
        "features": torch.cat([classification_features(chunk) for chunk in chunks]).numpy(),
    }


@torch.no_grad()
def _make(task: Task) -> tuple[Shard, dict[str, np.ndarray]]:
    with one_thread():
        return task[0], describe_shard(*task)


def make_lessons(
    notes: Sequence[CleanSound], folder: Path, *, per_design: int, seed: int, workers: int = 1
) -> None:
    """Make the sounds' descriptions in a folder, or finish what was interrupted; shows progress.

    Raises
    ------
    DatasetError
        If a part has no notes, or the folder holds another data set.
    """
    parts = all_parts(notes)
    plan = {
        "task": TASK,
        "per_design": per_design,
        "seed": seed,
        "pedals": pedals(per_design),
        "notes": {part: len(of_part) for part, of_part in parts.items()},
        "sources": {
            part: sorted({n.recording for n in of_part}) for part, of_part in parts.items()
        },
    }
    begin_set(folder, plan)
    parts["strings"] = []
    make_shards(
        folder,
        plan_lessons(per_design, seed),
        _make,
        lambda shard: (shard, parts[shard.part]),
        workers=workers,
    )


@dataclass(frozen=True)
class Lessons:
    """Described sounds of one part.

    Attributes
    ----------
    timbre : Tensor, shape (sounds, 606), float32
    features : Tensor, shape (sounds, 163), float32
    strength_db : Tensor, shape (sounds,), float32
        How plainly the effect is heard (`audibility`).
    effect : Tensor, shape (sounds,), int64, index into `EFFECT_ORDER`
        What is heard: the pedal's effect, or dry.
    pedal : Tensor, shape (sounds,), int64, index into `UNITS`
    source : Tensor, shape (sounds,), int64
        The part's recording that the clean note stems from; below 0 for a made-up string.
    """

    timbre: Tensor
    features: Tensor
    strength_db: Tensor
    effect: Tensor
    pedal: Tensor
    source: Tensor

    def __len__(self) -> int:
        return len(self.effect)

    def __getitem__(self, rows: Tensor) -> "Lessons":
        """Take some rows, by a mask or by their numbers."""
        return Lessons(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def replace(self, **columns: Tensor) -> "Lessons":
        """Take other columns in place of some."""
        return replace(self, **columns)

    @property
    def plain(self) -> Tensor:
        """Mask of the sounds whose effect is plainly heard or plainly not."""
        dry_pedal = torch.tensor([_is_dry(pedal) for pedal in UNITS])[self.pedal]
        arguable = (self.strength_db >= INAUDIBLE_DB) & (self.strength_db < PLAIN_DB)
        return dry_pedal | ~arguable


def plan_recordings(counts: Mapping[str, int]) -> list[Shard]:
    """List the shards of recordings that came with their effect, so many in each part."""
    return [
        Shard(part, UNKNOWN_UNIT, number, min(SHARD_SOUNDS, total - start), 0)
        for part, total in counts.items()
        for number, start in enumerate(range(0, total, SHARD_SOUNDS))
    ]


def _planned(plan: Mapping) -> list[Shard]:
    if "recordings" in plan:
        return plan_recordings(plan["recordings"])
    return plan_lessons(plan["per_design"], plan["seed"])


def read_training(folder: Path) -> Lessons:
    """Load all there is to learn from: the training part and, if there are, the made-up strings."""
    given = {shard.part for shard in _planned(_read_plan(folder))}
    parts = [read_lessons(folder, part) for part in ("train", "strings") if part in given]
    return Lessons(
        **{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Lessons)}
    )


def _read_plan(folder: Path) -> dict:
    command = "python -m autofx_core.recogniser sounds"
    plan = read_plan(folder, command=command)
    if plan["task"] != TASK:
        raise DatasetError(f"{folder}: holds another data set; make one with '{command}'")
    return plan


def read_lessons(folder: Path, part: str) -> Lessons:
    """Load one part.

    Raises
    ------
    DatasetError
        If the folder holds no such data set, or an unfinished one.
    """
    shards = [shard for shard in _planned(_read_plan(folder)) if shard.part == part]
    columns = read_columns(folder, shards, (f.name for f in fields(Lessons)))
    heard = columns["strength_db"] >= INAUDIBLE_DB
    columns["effect"] = torch.where(heard, columns["effect"], torch.tensor(DRY))
    return Lessons(**columns)
