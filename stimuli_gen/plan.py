"""Draw the items of a study: which clean sound, which kind of reference, which effect.

Families are balanced by design: each gets the same number of items of each kind, and clean sounds
are dealt to them in turn. Clean sounds are drawn without repetition, so that they spread over
pitches, strings, instruments and source recordings; none comes from a recording that a shipped
network has learnt from.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any, Literal

import numpy as np

from autofx_core.audio import AudioError
from autofx_core.effects.pedals import DESIGNS
from autofx_core.networks.checkpoints import shipped, trained_on
from autofx_core.sources.clean import (
    NOTES_CSV_NAME,
    CleanSound,
    builtin_notes,
    folder_notes,
    idmt_notes,
    idmt_pairs,
    rendered_notes,
)
from stimuli_gen.seeds import derive_rng
from stimuli_gen.study import Study, StudyError

PITCH_BAND_SEMITONES = 5


@dataclass(frozen=True)
class Recording:
    """A processed sound with the clean take it was made from."""

    family: str
    clean: CleanSound
    processed: CleanSound
    effect: str


@dataclass(frozen=True)
class PlannedItem:
    """One item before it is rendered.

    Attributes
    ----------
    kind
        'in_domain', 'out_of_domain' or 'recorded'.
    design
        Name in `autofx_core.effects.pedals.DESIGNS`, for the kind 'out_of_domain'.
    recording
        For the kind 'recorded'.
    """

    id: str
    family: str
    kind: Literal["in_domain", "out_of_domain", "recorded"]
    clean: CleanSound
    training: bool = False
    design: str | None = None
    recording: Recording | None = None


def plan_items(study: Study, folder: Path) -> list[PlannedItem]:
    """Draw the items of a study, those to practise on first.

    Parameters
    ----------
    folder
        What the study's paths are relative to.

    Raises
    ------
    StudyError, AudioError
        If there are too few clean sounds or recordings.
    """
    counts = study.items
    drawn = counts.training + len(study.families) * (counts.in_domain + counts.out_of_domain)
    sounds = _draw_clean(study, folder, drawn)
    items = [
        PlannedItem(f"training-{i + 1:02d}", family, "in_domain", sound, training=True)
        for i, (sound, family) in enumerate(
            zip(sounds[: counts.training], cycle(study.families), strict=False)
        )
    ]
    for place, family in enumerate(study.families):
        # Dealt in turn, so that no family gets the first choice of recordings and pitches.
        own = sounds[counts.training + place :: len(study.families)]
        items += _plan_family(study, folder, family, iter(own))
    return items


def _plan_family(
    study: Study, folder: Path, family: str, sounds: Iterator[CleanSound]
) -> list[PlannedItem]:
    counts = study.items
    names = (f"{family}-{number:02d}" for number in count(1))
    designs = [design.name for design in DESIGNS.values() if design.effect_class == family]
    derive_rng(study.seed, "designs", family).shuffle(designs)
    items = [
        PlannedItem(next(names), family, "in_domain", next(sounds)) for _ in range(counts.in_domain)
    ]
    items += [
        PlannedItem(next(names), family, "out_of_domain", next(sounds), design=design)
        for _, design in zip(range(counts.out_of_domain), cycle(designs), strict=False)
    ]
    if counts.recorded:
        items += [
            PlannedItem(next(names), family, "recorded", recording.clean, recording=recording)
            for recording in _draw_recordings(study, folder, family)
        ]
    return items


def _draw_clean(study: Study, folder: Path, n: int) -> list[CleanSound]:
    where = study.clean.folder and folder / study.clean.folder
    if study.clean.source == "builtin":
        sounds = builtin_notes("test")
    elif study.clean.source == "idmt":
        sounds = idmt_notes(where)
    elif (where / NOTES_CSV_NAME).is_file():
        sounds = rendered_notes(where, "test")
    else:
        sounds = folder_notes(where)
    learnt = _learnt()
    unseen = [sound for sound in sounds if sound.source not in learnt]
    if len(unseen) < n:
        raise StudyError(
            f"{study.name}: {n} clean sounds wanted, {len(unseen)} there that no network has "
            f"learnt from ({where or 'built-in notes'}); ask for fewer items or add recordings"
        )
    return spread(unseen, n, seed=study.seed)


def _learnt() -> frozenset[str]:
    """Name the recordings that any shipped network has learnt from."""
    return frozenset().union(*(trained_on(network) for network in shipped()))


def spread(sounds: Sequence[CleanSound], n: int, *, seed: int) -> list[CleanSound]:
    """Choose sounds that differ: in recording, then pitch, string and instrument.

    Each choice is the sound whose recording has been used least; among these, the one whose band
    of pitches, string and instrument have; among these, by chance.
    """
    return _choose_unlike(sounds, [_traits(s) for s in sounds], n, derive_rng(seed, "clean"))


def _choose_unlike(
    things: Sequence[Any], traits: Sequence[list], n: int, rng: np.random.Generator
) -> list:
    left = rng.permutation(len(things)).tolist()
    used: Counter = Counter()
    chosen = []
    for _ in range(n):
        best = min(left, key=lambda i: [used[trait] for trait in traits[i]])
        left.remove(best)
        used.update(traits[best])
        chosen.append(things[best])
    return chosen


def _traits(sound: CleanSound) -> list[tuple]:
    band = None if sound.midi is None else sound.midi // PITCH_BAND_SEMITONES
    return [
        ("source", sound.source),
        ("pitch", band),
        ("string", sound.string),
        ("program", sound.program),
    ]


def _draw_recordings(study: Study, folder: Path, family: str) -> list[Recording]:
    """Choose a family's recordings so that effects, takes and pitches differ."""
    own = [r for r in _list_recordings(study, folder) if r.family == family]
    wanted = study.items.recorded
    if len(own) < wanted:
        raise StudyError(
            f"{study.name}: {wanted} recorded references of the family {family} wanted, "
            f"{len(own)} there; add some to [recorded] or lower items.recorded"
        )
    traits = [[("effect", r.effect), *_traits(r.clean)] for r in own]
    return _choose_unlike(own, traits, wanted, derive_rng(study.seed, "recorded", family))


def _list_recordings(study: Study, folder: Path) -> list[Recording]:
    recordings = []
    for pair in study.recorded.pairs:
        clean, processed = (
            CleanSound(id=Path(name).stem, path=folder / name, source=pair.clean)
            for name in (pair.clean, pair.reference)
        )
        for sound in (clean, processed):
            if not sound.path.is_file():
                raise AudioError(f"{sound.path}: no such file")
        recordings.append(Recording(pair.family, clean, processed, pair.effect))
    if study.recorded.idmt:
        recordings += [
            Recording(name.family, clean, processed, name.effect)
            for clean, processed, name in idmt_pairs(folder / study.recorded.idmt)
        ]
    return recordings
