"""Synthetic sounds: clean notes, or made-up strings, played through pedals with random settings.

As in AutoFX, a processed sound is one clean note, peak-normalised, cut or padded to 35,000 samples
at 22.05 kHz (1.587 s), through one pedal with every parameter uniform in its range,
peak-normalised again. A *pedal* is a generic effect (`effects.table`) or a model of another one
(`effects.pedals`).

Half of the training sounds are made of variants of their notes (see `augmentation`), the others of
the notes as they were recorded. Variants alone, or hardly any, are worse for notes of guitars in
the training part and, by up to a tenth, for those of another guitar; between an eighth and a half
as recorded there is little difference.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES, fit_length, normalize_peak
from autofx_core.datasets.augmentation import vary_note
from autofx_core.datasets.labels import EFFECT_ORDER, PEDALS, effect_name
from autofx_core.datasets.plan import AS_RECORDED, PLUCKED_STRINGS, VARIANTS, Shard
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, N_PARAMETERS, SLICES, denormalize, render
from autofx_core.sources.clean import CleanSound
from autofx_core.sources.plucked_string import synthesize_string

CLEAN_KEPT = 4096  # waves by each process: 0.6 GB, more than all variants of 500 notes
PART_SEEDS = {
    "train": 0,
    "validation": 1,
    "unseen_recording": 2,
    "unseen_instrument": 3,
    PLUCKED_STRINGS: 1,
}
"""A part's number in the seed of its shards. Plucked strings use another generator of notes, so
that the number of `validation`, which made the data sets of the pretrained networks, can stay."""


@dataclass(frozen=True)
class Rendered:
    """The sounds of a shard and what they were made of.

    Attributes
    ----------
    clean, wet : ndarray, shape (sounds, 35000), float32, peak 1
        Without and with the effect; `clean` is empty where there is no such recording.
    settings : ndarray, shape (sounds, 15), float32, normalised; zeros for foreign parameters
    effect : ndarray, shape (sounds,), int64, index into `EFFECT_ORDER`
        What the pedal makes, audible or not.
    recording : ndarray, shape (sounds,), str
        What the clean note stems from; empty for made-up strings.
    """

    clean: np.ndarray
    wet: np.ndarray
    settings: np.ndarray
    effect: np.ndarray
    recording: np.ndarray


@cache
def _recorded(note: CleanSound) -> np.ndarray:
    return note.read(ANALYSIS_RATE_HZ)


@lru_cache(maxsize=CLEAN_KEPT)
def _clean_wave(note: CleanSound, variant: int = 0) -> np.ndarray:
    """Prepare a clean note, as recorded (variant 0) or as another guitar would play it."""
    wave = _recorded(note)
    if variant:
        rng = np.random.default_rng([variant, zlib.crc32(note.id.encode())])
        wave = vary_note(wave, ANALYSIS_RATE_HZ, rng)
    return fit_length(normalize_peak(wave))


def play_pedal(
    pedal: str, clean: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Play a clean wave through a pedal with random settings.

    Parameters
    ----------
    pedal
        A name from `PEDALS`.
    clean : ndarray, shape (1, samples), float32, 22.05 kHz, peak 1
    rng
        Draws the settings.

    Returns
    -------
    wet : ndarray, shape (1, samples), float32, of any level
    settings : ndarray, shape (15,), float32, normalised; zeros for foreign parameters
    """
    settings = np.zeros(N_PARAMETERS, dtype=np.float32)
    if pedal in PEDAL_MODELS:
        model = PEDAL_MODELS[pedal]
        return model.render(clean, ANALYSIS_RATE_HZ, model.draw(rng)), settings
    vector = rng.uniform(size=len(EFFECTS[pedal].parameters))
    settings[SLICES[pedal]] = vector
    return render(pedal, clean, ANALYSIS_RATE_HZ, denormalize(pedal, vector)), settings


def _generator(shard: Shard) -> np.random.Generator:
    place = [PART_SEEDS[shard.part], PEDALS.index(shard.pedal), shard.index]
    return np.random.default_rng([shard.seed, *place])


def _draw_notes(
    shard: Shard, n_notes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw from which notes and which variants of them a shard's sounds are made."""
    chosen = rng.integers(n_notes, size=shard.sounds)
    varied = (rng.uniform(size=shard.sounds) >= AS_RECORDED) & (shard.part == "train")
    return chosen, rng.integers(1, VARIANTS, size=shard.sounds) * varied


def notes_of(shard: Shard, n_notes: int) -> set[int]:
    """Numbers of the notes that a shard's sounds are made from."""
    return set(_draw_notes(shard, n_notes, _generator(shard))[0].tolist())


def render_shard(shard: Shard, notes: Sequence[CleanSound]) -> Rendered:
    """Render a shard's sounds from clean notes.

    Parameters
    ----------
    shard
        Of any part but recordings.
    notes
        The notes of its part; none for `plucked_strings`, which are made up.
    """
    rng = _generator(shard)
    if shard.part == PLUCKED_STRINGS:
        clean = [
            synthesize_string(rng, ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES) for _ in range(shard.sounds)
        ]
        recordings = [""] * shard.sounds
    else:
        rows, variants = _draw_notes(shard, len(notes), rng)
        chosen = [notes[row] for row in rows]
        clean = [_clean_wave(note, int(v)) for note, v in zip(chosen, variants, strict=True)]
        recordings = [note.recording for note in chosen]
    played = [play_pedal(shard.pedal, wave, rng) for wave in clean]
    names = [effect_name(shard.pedal, settings) for _, settings in played]
    return Rendered(
        clean=np.concatenate(clean),
        wet=np.concatenate([normalize_peak(wet) for wet, _ in played]),
        settings=np.stack([settings for _, settings in played]),
        effect=np.array([EFFECT_ORDER.index(name) for name in names]),
        recording=np.array(recordings),
    )
