"""Render one item: draw its sounds, match their loudness, encode them, describe them.

Conventions: waves have shape (1, samples), full scale ±1.
"""

from dataclasses import dataclass

import numpy as np

from autofx_core.audio import fade_ends
from autofx_core.metrics.distances import measure_distances
from stimuli_gen.encode import encode, pad_to_one_size, quantize
from stimuli_gen.item_sounds import DrawnItem, ItemTask, draw_item, one_thread
from stimuli_gen.loudness import match_loudness
from stimuli_gen.manifest import Clean, Item, Reference, Stimulus, bytes_sha256
from stimuli_gen.seeds import derive_name, derive_rng
from stimuli_gen.study import Study, StudyError

AUDIO_FOLDER = "audio"
OPEN_REFERENCE = "open reference"
FADE_IN_S = 0.005
FADE_OUT_S = 0.05


@dataclass(frozen=True)
class RenderedItem:
    """An item of the manifest and the bytes of its files, by name."""

    item: Item
    files: dict[str, bytes]


@one_thread()
def render_item(task: ItemTask) -> RenderedItem:
    """Draw an item, bring its sounds to one loudness, and encode them.

    Raises
    ------
    StudyError
        If its sounds cannot be drawn or matched.
    """
    study, item = task.study, task.planned.id
    drawn = draw_item(task)
    sounds = {OPEN_REFERENCE: drawn.reference, **drawn.sounds}
    waves = {
        name: fade_ends(
            sound.wave, study.sample_rate_hz, fade_in_s=FADE_IN_S, fade_out_s=FADE_OUT_S
        )
        for name, sound in sounds.items()
    }
    try:
        gains_db, loudness_lufs = match_loudness(
            waves,
            study.sample_rate_hz,
            target_lufs=study.target_lufs,
            ceiling_dbtp=study.true_peak_dbtp,
        )
    except ValueError as error:
        raise StudyError(f"{item}: {error}") from None
    contents = _encode(study, item, waves, gains_db)
    entries = {
        name: {
            "file": f"{AUDIO_FOLDER}/{derive_name(study.seed, item, name)}.{study.format}",
            "sha256": bytes_sha256(contents[name]),
            "effect": sound.effect,
            "parameters": sound.parameters,
            "normalized": sound.normalized,
        }
        for name, sound in sounds.items()
    }
    reference = Reference(**entries.pop(OPEN_REFERENCE), origin=_origin(task))
    stimuli = [
        Stimulus(
            **entry,
            condition=name,
            duration_s=waves[name].shape[1] / study.sample_rate_hz,
            loudness_lufs=round(loudness_lufs, 3),
            gain_db=round(gains_db[name], 3),
            distances=_measure(task, drawn, name),
        )
        for name, entry in entries.items()
    ]
    files = [reference.file, *(stimulus.file for stimulus in stimuli)]
    return RenderedItem(
        _describe(task, reference, stimuli, drawn.remarks),
        dict(zip(files, contents.values(), strict=True)),
    )


def _measure(task: ItemTask, drawn: DrawnItem, condition: str) -> dict[str, float]:
    if not task.measure:
        return {}
    other = drawn.sounds[condition].wave
    return measure_distances(drawn.reference.wave, other, task.study.sample_rate_hz)


def _describe(
    task: ItemTask, reference: Reference, stimuli: list[Stimulus], remarks: list[str]
) -> Item:
    planned = task.planned
    collection = "recorded" if planned.recording else task.study.clean.source
    return Item(
        id=planned.id,
        family=planned.family,
        domain="in" if planned.kind == "in_domain" else "out",
        training=planned.training,
        clean=Clean(source=f"{collection}:{planned.clean.id}", sha256=task.clean_sha256),
        reference=reference,
        stimuli=stimuli,
        remarks=remarks,
    )


def _origin(task: ItemTask) -> str:
    recording = task.planned.recording
    if recording is not None:
        return f"recorded: {recording.processed.id} sha256:{task.recording_sha256}"
    table = "effects" if task.planned.kind == "in_domain" else "designs"
    return f"{task.planned.kind.replace('_', '-')}: autofx_core.{table}"


def _encode(
    study: Study, item: str, waves: dict[str, np.ndarray], gains_db: dict[str, float]
) -> dict[str, bytes]:
    encoded = {}
    for name, wave in waves.items():
        rng = derive_rng(study.seed, item, name, "dither") if study.dither == "tpdf" else None
        steps = quantize(wave * 10 ** (gains_db[name] / 20), study.bit_depth, rng)
        if name == OPEN_REFERENCE and rng is None:
            steps[:, -1] += 1  # equal bytes would give the hidden reference away
        encoded[name] = encode(
            steps, study.sample_rate_hz, bit_depth=study.bit_depth, file_format=study.format
        )
    return dict(zip(encoded, pad_to_one_size(list(encoded.values())), strict=True))
