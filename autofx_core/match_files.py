"""Match a sound file: write the answer as JSON, and the clean sound through it as WAV."""

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from autofx_core.audio import load_sound, normalize_peak, resample, write_audio
from autofx_core.matching import match, measure_distances


def match_files(
    reference: Path, clean: Path | None, *, effect: str | None, method: str, output: Path
) -> dict:
    """Match a file, and leave ``match.json`` and, with a clean sound, ``match.wav`` in a folder.

    Parameters
    ----------
    reference, clean
        Sound files, at any rates; the match is written at the reference's rate.
    effect
        Family of the effect, or None to recognise it.

    Returns
    -------
    dict
        What ``match.json`` holds: `effect`, `probabilities`, `parameters`, `distances` of the
        match and `clean_distances` of the clean sound to the reference, `method`, `reference`,
        `clean`, `version`.

    Raises
    ------
    AudioError
        If a file is missing, is not a sound, is too short or silent, or cannot be written.
    """
    wave, sample_rate = load_sound(reference)
    dry = None
    if clean is not None:
        found, clean_rate = load_sound(clean)
        dry = resample(found, clean_rate, sample_rate)
    answer = match(wave, dry, sample_rate=sample_rate, method=method, family=effect)
    record = asdict(answer) | {
        "clean_distances": {} if dry is None else measure_distances(wave, dry, sample_rate),
        "reference": str(reference),
        "clean": None if clean is None else str(clean),
        "version": version("autofx"),
    }
    audio = record.pop("audio")
    output.mkdir(parents=True, exist_ok=True)
    (output / "match.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if audio is not None:
        write_audio(output / "match.wav", normalize_peak(audio), sample_rate)
    return record
