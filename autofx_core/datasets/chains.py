"""Sounds for the presence task: phrases and notes, as they are recorded, through chains of effects.

A sound is a phrase (`sources.phrases`) or a note of the part's recordings, made dirty
(`datasets.dirt`), through none to three pedals in the usual order, or now and then in another, of
which none makes the class of effect of another. Its labels are, for each of the ten effects and
for "something else", how strongly its pedal changes what it is given, in dB (`metrics.audibility`),
and the pedal's place in the chain. A clean sound may have been through a dry pedal.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets.augmentation import vary_note
from autofx_core.datasets.dirt import dirty_line, dirty_take
from autofx_core.datasets.labels import EFFECT_ORDER, PEDALS, effect_name, is_dry
from autofx_core.datasets.plan import VARIANTS, Shard
from autofx_core.datasets.synthetic import PART_SEEDS, play_pedal
from autofx_core.effects.others import OTHER_EFFECTS
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS
from autofx_core.effects.taxonomy import EFFECT_NAMES, PRESENCES, SOMETHING_ELSE
from autofx_core.metrics.audibility import strength_db
from autofx_core.sources.clean import CleanSound
from autofx_core.sources.phrases import Note as PlayedNote
from autofx_core.sources.phrases import perform, play_phrase

CHAINS_SEED = 7
PHRASE_SHARE = 0.6
PHRASE_S = (2.5, 6.0)
NOTE_S = (0.8, 2.5)
CLEAN_SHARE = 0.22
DRY_PEDAL_SHARE = 0.4
COUNTS = (0.62, 0.28, 0.10)
"""Shares of chains of one, two and three pedals, of those that have any."""
OTHER_ORDER_SHARE = 0.15
GENERIC_WEIGHT = 2.0
NOTES_KEPT = 512

PLACES = {
    SOMETHING_ELSE: 0,
    "overdrive": 1,
    "distortion": 1,
    "phaser": 2,
    "vibrato": 2,
    "chorus": 3,
    "flanger": 3,
    "tremolo": 4,
    "slapback delay": 5,
    "feedback delay": 5,
    "reverb": 6,
}
"""Where effects come in a chain, as players usually order them."""

DRY_PEDALS = tuple(name for name in PEDALS if is_dry(name) and name != "clean")

GENERIC = {
    "chorus": "modulation",
    "slapback delay": "delay",
    "feedback delay": "delay",
    "overdrive": "distortion",
    "distortion": "distortion",
}
"""Effects that a generic effect makes, depending on its settings."""


@dataclass(frozen=True)
class Chained:
    """Sounds of a shard.

    Attributes
    ----------
    waves : list of ndarray, shape (1, samples), float32, 22.05 kHz, peak 1, of any length
    presence_db : ndarray, shape (sounds, 11), float32
        How strong each of `PRESENCES` is; 0 where it is not in the chain.
    place : ndarray, shape (sounds, 11), int64
        Place of each in the chain, from 1; 0 where it is not.
    recording : ndarray, shape (sounds,), str
        What the sounds stem from, several joined by ``|``.
    """

    waves: list[np.ndarray]
    presence_db: np.ndarray
    place: np.ndarray
    recording: np.ndarray


def draw_chain(rng: np.random.Generator) -> list[str]:
    """Draw which effects are in a chain, in their order; none for a clean sound.

    Examples
    --------
    >>> draw_chain(np.random.default_rng(6))
    ['overdrive']
    """
    if rng.uniform() < CLEAN_SHARE:
        return []
    count = 1 + int(rng.choice(len(COUNTS), p=COUNTS))
    chain: list[str] = []
    for name in rng.permutation(PRESENCES).tolist():
        classes = {EFFECT_NAMES.get(effect) for effect in chain}
        if EFFECT_NAMES.get(name) not in classes:
            chain.append(name)
        if len(chain) == count:
            break
    chain.sort(key=PLACES.__getitem__)
    if rng.uniform() < OTHER_ORDER_SHARE:
        chain = rng.permutation(chain).tolist()
    return chain


def play_effect(effect: str, wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Play a wave through any pedal that makes an effect.

    Parameters
    ----------
    effect
        A name from `PRESENCES`.
    wave : ndarray, shape (1, samples), float32, 22.05 kHz, peak 1
    rng
        Draws the pedal and its settings.

    Returns
    -------
    ndarray, shape (1, samples), float32, peak 1
    """
    if effect == SOMETHING_ELSE:
        model = OTHER_EFFECTS[list(OTHER_EFFECTS)[int(rng.integers(len(OTHER_EFFECTS)))]]
        return normalize_peak(model.render(wave, ANALYSIS_RATE_HZ, model.draw(rng)))
    pedals = [name for name, model in PEDAL_MODELS.items() if model.effect == effect]
    weights = [1.0] * len(pedals)
    if effect in GENERIC:
        pedals.append(GENERIC[effect])
        weights.append(GENERIC_WEIGHT)
    pedal = pedals[int(rng.choice(len(pedals), p=np.array(weights) / sum(weights)))]
    while True:
        wet, settings = play_pedal(pedal, wave, rng)
        if pedal not in EFFECTS or effect_name(pedal, settings) == effect:
            return normalize_peak(wet)


