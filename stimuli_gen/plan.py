"""Draw the items of a study: which clean sound, which kind of reference, which pedal.

Effect classes are balanced by design: each gets the same number of items of each kind, and clean
sounds are dealt to them in turn. Clean sounds are drawn without repetition, so that they spread
over pitches, strings, instruments and source recordings; none comes from a recording that a
pretrained network was trained on. Phrases are played on such notes (see `phrases`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, cycle
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from autofx_core.audio import AudioError
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS
from autofx_core.networks.registry import list_pretrained, read_card
from autofx_core.sources.attribution import Attribution
from autofx_core.sources.clean import (
    NOTES_CSV_NAME,
    CleanSound,
    builtin_notes,
    folder_notes,
    rendered_notes,
)
from autofx_core.sources.idmt_sounds import idmt_notes, idmt_pairs
from stimuli_gen.manifest import file_sha256
from stimuli_gen.phrases import draw_phrases
from stimuli_gen.seeds import derive_rng
from stimuli_gen.study import StudySpec, StudySpecError

PITCH_BAND_SEMITONES = 5
DRY = "dry"

Thing = TypeVar("Thing")
Trait = tuple[str, object]


@dataclass(frozen=True)
class RecordedPair:
    """A processed sound with the clean take it was made from."""

    effect_class: str
    clean: CleanSound
    processed: CleanSound
    effect: str


@dataclass(frozen=True)
class PlannedItem:
    """One item before it is rendered.

    Attributes
    ----------
    effect_class
        One of `autofx_core.effects.table.EFFECTS`.
    pedal
        Name in `autofx_core.effects.pedals.PEDAL_MODELS`, if another pedal makes the reference.
    pair
        The recording that is the reference, if one is.
    """

    id: str
    effect_class: str
    clean: CleanSound
    training: bool = False
    pedal: str | None = None
    pair: RecordedPair | None = None

    @property
    def kind(self) -> Literal["in_domain", "out_of_domain", "recorded"]:
        """What makes the reference: the generic effect, another pedal, or a recording."""
        if self.pair is not None:
            return "recorded"
        return "in_domain" if self.pedal is None else "out_of_domain"


def plan_items(study: StudySpec, folder: Path) -> list[PlannedItem]:
    """Draw the items of a study, the training items first.

    Parameters
    ----------
    folder
        What the study's paths are relative to.

    Raises
    ------
    StudySpecError, AudioError
        If there are too few clean sounds or recordings.
    """
    counts = study.items
    n_sounds = counts.training + len(study.families) * (counts.in_domain + counts.out_of_domain)
    sounds = _draw_clean(study, folder, n_sounds)
    items = [
        PlannedItem(f"training-{i + 1:02d}", effect_class, sound, training=True)
        for i, (sound, effect_class) in enumerate(
            zip(sounds[: counts.training], cycle(study.families), strict=False)
        )
    ]
    for place, effect_class in enumerate(study.families):
        # Dealt in turn, so that no class gets the first choice of recordings and pitches.
        dealt = sounds[counts.training + place :: len(study.families)]
        items += _plan_class(study, folder, effect_class, iter(dealt))
    return items


def _plan_class(
    study: StudySpec, folder: Path, effect_class: str, sounds: Iterator[CleanSound]
) -> list[PlannedItem]:
    counts = study.items
    ids = (f"{effect_class}-{number:02d}" for number in count(1))
    pedals = [pedal.name for pedal in PEDAL_MODELS.values() if pedal.effect_class == effect_class]
    derive_rng(study.seed, "designs", effect_class).shuffle(pedals)
    items = [PlannedItem(next(ids), effect_class, next(sounds)) for _ in range(counts.in_domain)]
    items += [
        PlannedItem(next(ids), effect_class, next(sounds), pedal=pedal)
        for _, pedal in zip(range(counts.out_of_domain), cycle(pedals), strict=False)
    ]
    if counts.recorded:
        items += [
            PlannedItem(next(ids), effect_class, pair.clean, pair=pair)
            for pair in _draw_pairs(study, folder, effect_class)
        ]
    return items


def _draw_clean(study: StudySpec, folder: Path, n: int) -> list[CleanSound]:
    if study.clean.source == "builtin" or study.clean.folder:
        return _draw_sounds(study, folder, n)
    if study.clean.source == "phrases":
        return _draw_phrases(study, n)
    kinds = [_is_phrase(study, place) for place in range(n)]
    phrases, notes = (
        iter(drawn)
        for drawn in (
            _draw_phrases(study, sum(kinds)),
            _draw_sounds(study, folder, n - sum(kinds)),
        )
    )
    return [next(phrases) if kind else next(notes) for kind in kinds]


def _is_phrase(study: StudySpec, place: int) -> bool:
    """Return whether a place of a mixed set is a phrase's: half of each class's, in turn."""
    turn, effect_class = divmod(place - study.items.training, len(study.families))
    return (place + 1 if turn < 0 else turn + effect_class) % 2 == 1


def _draw_phrases(study: StudySpec, n: int) -> list[CleanSound]:
    trained = trained_recordings()
    notes = [note for note in builtin_notes("test") if note.recording not in trained]
    return [*draw_phrases(notes, n, seed=study.seed, longest_s=study.longest_s)]


def _draw_sounds(study: StudySpec, folder: Path, n: int) -> list[CleanSound]:
    trained = trained_recordings()
    unseen = [sound for sound in _list_clean(study, folder) if sound.recording not in trained]
    if len(unseen) < n:
        place = folder / study.clean.folder if study.clean.folder else "built-in notes"
        raise StudySpecError(
            f"{study.name}: {n} clean sounds wanted, {len(unseen)} there that no network was "
            f"trained on ({place}); ask for fewer items or add recordings"
        )
    return spread(unseen, n, seed=study.seed)


def _list_clean(study: StudySpec, folder: Path) -> list[CleanSound]:
    if study.clean.folder is None:
        return builtin_notes("test")
    place = folder / study.clean.folder
    if study.clean.source == "idmt":
        return idmt_notes(place)
    if (place / NOTES_CSV_NAME).is_file():
        return rendered_notes(place, "test")
    sounds = _refuse_copies(folder_notes(place))
    if not (study.clean.author or study.clean.licence):
        return sounds
    given = Attribution(place.name, study.clean.author, study.clean.licence)
    return [replace(sound, attribution=given) for sound in sounds]


def _refuse_copies(sounds: list[CleanSound]) -> list[CleanSound]:
    """Refuse files of equal content: an item would come twice, and splits would not hold."""
    first: dict[str, CleanSound] = {}
    for sound in sounds:
        earlier = first.setdefault(file_sha256(sound.path), sound)
        if earlier is not sound:
            raise StudySpecError(
                f"{sound.path}: the same recording as {earlier.path.name}; take one of them out"
            )
    return sounds


def trained_recordings() -> frozenset[str]:
    """Name the recordings that pretrained networks and their ancestors were trained on."""
    return frozenset().union(*(recordings_of(read_card(name)) for name in list_pretrained()))


def recordings_of(card: dict[str, Any]) -> frozenset[str]:
    """Name what a network and the ones it was started from were trained on or chosen by."""
    recordings = card["data"]["recordings"]
    own = frozenset(recordings["train"]) | frozenset(recordings["validation"])
    ancestor = card["started_from"]
    return own | recordings_of(ancestor) if ancestor else own


def spread(sounds: Sequence[CleanSound], n: int, *, seed: int) -> list[CleanSound]:
    """Choose sounds that differ: in recording, then pitch, string and instrument.

    Each choice is the sound whose recording has been used least; among these, the one whose band
    of pitches, string and instrument have; among these, by chance.

    Parameters
    ----------
    sounds
        What to choose from; at least n.
    n
        How many to choose.
    seed
        The study's.
    """
    return _choose_unlike(sounds, [_traits(s) for s in sounds], n, derive_rng(seed, "clean"))


def _choose_unlike(
    things: Sequence[Thing], traits: Sequence[list[Trait]], n: int, rng: np.random.Generator
) -> list[Thing]:
    left = rng.permutation(len(things)).tolist()
    used: Counter[Trait] = Counter()
    chosen = []
    for _ in range(n):
        best = min(left, key=lambda i: [used[trait] for trait in traits[i]])
        left.remove(best)
        used.update(traits[best])
        chosen.append(things[best])
    return chosen


def _traits(sound: CleanSound) -> list[Trait]:
    band = None if sound.midi is None else sound.midi // PITCH_BAND_SEMITONES
    return [
        ("source", sound.recording),
        ("pitch", band),
        ("string", sound.string),
        ("program", sound.instrument),
    ]


def _draw_pairs(study: StudySpec, folder: Path, effect_class: str) -> list[RecordedPair]:
    """Choose recordings of a class so that effects, takes and pitches differ."""
    pairs = [pair for pair in _list_pairs(study, folder) if pair.effect_class == effect_class]
    wanted = study.items.recorded
    if len(pairs) < wanted:
        raise StudySpecError(
            f"{study.name}: {wanted} recorded references of the family {effect_class} wanted, "
            f"{len(pairs)} there; add some to [recorded] or lower items.recorded"
        )
    traits: list[list[Trait]] = [[("effect", p.effect), *_traits(p.clean)] for p in pairs]
    return _choose_unlike(pairs, traits, wanted, derive_rng(study.seed, "recorded", effect_class))


def _list_folder_pairs(place: Path) -> list[RecordedPair]:
    """Pair ``FAMILY/TAKE_EFFECT`` with ``FAMILY/TAKE_dry``; ignore folders of other names."""
    takes: dict[tuple[str, str], dict[str, CleanSound]] = {}
    for sound in folder_notes(place):
        family, take, effect = sound.path.parent.name, *sound.path.stem.rpartition("_")[::2]
        if family in EFFECTS:
            takes.setdefault((family, take), {})[effect] = replace(sound, recording=take)
    pairs = []
    for (family, take), sounds in takes.items():
        clean = sounds.pop(DRY, None)
        if clean is None:
            raise AudioError(f"{place / family / take}_{DRY}.wav: no such file; a pair needs it")
        pairs += [RecordedPair(family, clean, wet, effect) for effect, wet in sounds.items()]
    return pairs


def _list_pairs(study: StudySpec, folder: Path) -> list[RecordedPair]:
    pairs = []
    for pair in study.recorded.pairs:
        clean, processed = (
            CleanSound(id=Path(name).stem, path=folder / name, recording=pair.clean)
            for name in (pair.clean, pair.reference)
        )
        for sound in (clean, processed):
            if not sound.path.is_file():
                raise AudioError(f"{sound.path}: no such file")
        pairs.append(RecordedPair(pair.family, clean, processed, pair.effect))
    if study.recorded.folder:
        pairs += _list_folder_pairs(folder / study.recorded.folder)
    if study.recorded.idmt:
        pairs += [
            RecordedPair(name.effect_class, clean, processed, name.effect)
            for clean, processed, name in idmt_pairs(folder / study.recorded.idmt)
        ]
    return pairs
