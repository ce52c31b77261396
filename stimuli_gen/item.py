"""Render one item: make its sounds, match their loudness, encode them, describe them.

Conventions: waves have shape (1, samples), full scale ±1. A file is known by its condition, the
open reference by `OPEN_REFERENCE`.
"""

from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from autofx_core.audio import fade_ends, find_onset
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance, measure_distances
from autofx_core.sources.clean import CleanSound
from stimuli_gen.encode import encode_item, quantize, restore, round_to_steps
from stimuli_gen.item_sounds import (
    OPEN_REFERENCE,
    ItemSounds,
    ItemTask,
    make_item_sounds,
    one_thread,
    trim,
)
from stimuli_gen.loudness import Gains, match_loudness
from stimuli_gen.manifest import (
    Attribution,
    Clean,
    Item,
    Reference,
    Stimulus,
    Timing,
    bytes_sha256,
)
from stimuli_gen.reference import ONSET_DB, block_dc, find_clean
from stimuli_gen.seeds import derive_name, derive_seed
from stimuli_gen.signal_checks import is_indistinguishable
from stimuli_gen.study import StudySpec, StudySpecError

AUDIO_FOLDER = "audio"
LOG_MEL = "log_mel_db"
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
    contents = _encode(task.study, gains)
    names = {
        name: f"{AUDIO_FOLDER}/{digits}.{task.study.format}"
        for name in waves
        for digits in [derive_name(task.study.seed, task.planned.id, name, *_salt(task))]
    }
    reference = Reference(
        file=names[OPEN_REFERENCE],
        sha256=bytes_sha256(contents[OPEN_REFERENCE]),
        effect=sounds.reference.effect,
        parameters=sounds.reference.parameters,
        normalized=sounds.reference.normalized,
        origin=_describe_origin(task),
        gain_db=gains.gains_db[OPEN_REFERENCE],
        dither_seed=_derive_dither_seed(task, OPEN_REFERENCE),
    )
    stimuli = [
        Stimulus(
            condition=condition,
            file=names[condition],
            sha256=bytes_sha256(contents[condition]),
            duration_s=waves[condition].shape[1] / task.study.sample_rate_hz,
            loudness_lufs=round(gains.loudness_lufs, 3),
            gain_db=gains.gains_db[condition],
            effect=sound.effect,
            parameters=sound.parameters,
            normalized=sound.normalized,
            distances=_measure(task, sounds, condition),
            dither_seed=_derive_dither_seed(task, condition),
        )
        for condition, sound in sounds.stimuli.items()
    ]
    item = _describe_item(task, sounds, reference, stimuli)
    return RenderedItem(item, {names[name]: content for name, content in contents.items()})


def _fade(study: StudySpec, sounds: ItemSounds) -> dict[str, np.ndarray]:
    every = {OPEN_REFERENCE: sounds.reference, **sounds.stimuli}
    return {
        name: fade_ends(
            block_dc(sound.wave, study.sample_rate_hz),
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
    task: ItemTask, sounds: ItemSounds, reference: Reference, stimuli: list[Stimulus]
) -> Item:
    planned, phrase = task.planned, task.clean.phrase
    collection = "recorded" if planned.pair else task.study.clean.source
    if collection == "mixed":
        collection = "phrases" if phrase else "builtin"
    return Item(
        id=planned.id,
        family=planned.effect_class,
        domain="in" if planned.kind == "in_domain" else "out",
        training=planned.training,
        clean=Clean(
            source=f"{collection}:{planned.clean.id}",
            sha256=task.clean.sha256,
            recording=None if phrase else planned.clean.recording,
            attribution=_attribute(planned.clean),
            phrase=phrase,
        ),
        reference=reference,
        stimuli=stimuli,
        timing=_describe_timing(task, sounds),
        remarks=[
            *sounds.remarks,
            *_name_close(task, sounds, {s.condition: s.distances for s in stimuli}),
        ],
    )


def _attribute(sound: CleanSound) -> Attribution | None:
    return Attribution(**asdict(sound.attribution)) if sound.attribution else None


def _describe_timing(task: ItemTask, sounds: ItemSounds) -> Timing:
    rate = task.study.sample_rate_hz
    start, samples = find_clean(task.clean.wave, task.study)
    onset = find_onset(task.clean.wave[:, start : start + samples], threshold_db=ONSET_DB)
    return Timing(
        start_s=start / rate,
        lead_in_s=onset / rate,
        clean_s=samples / rate,
        rendered_tail_s=task.study.longest_tail_s,
        tail_s=sounds.tail_s,
        fade_in_s=FADE_IN_S,
        fade_out_s=_choose_fade_out(sounds),
    )


def _name_close(
    task: ItemTask, sounds: ItemSounds, distances: dict[str, dict[str, float]]
) -> list[str]:
    """Name conditions that are nearer to the reference, or to each other, than can be heard."""
    kinds = {spec.id: spec.resolved_kind for spec in task.study.conditions}
    from_reference_db = {
        name: measured[LOG_MEL]
        for name, measured in distances.items()
        if measured and kinds[name] != "reference"
    }
    remarks = [
        f"{name} is within {AUDIBLE_DB:g} dB of the reference (log-mel): hardly a difference"
        for name, distance_db in from_reference_db.items()
        if distance_db < AUDIBLE_DB
        and not is_indistinguishable(sounds.reference.wave, sounds.stimuli[name].wave)
    ]
    for a, b in combinations(from_reference_db, 2):
        # Triangle inequality: sounds this near have nearly the same distance to the reference.
        if abs(from_reference_db[a] - from_reference_db[b]) >= AUDIBLE_DB:
            continue
        pair = sounds.stimuli[a].wave, sounds.stimuli[b].wave
        if log_mel_distance(*pair, task.study.sample_rate_hz) < AUDIBLE_DB:
            remarks.append(f"{a} and {b} are within {AUDIBLE_DB:g} dB of each other (log-mel)")
    return remarks


def _describe_origin(task: ItemTask) -> str:
    if task.planned.pair is not None and task.recording is not None:
        return f"recorded: {task.planned.pair.processed.id} sha256:{task.recording.sha256}"
    table = "table" if task.planned.pedal is None else "pedals"
    return f"{task.planned.kind.replace('_', '-')}: autofx_core.effects.{table}"


def _encode(study: StudySpec, gains: Gains) -> dict[str, bytes]:
    steps = {n: quantize(wave, study.bit_depth, None) for n, wave in gains.finished.items()}
    return encode_item(
        steps, study.sample_rate_hz, bit_depth=study.bit_depth, file_format=study.format
    )


def _round(task: ItemTask, name: str, wave: np.ndarray) -> np.ndarray:
    study = task.study
    seed = _derive_dither_seed(task, name)
    return round_to_steps(wave, bit_depth=study.bit_depth, dither=study.dither, seed=seed)


def _derive_dither_seed(task: ItemTask, name: str) -> int:
    return derive_seed(task.study.seed, task.planned.id, name, "dither", *_salt(task))


def _salt(task: ItemTask) -> tuple[str, ...]:
    return (task.salt,) if task.salt else ()
