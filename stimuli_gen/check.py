"""Measure the files of a stimulus set again and compare them with what the manifest promises."""

import re
from pathlib import Path

import numpy as np
import soundfile

from stimuli_gen.item import AUDIO_FOLDER
from stimuli_gen.loudness import measure_loudness, measure_true_peak
from stimuli_gen.manifest import Item, Manifest, Reference, Stimulus, file_sha256, read_manifest
from stimuli_gen.signal_checks import FaultError, refuse_broken
from stimuli_gen.study import STUDY_NAME, StudySpec, read_study

LOUDNESS_TOLERANCE_LU = 0.1
SPREAD_LU = 0.2
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
        problems += [f"item {item.id}: {problem}" for problem in _check_item(folder, item, study)]
    return problems


def _check_names(folder: Path, manifest: Manifest) -> list[str]:
    promised = set(manifest.files())
    revealing = [name for name in promised if not OPAQUE_NAME.fullmatch(name)]
    present = {path.relative_to(folder).as_posix() for path in (folder / AUDIO_FOLDER).glob("*")}
    return [f"{name}: a name that may reveal its condition" for name in sorted(revealing)] + [
        f"{name}: is not in the manifest" for name in sorted(present - promised)
    ]


def _check_item(folder: Path, item: Item, study: StudySpec) -> list[str]:
    problems, loudnesses, shapes = [], [], set()
    for entry in item.sounds():
        path = folder / entry.file
        if not path.is_file():
            problems.append(f"{entry.file}: missing")
            continue
        if file_sha256(path) != entry.sha256:
            problems.append(f"{entry.file}: changed (SHA-256 differs from the manifest's)")
        try:
            info = soundfile.info(path)
            wave = soundfile.read(path, always_2d=True)[0].T
        except soundfile.LibsndfileError as error:
            problems.append(f"{entry.file}: not a sound file ({error})")
            continue
        shapes.add((info.samplerate, *wave.shape, info.format, info.subtype, path.stat().st_size))
        problems += _check_sound(entry, wave, study)
        loudnesses.append(measure_loudness(wave, study.sample_rate_hz))
    if len(shapes) > 1:
        problems.append(f"files differ in rate, channels, length, format or size: {shapes}")
    for rate, channels, *_ in shapes:
        if (rate, channels) != (study.sample_rate_hz, 1):
            problems.append(f"{channels} channels at {rate} Hz, not 1 at {study.sample_rate_hz}")
    spread = np.ptp(loudnesses) if loudnesses else 0.0
    if spread > SPREAD_LU:
        problems.append(f"loudness differs by {spread:.2f} LU; {SPREAD_LU} at most")
    if len({stimulus.sha256 for stimulus in item.stimuli} | {item.reference.sha256}) <= len(
        item.stimuli
    ):
        problems.append("two files have equal bytes, which reveals the hidden reference")
    return problems


def _check_sound(entry: Reference | Stimulus, wave: np.ndarray, study: StudySpec) -> list[str]:
    problems = []
    try:
        refuse_broken(wave, entry.file)
    except FaultError as fault:
        return [str(fault)]
    peak = measure_true_peak(wave)
    if peak > study.true_peak_dbtp + TRUE_PEAK_TOLERANCE_DB:
        problems.append(f"{entry.file}: peaks at {peak:.1f} dBTP, above {study.true_peak_dbtp:g}")
    if isinstance(entry, Stimulus):
        loudness = measure_loudness(wave, study.sample_rate_hz)
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
