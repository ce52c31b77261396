"""Loudness by a program that shares no code with ours."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOLERANCE_LU = 0.1  # it prints tenths


def measure_by_ffmpeg(path: Path) -> float:
    """Measure a sound file's integrated loudness in LUFS by the filter ebur128."""
    if not shutil.which("ffmpeg"):
        pytest.fail("ffmpeg is missing (Debian, Ubuntu: apt-get install ffmpeg)")
    options = ["-nostats", "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-"]
    run = subprocess.run(["ffmpeg", *options], capture_output=True, text=True, check=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", run.stderr)[-1])
