"""Make an item's files again from its manifest alone, and compare them sample by sample.

What only another program or a user's function can make is left out and named.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from autofx_core.audio import fade_ends
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import effect_of
from autofx_core.sources.clean import SOUND_SUFFIXES, CleanSound, builtin_notes
from stimuli_gen.conditions import ANCHORS_HZ, low_pass
from stimuli_gen.encode import round_to_steps
from stimuli_gen.item_sounds import OPEN_REFERENCE, one_thread
from stimuli_gen.manifest import (
    Encoding,
    Item,
    ManifestError,
    Reference,
    Stimulus,
    Timing,
    file_sha256,
    read_manifest,
)
from stimuli_gen.phrases import find_phrase
from stimuli_gen.reference import (
    align_recording,
    block_dc,
    cut_clean,
    play_effect,
    play_pedal,
    remove_offset,
)

RECORDED = re.compile(r"recorded: .* sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Rebuilt:
    """One file compared with what its manifest entry makes: its name, condition and outcome."""

    file: str
    name: str
    outcome: str
    differs: bool = False


@one_thread()
def rebuild_item(folder: Path, item_id: str, sounds: Path | None = None) -> list[Rebuilt]:
    """Make an item's files again and compare them.

    Parameters
    ----------
    folder
        The stimulus set.
    item_id
        Id of the item.
    sounds
        Folder with the clean sounds and recordings, if they are not the built-in notes. They are
        known by their hashes, whatever their names.

    Raises
    ------
    ManifestError
        If there is no such item, its manifest lacks what is needed, or its clean sound is missing.
    """
    manifest = read_manifest(folder)
    items = {item.id: item for item in manifest.items}
    if item_id not in items:
        raise ManifestError(f"{folder}: no item {item_id!r}; there are: {', '.join(items)}")
    item = items[item_id]
    if item.timing is None or manifest.encoding is None:
        raise ManifestError(
            f"{folder}: made by a version that did not describe timing; render again"
        )
    maker = _Maker(item, item.timing, manifest.encoding, manifest.sample_rate, sounds)
    kinds = {condition.id: condition.kind for condition in manifest.conditions}
    results = [maker.compare(folder, OPEN_REFERENCE, item.reference, maker.reference)]
    for stimulus in item.stimuli:
        is_reference = kinds[stimulus.condition] == "reference"
        wave = maker.reference if is_reference else maker.make(stimulus.condition, stimulus)
        results.append(maker.compare(folder, stimulus.condition, stimulus, wave))
    return results


class _Maker:
    """Makes the waves of one item, and compares files with them."""

    def __init__(
        self, item: Item, timing: Timing, encoding: Encoding, sample_rate: int, sounds: Path | None
    ) -> None:
        self.item, self.timing, self.encoding, self.rate = item, timing, encoding, sample_rate
        self.clean = cut_clean(
            self._read_clean(sounds),
            sample_rate,
            start=round(timing.start_s * sample_rate),
            samples=round(timing.clean_s * sample_rate),
            tail_s=timing.rendered_tail_s,
        )
        recorded = RECORDED.fullmatch(item.reference.origin)
        if recorded:
            processed = self._read(recorded[1], sounds)
            self.reference = align_recording(processed, self.clean, self.rate)
        else:
            self.reference = self._play(item.reference)

    def _read_clean(self, sounds: Path | None) -> np.ndarray:
        phrase = self.item.clean.phrase
        if phrase is None:
            return self._read(self.item.clean.sha256, sounds)
        return find_phrase(
            [note for note in builtin_notes() if note.id in phrase.notes],
            phrase.instrument,
            style=phrase.style,
            length_s=phrase.length_s,
            seed=phrase.seed,
        ).read(self.rate)

    def _read(self, sha256: str, sounds: Path | None) -> np.ndarray:
        candidates = builtin_notes()
        if sounds is not None:
            candidates = [
                CleanSound(id=path.stem, path=path, recording=path.stem)
                for path in sorted(sounds.rglob("*"))
                if path.suffix.lower() in SOUND_SUFFIXES
            ]
        for sound in candidates:
            if file_sha256(sound.path) == sha256:
                return remove_offset(sound.read(self.rate))
        place = sounds or "the built-in notes"
        raise ManifestError(
            f"item {self.item.id}: no sound with SHA-256 {sha256[:12]}… in {place}; name the "
            "folder that holds it with --sounds"
        )

    def _play(self, entry: Reference | Stimulus) -> np.ndarray:
        setting = entry.parameters or {}
        if entry.effect == effect_of(self.item.family).name:
            return play_effect(self.item.family, self.clean, self.rate, setting).wave
        if entry.effect in PEDAL_MODELS:
            return play_pedal(entry.effect, self.clean, self.rate, setting).wave
        raise ManifestError(f"item {self.item.id}: no effect or pedal named {entry.effect!r}")

    def make(self, condition: str, entry: Stimulus) -> np.ndarray | None:
        """Make a stimulus; None if its entry does not say how."""
        if condition in ANCHORS_HZ and entry.effect == "low-pass":
            return low_pass(self.reference, ANCHORS_HZ[condition], self.rate)
        if entry.effect == "none":
            return self.clean
        return None if entry.parameters is None else self._play(entry)

    def compare(
        self, folder: Path, name: str, entry: Reference | Stimulus, wave: np.ndarray | None
    ) -> Rebuilt:
        """Compare a file with the wave that its entry describes."""
        if wave is None or entry.gain_db is None or entry.dither_seed is None:
            return Rebuilt(entry.file, name, f"not rebuilt ({entry.effect})")
        tail = round(self.timing.tail_s * self.rate)
        samples = round(self.timing.clean_s * self.rate) + tail
        faded = fade_ends(
            block_dc(wave[:, :samples], self.rate),
            self.rate,
            fade_in_s=self.timing.fade_in_s,
            fade_out_s=self.timing.fade_out_s,
        )
        steps = round_to_steps(
            faded * 10 ** (entry.gain_db / 20),
            bit_depth=self.encoding.bit_depth,
            dither=self.encoding.dither,
            seed=entry.dither_seed,
        )
        frames = soundfile.read(folder / entry.file, dtype="int32", always_2d=True)[0]
        there = frames.T >> (32 - self.encoding.bit_depth)
        if steps.shape != there.shape:
            lengths = f"{there.shape[1]} samples, {steps.shape[1]} by the manifest"
            return Rebuilt(entry.file, name, lengths, differs=True)
        off = np.abs(steps.astype(np.int64) - there)
        if not off.any():
            return Rebuilt(entry.file, name, "identical")
        outcome = f"{np.count_nonzero(off)} samples differ, by {off.max()} steps at most"
        return Rebuilt(entry.file, name, outcome, differs=True)
