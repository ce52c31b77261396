"""The features of IDMT-SMT-Audio-Effects as CSV, as AutoFX prepared them."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, for_analysis
from autofx_core.features import describe_for_classification, describe_for_regression
from autofx_core.files import write_csv
from autofx_core.parallel import one_thread, run_all
from autofx_core.sources.clean import CleanSound, load
from autofx_core.sources.idmt_sounds import monophonic_guitar

CSV_NAME = "features.csv"
REGRESSION_PREFIX = "f-"
"""The original's prefix of the 48 columns; the 163 have none."""


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
        rows[sound_id] = {"file": sound_id} | asdict(names[sound_id]) | features
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / CSV_NAME, [rows[sound_id] for sound_id in sorted(rows)])
    return len(rows)


@torch.no_grad()
def _describe(sound: CleanSound) -> tuple[str, dict[str, str]]:
    wave = for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ)
    batch = torch.from_numpy(fit_length(wave))[None]
    with one_thread():
        regression = describe_for_regression(batch)
        block = {f"{REGRESSION_PREFIX}{name}": column for name, column in regression.items()}
        block |= describe_for_classification(batch)
    return sound.id, {name: f"{column.item():.7g}" for name, column in block.items()}
