"""IDMT-SMT-Audio-Effects as AutoFX prepared it: which sounds, from where on, described by what.

The original's three steps: collect the monophonic guitar sounds (single notes, 11 classes), pick
the clean ones among them (no effect, and the amplifier simulation that counts as none), and write
the features of all as CSV. The recordings begin with about half a second of silence, which is cut.

What differs from the original: it took every second sample without a low-pass; here the
resampler has one. Two trims with unnamed thresholds become one: a note begins 5 ms before its
energy first comes within 40 dB of its maximum.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, LISTENING_RATE_HZ, AudioError, for_analysis
from autofx_core.datasets.synthetic import fit_length, one_thread
from autofx_core.features import (
    CLASSIFICATION_NAMES,
    REGRESSION_NAMES,
    classification_features,
    regression_features,
)
from autofx_core.parallel import run_all
from autofx_core.sources.clean import CleanSound, folder_notes, load
from autofx_core.sources.idmt import IdmtName, parse_name

SINGLE_NOTES = ("finger, light", "finger, hard", "plectrum")
QUIET = 1e-4  # of the highest energy: 40 dB below it
LEAD_S = 0.005
CSV_NAME = "features.csv"
REGRESSION_PREFIX = "f-"
"""The original's prefix of the 48 columns; the 163 have none."""

COLUMNS = (
    "file",
    *(field.name for field in fields(IdmtName)),
    *(f"{REGRESSION_PREFIX}{name}" for name in REGRESSION_NAMES),
    *CLASSIFICATION_NAMES,
)
"""Columns of the CSV."""


@dataclass(frozen=True)
class IdmtSound(CleanSound):
    """A recording of the data set, from where its note begins."""

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Load the sound without the silence before it; otherwise as `CleanSound.read`."""
        return cut_silence(super().read(sample_rate), sample_rate)


def cut_silence(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Cut what comes before the note.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), not silent

    Returns
    -------
    ndarray, shape (channels, fewer samples)
    """
    energy = (wave * wave).max(axis=0)
    begin = int(np.argmax(energy >= QUIET * energy.max())) - round(LEAD_S * sample_rate)
    return wave[:, max(0, begin) :]


def monophonic_guitar(folder: str | Path) -> list[tuple[IdmtSound, IdmtName]]:
    """List the single notes of guitars in and under a folder, clean or not, with their names' news.

    Raises
    ------
    AudioError
        If there is none.
    """
    found = []
    for sound in folder_notes(folder):
        name = parse_name(sound.path.stem)
        if name and name.take.startswith("G") and name.style in SINGLE_NOTES:
            known = IdmtSound(
                id=sound.id,
                path=sound.path,
                source=name.take,
                program=f"model {name.model}",
                midi=name.midi,
                string=name.string,
            )
            found.append((known, name))
    if not found:
        raise AudioError(
            f"{folder}: holds no single guitar note of IDMT-SMT-Audio-Effects "
            "(names such as G61-40100-1111-00001.wav)"
        )
    return found


def clean_guitar(folder: str | Path) -> list[IdmtSound]:
    """List the clean ones among the single guitar notes: dry, or of the amplifier simulation.

    Raises
    ------
    AudioError
        If there is none.
    """
    clean = [sound for sound, name in monophonic_guitar(folder) if name.family == "dry"]
    if not clean:
        raise AudioError(f"{folder}: holds no clean guitar note; are NoFX and EQ there?")
    return clean


def describe_sounds(
    folder: str | Path, output: Path, *, workers: int = 1, cluster: str | None = None
) -> int:
    """Write the features of all single guitar notes to ``features.csv``; shows progress.

    Returns
    -------
    int
        How many sounds there are, one row each.

    Raises
    ------
    AudioError
        If there are none, or one cannot be used.
    ClusterError
        If the cluster cannot be used.
    """
    sounds = monophonic_guitar(folder)
    names = {sound.id: name for sound, name in sounds}
    tasks: Iterator[CleanSound] = (sound for sound, _ in sounds)
    if cluster:
        tasks = (load(sound, ANALYSIS_RATE_HZ) for sound in tasks)
    rows = {}
    for sound_id, features in tqdm(
        run_all(_describe, tasks, workers=workers, cluster=cluster), total=len(sounds), unit="sound"
    ):
        name = names[sound_id]
        rows[sound_id] = [sound_id, *(getattr(name, f.name) for f in fields(name)), *features]
    output.mkdir(parents=True, exist_ok=True)
    unfinished = output / f"{CSV_NAME}.part"
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows[sound_id] for sound_id in sorted(rows))
    unfinished.replace(output / CSV_NAME)
    return len(rows)


@torch.no_grad()
def _describe(sound: CleanSound) -> tuple[str, list[str]]:
    wave = for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ)
    batch = torch.from_numpy(fit_length(wave))[None]
    with one_thread():
        features = torch.cat([regression_features(batch), classification_features(batch)], 1)[0]
    return sound.id, [f"{value:.7g}" for value in features.tolist()]