@lru_cache(maxsize=NOTES_KEPT)
def _note_wave(note: CleanSound, variant: int) -> np.ndarray:
    wave = note.read(ANALYSIS_RATE_HZ)
    if variant:
        rng = np.random.default_rng([variant, zlib.crc32(note.id.encode())])
        wave = vary_note(wave, ANALYSIS_RATE_HZ, rng)
    return normalize_peak(wave)


def draw_clean(
    notes: Sequence[CleanSound], rng: np.random.Generator
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Draw a clean phrase, or a note: whole, damped, struck twice, or cut in at its middle.

    Parameters
    ----------
    notes
        Of any instruments; those of unknown pitch are played as single notes only.
    rng
        Draws everything.

    Returns
    -------
    wave : ndarray, shape (1, samples), float32, 22.05 kHz, peak 1
    recordings : tuple of str
    """
    pitched = any(note.midi is not None for note in notes)
    if rng.uniform() < PHRASE_SHARE and pitched:
        length_s = float(rng.uniform(*PHRASE_S))
        phrase = play_phrase(notes, rng, length_s=length_s, sample_rate=ANALYSIS_RATE_HZ)
        return phrase.wave, phrase.recordings
    note = notes[int(rng.integers(len(notes)))]
    length_s = float(rng.uniform(*NOTE_S))
    kind = rng.uniform()
    if kind < 0.35 and note.midi is not None:  # damped, or struck again and perhaps again
        strokes = int(rng.integers(1, 4))
        starts_s = np.sort(np.concatenate([[0.0], rng.uniform(0.2, length_s, strokes - 1)]))
        ends_s = np.append(starts_s[1:], rng.uniform(0.3, 1.0) * length_s + starts_s[-1])
        played = [
            PlayedNote(float(a), note.midi, float(b - a), rng.normal(0, 2), rng.uniform(0.01, 0.06))
            for a, b in zip(starts_s, ends_s, strict=True)
        ]
        wave, recordings = perform(
            played, [note], rng, length_s=length_s, sample_rate=ANALYSIS_RATE_HZ
        )
        return wave, recordings
    wave = _note_wave(note, int(rng.integers(VARIANTS)))
    if kind > 0.85:
        wave = wave[:, int(rng.uniform(0.02, 0.5) * ANALYSIS_RATE_HZ) :]
    return normalize_peak(wave[:, : round(length_s * ANALYSIS_RATE_HZ)]), (note.recording,)


@torch.no_grad()
def render_chains(shard: Shard, notes: Sequence[CleanSound]) -> Chained:
    """Render a shard's sounds.

    Parameters
    ----------
    shard
        Of any part.
    notes
        The notes of its part.
    """
    rng = np.random.default_rng([shard.seed, PART_SEEDS[shard.part], CHAINS_SEED, shard.index])
    waves, recording = [], []
    presence_db = np.zeros((shard.sounds, len(PRESENCES)), dtype=np.float32)
    place = np.zeros((shard.sounds, len(PRESENCES)), dtype=np.int64)
    for number in range(shard.sounds):
        wave, recordings = draw_clean(notes, rng)
        wave = dirty_take(wave, ANALYSIS_RATE_HZ, rng)
        if rng.uniform() < DRY_PEDAL_SHARE:
            pedal = DRY_PEDALS[int(rng.integers(len(DRY_PEDALS)))]
            wave = normalize_peak(play_pedal(pedal, wave, rng)[0])
        for order, effect in enumerate(draw_chain(rng), start=1):
            wet = play_effect(effect, wave, rng)
            before, after = (torch.from_numpy(np.ascontiguousarray(w)) for w in (wave, wet))
            presence_db[number, PRESENCES.index(effect)] = strength_db(before, after)
            place[number, PRESENCES.index(effect)] = order
            wave = wet
        waves.append(dirty_line(wave, ANALYSIS_RATE_HZ, rng))
        recording.append("|".join(recordings))
    return Chained(waves, presence_db, place, np.array(recording))


def strongest_effect(presence_db: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the strongest of the eleven effects of each sound, and its strength in dB.

    Something else counts as dry here: the six classes have no name for it.
    """
    known = presence_db[:, : PRESENCES.index(SOMETHING_ELSE)]
    strongest = np.array([EFFECT_ORDER.index(PRESENCES[n]) for n in known.argmax(axis=1)])
    strength = known.max(axis=1)
    return np.where(strength > 0, strongest, EFFECT_ORDER.index("dry")), strength
