"""The plan of a data set: its parts, pedals, notes and seed; all that its sounds follow from.

A data set has parts by the *recording* that a clean note stems from (see `sources.clean`), so that
no recording, nor a transposition of it, is in two of them:

===================  ==========================================================================
`train`              to train on
`plucked_strings`    also to train on: made-up strings (`sources.plucked_string`), each note another
`validation`         for early stopping
`unseen_recording`   other recordings of the training instruments
`unseen_instrument`  instruments that no other part has
===================  ==========================================================================

and one of three tasks:

==============  ==============================================================================
`settings`      the generic effects, equally often
`recognition`   every pedal, and plucked strings: the generic effects, whose settings reach from
                nothing to excess, four times as often as another pedal, dry pedals twice
`presence`      phrases and notes as they are recorded, through chains of none to three pedals (see
                `chains`): as many sounds as the pedals would have one by one
==============  ==============================================================================

The plan is written to ``dataset.json``. The set is made in shards: each follows from its own seed,
so that its bytes depend neither on the number of processes nor on interruptions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from autofx_core.datasets.labels import CHAINS, PEDALS, UNKNOWN_PEDAL, is_dry
from autofx_core.effects.table import EFFECTS
from autofx_core.files import atomic_write
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.networks.network import Task
from autofx_core.sources.attribution import Attribution
from autofx_core.sources.clean import CleanSound

PLAN_NAME = "dataset.json"
TEST_PARTS = ("unseen_recording", "unseen_instrument")
PARTS = ("train", "validation", *TEST_PARTS)
"""The parts that clean notes are sorted into."""

PLUCKED_STRINGS = "plucked_strings"
SHARD_SOUNDS = 120
VARIANTS = 8  # of each clean training note, the recording itself among them
AS_RECORDED = 0.5  # share of the training sounds whose note is the recording itself

FEATURE_SETS = ("features", "regression", "timbre", "clean_timbre", "relation")
"""Feature sets that a data set can hold; see `features.batch`."""

DEFAULT_FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "settings": ("features", "regression"),
    "recognition": ("features", "regression", "timbre"),
    "presence": ("windows",),
}
"""Feature sets by task, unless others are wanted."""

HELD_OUT_SHARE = 8
"""The parts to test on have this many times fewer sounds than `train`."""
HELD_OUT_MOST = 2_500
"""Sounds of a pedal in a part to test on, at most."""


class DatasetError(ValueError):
    """A data set that cannot be made or read; the message names the folder and how to fix it."""


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


class DatasetPlan(BaseModel):
    """What a data set is made of.

    Attributes
    ----------
    task
        ``settings``, ``recognition`` or ``presence``.
    per_pedal
        Training sounds of each pedal; of some a multiple, see `pedals`. 0 for recordings.
    seed
        Of all random choices.
    feature_sets
        Which of `FEATURE_SETS` the set holds.
    waves
        Whether it holds the sounds, too.
    notes
        Part → ids of the clean notes.
    recordings
        Part → recordings that they stem from.
    collections
        What the notes come from, with author and licence.
    processed
        Whether the notes are recordings that came with their effect, to be described as they are.
    variants, as_recorded
        Of the training notes; see `augmentation` and `synthetic`.
    audibility
        By which labels were drawn; see `metrics.audibility`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    per_pedal: int
    seed: int
    feature_sets: tuple[str, ...]
    waves: bool
    notes: dict[str, list[str]]
    recordings: dict[str, list[str]]
    collections: tuple[Attribution, ...] = ()
    processed: bool = False
    variants: int = VARIANTS
    as_recorded: float = AS_RECORDED
    audibility: dict[str, str | float] = {
        "measure": "strength_db",
        "audible_db": AUDIBLE_DB,
        "unambiguous_db": UNAMBIGUOUS_DB,
    }

    @property
    def training_parts(self) -> tuple[str, ...]:
        """The parts to train on."""
        plucked = self.task == "recognition" and not self.processed
        return ("train", *((PLUCKED_STRINGS,) * plucked))

    def pedals(self, part: str) -> dict[str, int]:
        """Count the sounds of each pedal in a part."""
        if self.processed:
            return {UNKNOWN_PEDAL: len(self.notes[part])}
        if self.task == "presence":
            training = {CHAINS: self.per_pedal * len(PEDALS)}
        elif self.task == "settings":
            training = dict.fromkeys(EFFECTS, self.per_pedal)
        else:
            training = {
                pedal: self.per_pedal * (4 if pedal in EFFECTS else 2 if is_dry(pedal) else 1)
                for pedal in PEDALS
            }
        if part == "train":
            return training
        if part == PLUCKED_STRINGS:
            return {pedal: -(-sounds // 2) for pedal, sounds in training.items()}
        return {
            pedal: min(-(-sounds // HELD_OUT_SHARE), HELD_OUT_MOST)
            for pedal, sounds in training.items()
        }

    def shards(self, *parts: str) -> list[Shard]:
        """List the shards of some parts; by default, of all."""
        return [
            Shard(part, pedal, number, min(SHARD_SOUNDS, sounds - start), self.seed)
            for part in parts or (*self.training_parts, *PARTS[1:])
            for pedal, sounds in self.pedals(part).items()
            for number, start in enumerate(range(0, sounds, SHARD_SOUNDS))
        ]


def part_notes(notes: Sequence[CleanSound]) -> dict[str, list[CleanSound]]:
    """Sort notes into the four parts by their split and by whether training has their instrument.

    Raises
    ------
    DatasetError
        If a part has none.
    """
    trained = {note.instrument for note in notes if note.split == "train"}
    parts: dict[str, list[CleanSound]] = {part: [] for part in PARTS}
    for note in notes:
        if note.split == "test":
            part = TEST_PARTS[note.instrument not in trained]
        else:
            part = note.split or "train"
        parts[part].append(note)
    for part, chosen in parts.items():
        if not chosen:
            raise DatasetError(f"no clean note for the part {part!r}; are the notes split?")
    return parts


def write_plan(plan: DatasetPlan, folder: Path) -> None:
    """Write the plan into a folder, or find it there.

    Raises
    ------
    DatasetError
        If the folder holds a data set of another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN_NAME
    if path.exists() and read_plan(folder) != plan:
        raise DatasetError(f"{folder}: holds another data set; choose an empty folder")
    with atomic_write(path) as unfinished:
        unfinished.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_plan(folder: Path) -> DatasetPlan:
    """Read what a data set was made from.

    Raises
    ------
    DatasetError
        If the folder holds no data set, or one of another version.
    """
    path = folder / PLAN_NAME
    try:
        return DatasetPlan.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: no such file; make one with 'python -m autofx_core dataset -o {folder}'"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DatasetError(
            f"{path}: {place}: {first['msg']}; make the data set again in an empty folder"
        ) from None
