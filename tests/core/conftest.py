"""What the tests of the core share."""

import numpy as np
import pytest
import soundfile

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.sources.clean import CleanSound


@pytest.fixture(scope="session")
def notes(tmp_path_factory):
    """Twelve short notes: two training programs in three splits, one program for testing only."""
    folder = tmp_path_factory.mktemp("notes")
    found = []
    for number, (program, split) in enumerate(
        [(p, s) for p in ("one", "two") for s in ("train", "train", "validation", "test")]
        + [("three", "test")] * 4
    ):
        time_s = np.arange(int(0.8 * ANALYSIS_RATE_HZ)) / ANALYSIS_RATE_HZ
        hertz = 110 * 2 ** (number / 12)
        wave = np.exp(-3 * time_s) * sum(np.sin(2 * np.pi * k * hertz * time_s) for k in (1, 2, 3))
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.3 * wave, ANALYSIS_RATE_HZ)
        found.append(CleanSound(str(number), path, f"recording {number}", program, split=split))
    return found
