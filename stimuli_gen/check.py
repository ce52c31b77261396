"""Measure the files of a stimulus set again and compare them with what the manifest promises."""

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from stimuli_gen.item import AUDIO_FOLDER
from stimuli_gen.listening_test import STUDY_NAME
from stimuli_gen.loudness import measure_loudness, measure_true_peak
from stimuli_gen.manifest import (
    Item,
    Manifest,
    Reference,
    Stimulus,
    bytes_sha256,
    file_sha256,
    read_manifest,
)
from stimuli_gen.signal_checks import FaultError, refuse_broken
from stimuli_gen.study import StudySpec, read_study

LOUDNESS_TOLERANCE_LU = 0.1
SPREAD_LU = 0.1
TRUE_PEAK_TOLERANCE_DB = 0.1
OPAQUE_NAME = re.compile(rf"{AUDIO_FOLDER}/[0-9a-f]{{16}}\.(wav|flac)")


def check_set(folder: Path) -> list[str]:
    """List what is wrong with a stimulus set, a line each; empty if nothing is.

    Raises
    ------
    ManifestError, StudySpecError
        If the manifest or the study cannot be read, so that nothing can be compared.
    """
    manifest = read_manifest(folder)
    study = read_study(folder / STUDY_NAME)
    problems = _check_names(folder, manifest)
    if manifest.generator.inputs.get(STUDY_NAME) != file_sha256(folder / STUDY_NAME):
        problems.append(f"{STUDY_NAME}: is not the study that the set was rendered from")
    for item in manifest.items:
        read = partial(_read, folder)
        problems += [f"item {item.id}: {problem}" for problem in check_item(item, study, read)]
    if study.equally_loud == "set":
        problems += _check_set_loudness(manifest)
    return problems


def _read(folder: Path, name: str) -> bytes | None:
    path = folder / name
    return path.read_bytes() if path.is_file() else None


def _check_set_loudness(manifest: Manifest) -> list[str]:
    promised = [s.loudness_lufs for item in manifest.items for s in item.stimuli]
    spread = max(promised) - min(promised)
    if spread <= SPREAD_LU:
        return []
    return [f"loudness of the set differs by {spread:.2f} LU; {SPREAD_LU} at most"]


def _check_names(folder: Path, manifest: Manifest) -> list[str]:
    promised = set(manifest.files())
    revealing = [name for name in promised if not OPAQUE_NAME.fullmatch(name)]
    present = {path.relative_to(folder).as_posix() for path in (folder / AUDIO_FOLDER).glob("*")}
    return [f"{name}: a name that may reveal its condition" for name in sorted(revealing)] + [
        f"{name}: is not in the manifest" for name in sorted(present - promised)
    ]


def check_item(item: Item, study: StudySpec, read: Callable[[str], bytes | None]) -> list[str]:
    """List what is wrong with the files of an item, a line each; empty if nothing is.

    Parameters
    ----------
    item
        The item of the manifest.
    study
        The study that it was rendered from.
    read
        Takes a file's name in the set, returns its content, or None if there is no such file.
    """
    problems, loudnesses, shapes = [], [], set()
    for entry in item.sounds():
        content = read(entry.file)
        if content is None:
            problems.append(f"{entry.file}: missing")
            continue
        if bytes_sha256(content) != entry.sha256:
            problems.append(f"{entry.file}: changed (SHA-256 differs from the manifest's)")
        try:
            with soundfile.SoundFile(io.BytesIO(content)) as sound:
                wave = sound.read(always_2d=True, dtype="float32").T
                shape = (sound.samplerate, *wave.shape, sound.format, sound.subtype, len(content))
        except soundfile.LibsndfileError as error:
            problems.append(f"{entry.file}: not a sound file ({error})")
            continue
        shapes.add(shape)
        loudnesses.append(measure_loudness(wave, study.sample_rate_hz))
        problems += _check_sound(entry, wave, loudnesses[-1], study)
    spread = np.ptp(loudnesses) if loudnesses else 0.0
    if spread > SPREAD_LU:
        problems.append(f"loudness differs by {spread:.2f} LU; {SPREAD_LU} at most")
    return problems + _check_shapes(shapes, study) + _check_bytes(item)


def _check_shapes(shapes: set[tuple], study: StudySpec) -> list[str]:
    problems = []
    if len(shapes) > 1:
        problems.append(f"files differ in rate, channels, length, format or size: {shapes}")
    for rate, channels, *_ in shapes:
        if (rate, channels) != (study.sample_rate_hz, 1):
            problems.append(f"{channels} channels at {rate} Hz, not 1 at {study.sample_rate_hz}")
    return problems


def _check_bytes(item: Item) -> list[str]:
    hashes = [sound.sha256 for sound in item.sounds()]
    if len(set(hashes)) == len(hashes):
        return []
    return ["two files have equal bytes, which reveals the hidden reference"]


def _check_sound(
    entry: Reference | Stimulus, wave: np.ndarray, loudness: float, study: StudySpec
) -> list[str]:
    problems = []
    try:
        refuse_broken(wave, entry.file)
    except FaultError as fault:
        return [str(fault)]
    peak = measure_true_peak(wave)
    if peak > study.true_peak_dbtp + TRUE_PEAK_TOLERANCE_DB:
        problems.append(f"{entry.file}: peaks at {peak:.1f} dBTP, above {study.true_peak_dbtp:g}")
    if isinstance(entry, Stimulus):
        if abs(loudness - entry.loudness_lufs) > LOUDNESS_TOLERANCE_LU:
            problems.append(
                f"{entry.file}: has {loudness:.2f} LUFS, the manifest says {entry.loudness_lufs}"
            )
        duration_s = wave.shape[1] / study.sample_rate_hz
        if abs(duration_s - entry.duration_s) > 0.5 / study.sample_rate_hz:
            problems.append(
                f"{entry.file}: lasts {duration_s:.4f} s, the manifest says {entry.duration_s:.4f}"
            )
    return problems
