"""The features of IDMT-SMT-Audio-Effects as CSV, as AutoFX prepared them."""

import csv
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, for_analysis
from autofx_core.features import (
    CLASSIFICATION_NAMES,
    REGRESSION_NAMES,
    classification_features,
    regression_features,
)
from autofx_core.files import atomic_write
from autofx_core.parallel import one_thread, run_all
from autofx_core.sources.clean import CleanSound, load
from autofx_core.sources.idmt import IdmtName
from autofx_core.sources.idmt_sounds import monophonic_guitar

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
    with (
        atomic_write(output / CSV_NAME) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows[sound_id] for sound_id in sorted(rows))
    return len(rows)


@torch.no_grad()
def _describe(sound: CleanSound) -> tuple[str, list[str]]:
    wave = for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ)
    batch = torch.from_numpy(fit_length(wave))[None]
    with one_thread():
        features = torch.cat([regression_features(batch), classification_features(batch)], 1)[0]
    return sound.id, [f"{value:.7g}" for value in features.tolist()]
