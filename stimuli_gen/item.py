"""Render one item: draw its sounds, match their loudness, encode them, describe them.

Conventions: waves have shape (1, samples), full scale ±1.
"""

from dataclasses import dataclass

import numpy as np

from autofx_core.matching import measure_distances
from stimuli_gen.config import Study
from stimuli_gen.draw import ItemTask, draw_item
from stimuli_gen.encode import encode, pad_to_one_size, quantize
from stimuli_gen.loudness import match_gains, measure_loudness
from stimuli_gen.manifest import Clean, Item, Reference, Stimulus, bytes_sha256
from stimuli_gen.plan import PlannedItem
from stimuli_gen.seeds import derive_name, derive_rng

AUDIO_FOLDER = "audio"
OPEN_REFERENCE = "open reference"
FADE_IN_S = 0.005
FADE_OUT_S = 0.05


@dataclass(frozen=True)
class RenderedItem:
    """An item of the manifest and the bytes of its files, by name."""

    item: Item
    files: dict[str, bytes]


def render_item(task: ItemTask) -> RenderedItem:
    """Draw an item, bring its sounds to one loudness, and encode them.

    Raises
    ------
    StudyError
        If its sounds cannot be drawn.
    """
    study, planned = task.study, task.planned
    drawn = draw_item(task)
    reference, sounds = drawn.reference, drawn.sounds
    waves = {OPEN_REFERENCE: reference.wave, **{name: s.wave for name, s in sounds.items()}}
    rate = study.sample_rate_hz
    waves = {name: _fade(wave, rate) for name, wave in waves.items()}
    gains = match_gains(
        list(waves.values()),
        rate,
        target_lufs=study.target_lufs,
        ceiling_dbtp=study.true_peak_dbtp,
    )
    gain_of = dict(zip(waves, gains, strict=True))
    content = _encode(study, planned.id, waves, gain_of)
    name_of = {
        name: f"{AUDIO_FOLDER}/{derive_name(study.seed, planned.id, name)}.{study.format}"
        for name in waves
    }
    item = Item(
        id=planned.id,
        family=planned.family,
        domain="in" if planned.kind == "in_domain" else "out",
        training=planned.training,
        clean=Clean(source=_source(study, planned), sha256=task.clean_sha256),
        reference=Reference(
            file=name_of[OPEN_REFERENCE],
            sha256=bytes_sha256(content[OPEN_REFERENCE]),
            effect=reference.effect,
            parameters=reference.parameters,
            normalized=reference.normalized,
            origin=_origin(task),
        ),
        stimuli=[
            Stimulus(
                condition=name,
                file=name_of[name],
                sha256=bytes_sha256(content[name]),
                duration_s=waves[name].shape[1] / rate,
                loudness_lufs=round(measure_loudness(waves[name], rate) + gain_of[name], 3),
                gain_db=round(gain_of[name], 3),
                effect=sound.effect,
                parameters=sound.parameters,
                normalized=sound.normalized,
                distances=measure_distances(reference.wave, sound.wave, rate)
                if task.measure
                else {},
            )
            for name, sound in sounds.items()
        ],
        remarks=drawn.remarks,
    )
    return RenderedItem(item, {name_of[name]: content[name] for name in waves})


def _fade(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Fade both ends with half a cosine, the same for every sound."""
    faded = wave.astype(np.float64)
    for length_s, part in ((FADE_IN_S, faded), (FADE_OUT_S, faded[:, ::-1])):
        n = round(length_s * sample_rate)
        part[:, :n] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
    return faded


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


def _source(study: Study, planned: PlannedItem) -> str:
    collection = "recorded" if planned.recording else study.clean.source
    return f"{collection}:{planned.clean.id}"


def _origin(task: ItemTask) -> str:
    planned = task.planned
    if planned.recording is None:
        return {
            "in_domain": "in-domain: autofx_core.effects",
            "out_of_domain": "out-of-domain: autofx_core.designs",
        }[planned.kind]
    return f"recorded: {planned.recording.processed.id} sha256:{task.recording_sha256}"
