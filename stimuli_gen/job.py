"""Open a study: draw its items, read their sounds, fingerprint all that the set follows from."""

import hashlib
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autofx_core.audio import load_sound, resample, to_mono
from autofx_core.networks.checkpoints import WEIGHTS_NAME
from autofx_core.networks.registry import PRETRAINED, list_pretrained
from autofx_core.parallel import REPRODUCED_BY, list_versions
from autofx_core.sources.clean import SOUND_SUFFIXES, CleanSound
from stimuli_gen.conditions import load_function, require_known
from stimuli_gen.item_sounds import InputSound, ItemTask
from stimuli_gen.listening_test import STUDY_NAME
from stimuli_gen.manifest import Phrase, bytes_sha256, file_sha256
from stimuli_gen.phrases import PhraseSound
from stimuli_gen.plan import PlannedItem, plan_items
from stimuli_gen.reference import remove_offset
from stimuli_gen.signal_checks import FaultError, refuse_clipped
from stimuli_gen.study import (
    StudySpec,
    StudySpecError,
    find_study,
    read_study,
    read_study_bytes,
)

MADE_BY = (*REPRODUCED_BY, "pyloudnorm")
"""Packages on whose versions a set's bytes may depend."""


@dataclass(frozen=True)
class Job:
    """A study, its items, and the fingerprint of all that its files follow from."""

    path: Path
    study: StudySpec
    items: list[PlannedItem]
    inputs: dict[str, str]
    versions: dict[str, str]
    measure: bool

    @property
    def folder(self) -> Path:
        """What the study's paths are relative to."""
        return self.path.parent.resolve()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the set's files follow from."""
        content = [self.inputs, self.versions, self.measure, self.study.model_dump(mode="json")]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def open_job(name: str, *, measure: bool = True, external: bool = True) -> Job:
    """Read a study by its file's or preset's name and draw its items.

    Parameters
    ----------
    name
        A TOML file or a preset.
    measure
        Whether distances to the references are wanted.
    external
        Whether conditions rendered by other programs are wanted; their files must be there.

    Raises
    ------
    StudySpecError, AudioError
        If the study is wrong or its sounds are missing.
    """
    path = find_study(name)
    study = read_study(path)
    if not external:
        here = [spec for spec in study.conditions if spec.folder is None]
        study = study.model_copy(update={"conditions": here})
    require_known(study)
    items = plan_items(study, path.parent)
    inputs = {STUDY_NAME: bytes_sha256(read_study_bytes(path))}
    for network in list_pretrained():
        inputs[f"{network}/{WEIGHTS_NAME}"] = file_sha256(PRETRAINED / network / WEIGHTS_NAME)
    for module in list_modules(study, path.parent.resolve()):
        inputs[module.name] = file_sha256(module)
    for spec in study.conditions:
        if spec.folder is not None:
            for item in items:
                sound = find_external(path.parent, spec.folder, item.id)
                inputs[f"{spec.id}/{sound.name}"] = file_sha256(sound)
    versions = {"python": platform.python_version(), **list_versions(MADE_BY)}
    return Job(path, study, items, inputs, versions, measure)


def list_modules(study: StudySpec, folder: Path) -> list[Path]:
    """List the files of the users' own functions, which imports them: each must be there."""
    modules = []
    for spec in study.conditions:
        if spec.function is not None:
            load_function(spec.function, folder)
            module = sys.modules[spec.function.partition(":")[0]]
            if module.__file__ is not None:
                modules.append(Path(module.__file__))
    return modules


def find_external(folder: Path, place: str, item: str) -> Path:
    """Find an item's finished sound of a condition that another program rendered.

    Parameters
    ----------
    folder, place
        The study's folder, and the condition's within it.
    item
        Id of the item.

    Raises
    ------
    StudySpecError
        If it is missing.
    """
    for suffix in sorted(SOUND_SUFFIXES):
        path = folder / place / f"{item}{suffix}"
        if path.is_file():
            return path
    raise StudySpecError(
        f"{folder / place / item}.wav: no such file; "
        "'python -m stimuli_gen inputs' writes the sounds that it is to be made from"
    )


def make_tasks(
    job: Job, items: list[PlannedItem], *, target_lufs: float | None = None, salt: str = ""
) -> Iterator[ItemTask]:
    """Read the sounds of items, one after the other.

    Parameters
    ----------
    job
        As `open_job` returns.
    items
        Some of its items.
    target_lufs
        Loudness to bring them to; by default the study's.
    salt
        Of file names and dither; empty if reproducible.

    Raises
    ------
    StudySpecError, AudioError
        If one is missing, clipped, or cannot be used.
    """
    rate = job.study.sample_rate_hz
    for planned in items:
        yield ItemTask(
            study=job.study,
            study_folder=job.folder,
            planned=planned,
            clean=_read(planned.clean, rate, f"{planned.id}: clean sound"),
            recording=_read(planned.pair.processed, rate, f"{planned.id}: recording")
            if planned.pair
            else None,
            external={
                spec.id: _read_external(find_external(job.folder, spec.folder, planned.id), rate)
                for spec in job.study.conditions
                if spec.folder is not None
            },
            target_lufs=job.study.target_lufs if target_lufs is None else target_lufs,
            measure=job.measure,
            salt=salt,
        )


def _read(sound: CleanSound, sample_rate: int, name: str) -> InputSound:
    if not isinstance(sound, PhraseSound):
        wave = sound.read(sample_rate)
        try:
            refuse_clipped(wave, f"{name} {sound.id}")
        except FaultError as fault:
            raise StudySpecError(f"{fault}; take it out or record it again") from None
        return InputSound(remove_offset(wave), file_sha256(sound.path))
    played = sound.play(sample_rate)
    phrase = Phrase(
        instrument=sound.instrument,
        style=sound.style,
        length_s=sound.length_s,
        seed=sound.seed,
        notes=[note.id for note in sound.notes],
        recordings=list(played.recordings),
    )
    return InputSound(played.wave, bytes_sha256(played.wave.tobytes()), phrase)


def _read_external(path: Path, sample_rate: int) -> np.ndarray:
    wave, from_hz = load_sound(path)
    return resample(to_mono(wave)[None], from_hz, sample_rate)
