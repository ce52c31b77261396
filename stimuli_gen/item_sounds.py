"""Draw one item's sounds: its reference, and what each system makes of it.

A function of the task alone, so that it can run in any process or machine. Conventions: waves have
shape (1, samples), float32, full scale ±1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from stimuli_gen.conditions import Scene, make_stimulus
from stimuli_gen.plan import PlannedItem
from stimuli_gen.reference import Sound, make_reference, prepare_clean
from stimuli_gen.signal_checks import (
    FaultError,
    cannot_be_told,
    null_test_db,
    refuse_broken,
    refuse_clipped,
)
from stimuli_gen.study import Study, StudyError

ATTEMPTS = 20


@dataclass(frozen=True)
class ItemTask:
    """All that an item's sounds follow from.

    Attributes
    ----------
    clean, recording : ndarray, shape (1, samples), float32
        As read, at the study's sample rate.
    clean_sha256, recording_sha256
        Of the files they were read from.
    elsewhere
        Sounds that were rendered elsewhere, by condition.
    measure
        Whether to measure distances to the reference.
    """

    study: Study
    study_folder: Path
    planned: PlannedItem
    clean: np.ndarray
    clean_sha256: str
    recording: np.ndarray | None
    recording_sha256: str | None
    elsewhere: dict[str, np.ndarray]
    measure: bool


@dataclass(frozen=True)
class DrawnItem:
    """An item's sounds, not yet matched in loudness; `sounds` by condition."""

    clean: np.ndarray
    reference: Sound
    sounds: dict[str, Sound]
    remarks: list[str]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: sums depend on their order, and a set's bytes on the sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def draw_item(task: ItemTask) -> DrawnItem:
    """Draw an item; faulty draws are thrown away, or stop the study if that is its wish.

    Raises
    ------
    StudyError
        If a recording is clipped, or a fault stops it or remains after 20 draws.
    """
    _refuse_clipped_inputs(task)
    remarks: list[str] = []
    for attempt in range(ATTEMPTS):
        try:
            return _draw_attempt(task, attempt, remarks)
        except FaultError as fault:
            if task.study.on_fault == "stop":
                raise StudyError(
                    f"{task.planned.id}: {fault}; on_fault = 'redraw' would draw again"
                ) from None
            remarks.append(f"draw {attempt + 1} thrown away: {fault}")
    raise StudyError(f"{task.planned.id}: {ATTEMPTS} draws failed; {remarks[-1]}")


def _refuse_clipped_inputs(task: ItemTask) -> None:
    planned = task.planned
    try:
        refuse_clipped(task.clean, f"clean sound {planned.clean.id}")
        if planned.recording is not None:
            refuse_clipped(task.recording, f"recording {planned.recording.processed.id}")
    except FaultError as fault:
        raise StudyError(f"{planned.id}: {fault}; take it out or record it again") from None


def _draw_attempt(task: ItemTask, attempt: int, remarks: list[str]) -> DrawnItem:
    study, planned = task.study, task.planned
    clean = prepare_clean(task.clean, study)
    reference = make_reference(study, planned, clean, task.recording, attempt=attempt)
    scene = Scene(
        study=study,
        study_folder=task.study_folder,
        item=planned.id,
        family=planned.family,
        clean=clean,
        reference=reference,
        attempt=attempt,
        elsewhere=task.elsewhere,
    )
    sounds = {spec.id: make_stimulus(spec, scene) for spec in study.conditions}
    told = _refuse_faults(study, sounds, reference)
    return DrawnItem(clean, reference, sounds, [*remarks, *told])


def _refuse_faults(study: Study, sounds: dict[str, Sound], reference: Sound) -> list[str]:
    """Refuse faulty renders; list the sounds that cannot be told from the reference.

    Random settings that hit the reference are drawn again. An estimate that does is kept: to throw
    it away would punish good systems; and so is an anchor, since a dull guitar is its own low-pass.
    """
    told = []
    for spec in study.conditions:
        wave = sounds[spec.id].wave
        name = f"{spec.id} ({sounds[spec.id].effect})"
        try:
            refuse_broken(wave, name)
            if spec.folder is not None:
                refuse_clipped(wave, name)
        except FaultError as fault:
            if spec.folder is None:
                raise
            # Another reference would not be the one that the sound was made for.
            raise StudyError(str(fault)) from None
        if spec.resolved_kind == "reference" or not cannot_be_told(reference.wave, wave):
            continue
        remark = f"{name} cannot be told from the reference"
        if spec.resolved_kind == "random":
            raise FaultError(remark)
        told.append(f"{remark}: null test {null_test_db(reference.wave, wave):.0f} dB")
    return told
