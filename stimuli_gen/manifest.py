"""The stimulus set's manifest (schema 1): what each file is, how it was made, and its hash.

A stimulus set is a folder with ``manifest.json`` and audio files whose names say nothing about
their condition. This module is the contract between the packages that make a set and those that
play or analyse it, so it needs nothing but the standard library and pydantic.

Conventions: times in seconds, loudness in LUFS (ITU-R BS.1770), gains in dB, parameters in the
units and under the names of the effects table, distances dimensionless. Paths are relative to the
set's folder, POSIX style, and never leave it.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from stimuli_gen.contract import ConditionKind, describe_validation_error

MANIFEST_NAME = "manifest.json"

Domain = Literal["in", "out"]


class ManifestError(ValueError):
    """A stimulus set that cannot be used; the message names the file and how to fix it."""


def _inside_the_set(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or name in ("", "."):
        raise ValueError(f"{name!r} is not a path inside the stimulus set")
    return name


Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
RelativeFile = Annotated[str, AfterValidator(_inside_the_set)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Parameters = dict[str, float] | None


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Generator(_Record):
    """What made the set: versions of the programs, the command that was typed, and its inputs.

    File names and dither follow from the study's seed and ``salt``, which is drawn anew for each
    set, so that another rendering of the same study does not give files or names away. It is null
    in a reproducible set.

    ``inputs`` has the SHA-256 of the study and of every network's weights, program or recording
    that the sounds follow from, the clean sounds aside (they stand with their items).
    """

    versions: dict[str, str]
    command: str
    inputs: dict[str, Sha256] = {}
    salt: str | None = None


class Condition(_Record):
    """What makes a sound: one system, the hidden reference, or an anchor."""

    id: Identifier
    label: str
    kind: ConditionKind


class Attribution(_Record):
    """Whose sound it is: the collection, its author, its licence; empty where unknown."""

    collection: str
    author: str = ""
    licence: str = ""


class Phrase(_Record):
    """A phrase that was played on single notes: its guitar, style, length and seed.

    ``notes`` are the notes that were there to play on, ``recordings`` what the played ones stem
    from.
    """

    instrument: str
    style: str
    length_s: Annotated[float, Field(gt=0)]
    seed: Annotated[int, Field(ge=0)]
    notes: list[str]
    recordings: list[str]


class Clean(_Record):
    """The dry sound that every stimulus of the item was made from.

    ``recording`` is what it stems from: no other split of a collection has sounds of it. A phrase
    stems from several; its ``sha256`` is of its samples, and not of a file.
    """

    source: str
    sha256: Sha256
    recording: str | None = None
    attribution: Attribution | None = None
    phrase: Phrase | None = None


class Timing(_Record):
    """How an item's sounds lie in time.

    ``start_s`` to ``start_s + clean_s`` of the clean file were taken (at the set's sample rate);
    the note begins ``lead_in_s`` after that. Effects played it with ``rendered_tail_s`` of silence
    behind; ``tail_s`` of that were kept. Every file fades in and out (half a cosine).
    """

    start_s: Annotated[float, Field(ge=0)]
    lead_in_s: Annotated[float, Field(ge=0)]
    clean_s: Annotated[float, Field(gt=0)]
    rendered_tail_s: Annotated[float, Field(ge=0)]
    tail_s: Annotated[float, Field(ge=0)]
    fade_in_s: Annotated[float, Field(ge=0)]
    fade_out_s: Annotated[float, Field(ge=0)]


class Encoding(_Record):
    """How samples became a file's whole steps (see `encode.round_to_steps`)."""

    format: Literal["wav", "flac"]
    bit_depth: Literal[16, 24]
    dither: Literal["tpdf", "none"]


class Reference(_Record):
    """The sound to match. ``parameters`` is null where they are unknown.

    ``normalized`` has the same parameters mapped linearly from their ranges to [0, 1].
    """

    file: RelativeFile
    sha256: Sha256
    effect: str
    parameters: Parameters
    normalized: Parameters = None
    origin: str
    gain_db: float | None = None
    dither_seed: int | None = None


class Stimulus(_Record):
    """One item under one condition: one file."""

    condition: Identifier
    file: RelativeFile
    sha256: Sha256
    duration_s: Annotated[float, Field(gt=0)]
    loudness_lufs: float
    gain_db: float
    effect: str
    parameters: Parameters
    normalized: Parameters = None
    distances: dict[str, float]
    dither_seed: int | None = None


class Item(_Record):
    """One clean sound with one reference to match: one page of the test.

    ``remarks`` says why earlier draws of the item were thrown away, and which estimates are
    indistinguishable from the reference.
    """

    id: Identifier
    family: str
    domain: Domain
    training: bool
    clean: Clean
    reference: Reference
    stimuli: Annotated[list[Stimulus], Field(min_length=1)]
    timing: Timing | None = None
    remarks: list[str] = []

    def sounds(self) -> list[Reference | Stimulus]:
        """List the item's files, the open reference first."""
        return [self.reference, *self.stimuli]


class Manifest(_Record):
    """A whole stimulus set.

    Raises
    ------
    pydantic.ValidationError
        If an identifier or a file is used twice, a stimulus names an unknown condition, or an
        item has more or fewer than one stimulus of a reference condition.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    name: Identifier
    title: str
    seed: int
    created: AwareDatetime
    generator: Generator
    sample_rate: Annotated[int, Field(gt=0)]
    encoding: Encoding | None = None
    conditions: Annotated[list[Condition], Field(min_length=1)]
    items: Annotated[list[Item], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        _refuse_repeats("condition id", [c.id for c in self.conditions])
        _refuse_repeats("item id", [i.id for i in self.items])
        _refuse_repeats("file", self.files())
        known = {c.id for c in self.conditions}
        references = {c.id for c in self.conditions if c.kind == "reference"}
        for item in self.items:
            used = [s.condition for s in item.stimuli]
            _refuse_repeats(f"item {item.id}: condition", used)
            if unknown := set(used) - known:
                raise ValueError(f"item {item.id}: unknown condition {sorted(unknown)[0]!r}")
            if len(references & set(used)) != 1:
                raise ValueError(f"item {item.id}: wants exactly one hidden reference")
        return self

    def files(self) -> list[str]:
        """List every audio file of the set, references and stimuli."""
        return [sound.file for item in self.items for sound in item.sounds()]

    def to_json(self) -> str:
        """Serialise with a fixed order and indentation, so that equal sets are equal bytes."""
        data = self.model_dump(mode="json", by_alias=True)
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _refuse_repeats(what: str, values: list[str]) -> None:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{what} {repeated[0]!r} is used twice")


def bytes_sha256(content: bytes) -> str:
    """Hash a file's content with SHA-256, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """Hash a file's bytes with SHA-256, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read and validate ``folder/manifest.json``; the audio files are not opened.

    Raises
    ------
    ManifestError
        If the file is missing, is not JSON, or breaks the schema; one line that names the field.
    """
    path = folder / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ManifestError(
            f"{path}: no such file (is {folder} a stimulus set? make one with "
            "'python -m stimuli_gen render demo -o SET/')"
        ) from None
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise ManifestError(f"{path}: {describe_validation_error(error, Manifest)}") from None


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check that every file of the set is there with the bytes the manifest promises.

    Raises
    ------
    ManifestError
        For the first file that is missing or has changed.
    """
    for item in manifest.items:
        for entry in item.sounds():
            path = folder / entry.file
            if not path.is_file():
                raise ManifestError(f"{path}: missing; render the stimulus set again")
            if file_sha256(path) != entry.sha256:
                raise ManifestError(
                    f"{path}: changed since the set was made (SHA-256 differs from "
                    f"{MANIFEST_NAME}); render the stimulus set again"
                )
