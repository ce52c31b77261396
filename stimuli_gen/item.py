"""Render one item: make its sounds, match their loudness, encode them, describe them.

Conventions: waves have shape (1, samples), full scale ±1. A file is known by its condition, the
open reference by `OPEN_REFERENCE`.
"""

from dataclasses import dataclass

import numpy as np

from autofx_core.audio import fade_ends
from autofx_core.matching.match import measure_distances
from stimuli_gen.encode import encode, pad_to_one_size, quantize, restore
from stimuli_gen.item_sounds import (
    OPEN_REFERENCE,
    ItemSounds,
    ItemTask,
    make_item_sounds,
    one_thread,
    trim,
)
from stimuli_gen.loudness import Gains, match_loudness
from stimuli_gen.manifest import Clean, Item, Reference, Stimulus, bytes_sha256
from stimuli_gen.seeds import derive_name, derive_rng
from stimuli_gen.study import StudySpec, StudySpecError

AUDIO_FOLDER = "audio"
FADE_IN_S = 0.005
FADE_OUT_S = 0.05
RINGING_FADE_OUT_S = 1.0
"""Where the longest tail that the study allows is not the end of the sound."""


@dataclass(frozen=True)
class RenderedItem:
    """An item of the manifest and the bytes of its files, by name."""

    item: Item
    files: dict[str, bytes]


@one_thread()
def find_item_loudness(task: ItemTask) -> float:
    """Find the loudness in LUFS at which an item's loudest peak stays below the ceiling.

    Raises
    ------
    StudySpecError
        If its sounds cannot be made or matched.
    """
    sounds = trim(make_item_sounds(task), task.study)
    return _match(task, _fade(task.study, sounds)).loudness_lufs


@one_thread()
def render_item(task: ItemTask) -> RenderedItem:
    """Make an item's sounds, bring them to one loudness, and encode them.

    Raises
    ------
    StudySpecError
        If its sounds cannot be made or matched.
    """
    sounds = trim(make_item_sounds(task), task.study)
    waves = _fade(task.study, sounds)
    gains = _match(task, waves)
    contents = _encode(task, waves, gains)
    names = {
        name: f"{AUDIO_FOLDER}/{derive_name(task.study.seed, task.planned.id, name)}"
        f".{task.study.format}"
        for name in waves
    }
    reference = Reference(
        file=names[OPEN_REFERENCE],
        sha256=bytes_sha256(contents[OPEN_REFERENCE]),
        effect=sounds.reference.effect,
        parameters=sounds.reference.parameters,
        normalized=sounds.reference.normalized,
        origin=_describe_origin(task),
    )
    stimuli = [
        Stimulus(
            condition=condition,
            file=names[condition],
            sha256=bytes_sha256(contents[condition]),
            duration_s=waves[condition].shape[1] / task.study.sample_rate_hz,
            loudness_lufs=round(gains.loudness_lufs, 3),
            gain_db=round(gains.gains_db[condition], 3),
            effect=sound.effect,
            parameters=sound.parameters,
            normalized=sound.normalized,
            distances=_measure(task, sounds, condition),
        )
        for condition, sound in sounds.stimuli.items()
    ]
    item = _describe_item(task, reference, stimuli, sounds.remarks)
    return RenderedItem(item, {names[name]: content for name, content in contents.items()})


def _fade(study: StudySpec, sounds: ItemSounds) -> dict[str, np.ndarray]:
    every = {OPEN_REFERENCE: sounds.reference, **sounds.stimuli}
    return {
        name: fade_ends(
            sound.wave,
            study.sample_rate_hz,
            fade_in_s=FADE_IN_S,
            fade_out_s=_choose_fade_out(sounds),
        )
        for name, sound in every.items()
    }


def _choose_fade_out(sounds: ItemSounds) -> float:
    if not sounds.still_rings:
        return FADE_OUT_S
    return max(FADE_OUT_S, min(RINGING_FADE_OUT_S, sounds.tail_s))


def _match(task: ItemTask, waves: dict[str, np.ndarray]) -> Gains:
    study = task.study
    try:
        return match_loudness(
            waves,
            study.sample_rate_hz,
            target_lufs=task.target_lufs,
            ceiling_dbtp=study.true_peak_dbtp,
            finish=lambda name, wave: restore(_round(task, name, wave), study.bit_depth),
        )
    except ValueError as error:
        raise StudySpecError(f"{task.planned.id}: {error}") from None


def _measure(task: ItemTask, sounds: ItemSounds, condition: str) -> dict[str, float]:
    if not task.measure:
        return {}
    wave = sounds.stimuli[condition].wave
    return measure_distances(sounds.reference.wave, wave, task.study.sample_rate_hz)


def _describe_item(
    task: ItemTask, reference: Reference, stimuli: list[Stimulus], remarks: list[str]
) -> Item:
    planned = task.planned
    collection = "recorded" if planned.pair else task.study.clean.source
    return Item(
        id=planned.id,
        family=planned.effect_class,
        domain="in" if planned.kind == "in_domain" else "out",
        training=planned.training,
        clean=Clean(source=f"{collection}:{planned.clean.id}", sha256=task.clean.sha256),
        reference=reference,
        stimuli=stimuli,
        remarks=remarks,
    )


def _describe_origin(task: ItemTask) -> str:
    if task.planned.pair is not None and task.recording is not None:
        return f"recorded: {task.planned.pair.processed.id} sha256:{task.recording.sha256}"
    table = "table" if task.planned.pedal is None else "pedals"
    return f"{task.planned.kind.replace('_', '-')}: autofx_core.effects.{table}"


def _encode(task: ItemTask, waves: dict[str, np.ndarray], gains: Gains) -> dict[str, bytes]:
    encoded = {
        name: encode(
            _round(task, name, wave * 10 ** (gains.gains_db[name] / 20)),
            task.study.sample_rate_hz,
            bit_depth=task.study.bit_depth,
            file_format=task.study.format,
        )
        for name, wave in waves.items()
    }
    return dict(zip(encoded, pad_to_one_size(list(encoded.values())), strict=True))


def _round(task: ItemTask, name: str, wave: np.ndarray) -> np.ndarray:
    """Round a wave to the whole steps of its file."""
    rng = None
    if task.study.dither == "tpdf":
        rng = derive_rng(task.study.seed, task.planned.id, name, "dither")
    steps = quantize(wave, task.study.bit_depth, rng)
    if name == OPEN_REFERENCE and rng is None:
        steps[:, -1] += 1  # equal bytes would give the hidden reference away
    return steps
