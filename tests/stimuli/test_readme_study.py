"""The README's own study, estimator and recordings folder work as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from autofx_core.sources.clean import builtin_notes
from stimuli_gen.check import check_set
from stimuli_gen.manifest import read_manifest

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
LONGEST_ESTIMATOR_LINES = 10


def printed_file(name):
    """Find the fenced block whose first line names a file."""
    text = README.read_text(encoding="utf-8")
    return re.search(rf"```\w+\n# {re.escape(name)}\n(.*?)```", text, re.DOTALL)[1]


def test_readers_estimator_and_recordings_make_a_set(tmp_path):
    for name in ("my_estimator.py", "my-study.toml"):
        (tmp_path / name).write_text(printed_file(name), encoding="utf-8")
    (tmp_path / "recordings").mkdir()
    for note in builtin_notes("test")[::9]:
        wave = note.read()
        soundfile.write(tmp_path / "recordings" / f"{note.id}.wav", wave.T, 44_100)
    command = re.search(
        r"python -m stimuli_gen render my-study\.toml -o\s+\S+[^`]", README.read_text()
    )
    words = command[0].split()[1:]
    run = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    folder = tmp_path / words[-1]
    assert check_set(folder) == []
    manifest = read_manifest(folder)
    assert "my_estimator.py" in manifest.generator.inputs
    assert len(manifest.items) == 7
    mine = [s for item in manifest.items for s in item.stimuli if s.condition == "mine"]
    assert len({s.parameters["drive_db"] for s in mine if "drive_db" in s.parameters}) > 1


def test_readers_estimator_is_ten_lines_of_python():
    lines = [line for line in printed_file("my_estimator.py").splitlines() if line.strip()]
    assert len(lines) <= LONGEST_ESTIMATOR_LINES
