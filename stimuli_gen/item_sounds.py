"""Make one item's sounds: its reference, and what each condition makes of it.

A function of the task alone, so that it runs in any process or machine. Conventions: waves have
shape (1, samples), float32, full scale ±1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance
from stimuli_gen.conditions import ConditionInput, make_stimulus
from stimuli_gen.manifest import Phrase
from stimuli_gen.plan import PlannedItem
from stimuli_gen.reference import Sound, make_reference, prepare_clean
from stimuli_gen.signal_checks import (
    BLOCK_S,
    FaultError,
    find_decay_s,
    is_indistinguishable,
    null_test_db,
    refuse_broken,
    refuse_clipped,
)
from stimuli_gen.study import StudySpec, StudySpecError

ATTEMPTS = 20
REDRAWS_OF_CLOSE = 10
"""Some pedals hardly change some notes, whatever their settings: then the item keeps a remark."""
OPEN_REFERENCE = "open reference"


@dataclass(frozen=True)
class InputSound:
    """A sound as read, shape (1, samples), at the study's rate, without a constant offset.

    The hash is of its file, or of a phrase's samples; `phrase` describes how that was played.
    """

    wave: np.ndarray
    sha256: str
    phrase: Phrase | None = None


@dataclass(frozen=True)
class ItemTask:
    """All that an item's sounds follow from.

    Attributes
    ----------
    study, study_folder
        The study, and the folder of the users' own modules.
    planned
        The item of the study's plan.
    clean, recording
        Its clean sound, and the processed recording of an item that has a pair.
    external
        Finished sounds of conditions that were rendered by other programs, by condition.
    target_lufs
        Loudness to bring the sounds to, if no peak forbids it.
    measure
        Whether to measure distances to the reference.
    salt
        Makes file names and dither those of this rendering alone; empty if reproducible.
    """

    study: StudySpec
    study_folder: Path
    planned: PlannedItem
    clean: InputSound
    recording: InputSound | None
    external: dict[str, np.ndarray]
    target_lufs: float
    measure: bool
    salt: str = ""


@dataclass(frozen=True)
class ItemSounds:
    """An item's sounds, not yet matched in loudness; `stimuli` by condition.

    All are equally long: the clean sound and `tail_s` after its end.
    """

    clean: np.ndarray
    reference: Sound
    stimuli: dict[str, Sound]
    remarks: list[str]
    tail_s: float
    still_rings: bool = False


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
def make_item_sounds(task: ItemTask) -> ItemSounds:
    """Make an item's sounds; a faulty draw is redrawn, or stops if the study wants that.

    Raises
    ------
    StudySpecError
        If a fault stops it or remains after 20 draws.
    """
    remarks: list[str] = []
    for attempt in range(ATTEMPTS):
        try:
            return _draw(task, attempt, remarks)
        except FaultError as fault:
            if task.study.on_fault == "stop":
                raise StudySpecError(
                    f"{task.planned.id}: {fault}; on_fault = 'redraw' would draw again"
                ) from None
            remarks.append(f"draw {attempt + 1} thrown away: {fault}")
    raise StudySpecError(f"{task.planned.id}: {ATTEMPTS} draws failed; {remarks[-1]}")


def _draw(task: ItemTask, attempt: int, remarks: list[str]) -> ItemSounds:
    study, planned = task.study, task.planned
    clean = prepare_clean(task.clean.wave, study)
    recording = task.recording.wave if task.recording else None
    reference = make_reference(study, planned, clean, recording, attempt=attempt)
    if _is_close(study, reference.wave, clean):
        close = f"reference ({reference.effect}) is within {AUDIBLE_DB:g} dB of the clean sound"
        if planned.pair is None and attempt < REDRAWS_OF_CLOSE:
            raise FaultError(close)
        remarks = [*remarks, close]
    given = ConditionInput(
        study=study,
        study_folder=task.study_folder,
        item=planned.id,
        effect_class=planned.effect_class,
        clean=clean,
        reference=reference,
        attempt=attempt,
        external=task.external,
    )
    stimuli = {spec.id: make_stimulus(spec, given) for spec in study.conditions}
    found = _refuse_faults(study, stimuli, reference, attempt)
    return ItemSounds(clean, reference, stimuli, [*remarks, *found], study.longest_tail_s)


def trim(sounds: ItemSounds, study: StudySpec) -> ItemSounds:
    """Cut an item's sounds where the longest of them has decayed, within the study's limits."""
    rate = study.sample_rate_hz
    tails_s = {
        name: find_decay_s(sound.wave, rate) - sounds.clean.shape[1] / rate + sounds.tail_s
        for name, sound in {OPEN_REFERENCE: sounds.reference, **sounds.stimuli}.items()
    }
    longest = max(tails_s, key=lambda name: tails_s[name])
    tail_s = float(np.clip(tails_s[longest], study.tail_s, study.longest_tail_s))
    samples = sounds.clean.shape[1] - round(sounds.tail_s * rate) + round(tail_s * rate)
    remarks = sounds.remarks
    if still_rings := tails_s[longest] > study.longest_tail_s - BLOCK_S / 2:
        cut = f"{longest} rings longer than longest_tail_s = {study.longest_tail_s:g}: faded out"
        remarks = [*remarks, cut]
    return ItemSounds(
        clean=sounds.clean[:, :samples],
        reference=replace(sounds.reference, wave=sounds.reference.wave[:, :samples]),
        stimuli={
            name: replace(sound, wave=sound.wave[:, :samples])
            for name, sound in sounds.stimuli.items()
        },
        remarks=remarks,
        tail_s=tail_s,
        still_rings=still_rings,
    )


def _is_close(study: StudySpec, reference: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two sounds differ by less than can be heard in the log-mel spectrum.

    They are compared until both have decayed: silence behind a short note would count as equal.
    """
    rate = study.sample_rate_hz
    samples = round(max(find_decay_s(wave, rate) for wave in (reference, other)) * rate)
    return log_mel_distance(reference[:, :samples], other[:, :samples], rate) < AUDIBLE_DB


def _refuse_faults(
    study: StudySpec, stimuli: dict[str, Sound], reference: Sound, attempt: int
) -> list[str]:
    """Refuse faulty renders; list the sounds that are indistinguishable from the reference.

    Random settings that hit the reference are drawn again. An estimate that does is kept: to throw
    it away would punish good systems; and so is an anchor, since a dull guitar is its own low-pass.
    """
    remarks = []
    for spec in study.conditions:
        wave = stimuli[spec.id].wave
        name = f"{spec.id} ({stimuli[spec.id].effect})"
        try:
            refuse_broken(wave, name)
            if spec.folder is not None:
                refuse_clipped(wave, name)
        except FaultError as fault:
            if spec.folder is None:
                raise
            # Another reference would not be the one that the sound was made for.
            raise StudySpecError(str(fault)) from None
        may_redraw = spec.resolved_kind == "random" and attempt < REDRAWS_OF_CLOSE
        if may_redraw and _is_close(study, reference.wave, wave):
            raise FaultError(f"{name} is within {AUDIBLE_DB:g} dB of the reference")
        if spec.resolved_kind == "reference" or not is_indistinguishable(reference.wave, wave):
            continue
        remarks.append(
            f"{name} is indistinguishable from the reference: null test "
            f"{null_test_db(reference.wave, wave):.0f} dB"
        )
    return remarks
