"""Clean guitar sounds, and which of them belong together.

Two collections are here: the notes shipped with the package (or rendered from the soundfont the
same way), and any folder of recordings; `idmt_sounds` has IDMT-SMT-Audio-Effects. Each sound names
the *recording* that it stems from. Whatever splits sounds into training, validation and test splits
them by recording, so that no recording, nor a transposition of it, is on two sides.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np

from autofx_core.audio import LISTENING_RATE_HZ, AudioError, load_sound, resample, to_mono
from autofx_core.sources.attribution import Attribution

NOTES_FOLDER = Path(__file__).parents[1] / "notes"
NOTES_CSV_NAME = "notes.csv"
NOTES_FIELDS = (
    "file",
    "bank",
    "program",
    "preset",
    "midi",
    "velocity",
    "sample",
    "split",
    "sha256",
)
ATTRIBUTION_FIELDS = ("collection", "author", "licence")
"""Further columns of ``notes.csv``; tables that older versions wrote lack them."""
SOUND_SUFFIXES = {".wav", ".flac", ".aif", ".aiff"}

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class CleanSound:
    """A clean recording on disk.

    Attributes
    ----------
    id
        Unique in its collection.
    path
        The sound file.
    recording
        Name of the recording that it stems from: the unit of every split.
    instrument
        The instrument (a soundfont's program, a guitar model), empty if unknown.
    midi
        The note, if it is one and it is known: 40 is E2, 82.4 Hz.
    velocity
        Strength of the attack, 1 to 127, if known.
    string
        1 (lowest) to 6, if known.
    split
        Where the collection puts it; None if it leaves that open.
    attribution
        Its collection, author and licence; None if unknown.
    """

    id: str
    path: Path
    recording: str
    instrument: str = ""
    midi: int | None = None
    velocity: int | None = None
    string: int | None = None
    split: Split | None = None
    attribution: Attribution | None = None

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Load the sound.

        Parameters
        ----------
        sample_rate
            The rate to resample to, in Hz.

        Returns
        -------
        ndarray, shape (1, samples), float32, full scale ±1

        Raises
        ------
        AudioError
            If the file is missing, no sound, too short, silent or not finite.
        """
        wave, from_hz = load_sound(self.path)
        return resample(to_mono(wave)[np.newaxis], from_hz, sample_rate)


@dataclass(frozen=True)
class LoadedSound(CleanSound):
    """A clean recording in memory, for where its file is not; equal to another of equal samples."""

    wave: np.ndarray = field(
        default_factory=lambda: np.zeros((1, 0), np.float32), compare=False, repr=False
    )
    sample_rate: int = LISTENING_RATE_HZ
    sha256: str = ""

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Resample the sound, as `CleanSound.read` does."""
        return resample(self.wave, self.sample_rate, sample_rate)


def load(sound: CleanSound, sample_rate: int) -> LoadedSound:
    """Take a recording into memory at a rate."""
    named = {f.name: getattr(sound, f.name) for f in fields(CleanSound)}
    wave = sound.read(sample_rate)
    sha256 = hashlib.sha256(wave.tobytes()).hexdigest()
    return LoadedSound(**named, wave=wave, sample_rate=sample_rate, sha256=sha256)


def builtin_notes(split: Split | None = None) -> list[CleanSound]:
    """List the notes shipped with the package, or one split of them."""
    return rendered_notes(NOTES_FOLDER, split)


def rendered_notes(folder: str | Path, split: Split | None = None) -> list[CleanSound]:
    """List the notes that ``python -m autofx_core notes`` rendered, or one split of them.

    Raises
    ------
    AudioError
        If the folder has no ``notes.csv`` or a row of it is damaged; the message names the row.
    """
    path = Path(folder) / NOTES_CSV_NAME
    if not path.is_file():
        raise AudioError(
            f"{path}: no such file; make it with 'python -m autofx_core notes -o {folder}'"
        )
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if missing := sorted(set(NOTES_FIELDS) - set(rows.fieldnames or ())):
            raise AudioError(f"{path}: column {missing[0]!r} is missing; render the notes again")
        notes = [_note(path, number, row) for number, row in enumerate(rows, start=2)]
    return [note for note in notes if split in (None, note.split)]


def _note(table: Path, row_number: int, row: dict[str, str]) -> CleanSound:
    try:
        if row["split"] not in SPLITS:
            raise ValueError(f"split {row['split']!r} is none of {', '.join(SPLITS)}")
        if Path(row["file"]).name != row["file"]:
            raise ValueError(f"file {row['file']!r} is not a plain file name")
        return CleanSound(
            id=Path(row["file"]).stem,
            path=table.parent / row["file"],
            recording=row["sample"],
            instrument=row["preset"],
            midi=int(row["midi"]) if row["midi"] else None,
            velocity=int(row["velocity"]) if row["velocity"] else None,
            split=row["split"],
            attribution=_attribution(row),
        )
    except (TypeError, ValueError) as error:
        raise AudioError(f"{table} row {row_number}: {error}; render the notes again") from None


def _attribution(row: dict[str, str]) -> Attribution | None:
    if not row.get("collection"):
        return None
    return Attribution(**{name: row[name] or "" for name in ATTRIBUTION_FIELDS})


def list_attributions(sounds: Iterable[CleanSound]) -> list[Attribution]:
    """List the collections that sounds come from, each once, by name; unknown ones are left out."""
    found = {sound.attribution for sound in sounds if sound.attribution is not None}
    return sorted(found, key=lambda attribution: attribution.collection)


def folder_notes(folder: str | Path) -> list[CleanSound]:
    """List the WAV, FLAC and AIFF files in and under a folder, each its own recording.

    Hidden files and folders, whose names begin with a dot, are left out.

    Raises
    ------
    AudioError
        If there is no such folder or no sound in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AudioError(f"{folder}: no such folder")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SOUND_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise AudioError(f"{folder}: holds no WAV, FLAC or AIFF file")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    return [CleanSound(id=n, path=p, recording=n) for n, p in zip(names, paths, strict=True)]


def guitar_notes(folder: str | Path) -> list[CleanSound]:
    """List the recordings in a folder whose own folders are guitars, each its own recording.

    Raises
    ------
    AudioError
        If there is no such folder or no sound in it.
    """
    return [replace(note, instrument=note.id.rpartition("/")[0]) for note in folder_notes(folder)]


def split_by_recording(
    sounds: Sequence[CleanSound], *, validation: float = 0.1, test: float = 0.2
) -> list[CleanSound]:
    """Give every sound a split drawn from its recording's name: the same on every machine.

    Parameters
    ----------
    sounds
        Of any recordings.
    validation, test
        Shares of the recordings; the rest is for training.
    """

    def split(recording: str) -> Split:
        place = int.from_bytes(hashlib.sha256(recording.encode()).digest()[:8], "big") / 2**64
        return "test" if place < test else "validation" if place < test + validation else "train"

    return [replace(sound, split=split(sound.recording)) for sound in sounds]


def split_for_training(sounds: Sequence[CleanSound]) -> list[CleanSound]:
    """Split by recording, and hold out the instrument with the fewest sounds, to test on.

    Raises
    ------
    AudioError
        If there are not two instruments at least.
    """
    instruments = Counter(sound.instrument for sound in sounds)
    if len(instruments) < 2:
        raise AudioError("all clean sounds are of one guitar; a second is needed to test on")
    unseen = min(instruments, key=lambda name: (instruments[name], name))
    return [
        replace(sound, split="test") if sound.instrument == unseen else sound
        for sound in split_by_recording(sounds)
    ]
