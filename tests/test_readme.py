"""The README tells the truth: its commands run, its files exist, its tables agree with the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autofx_core.datasets.labels import PEDALS
from autofx_core.effects.table import EFFECTS
from autofx_core.training.tables import read_evaluation

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    """Every command line of the README's shell blocks, comments removed."""
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL):
        for line in block.splitlines():
            yield line.split("  #")[0].strip()


def test_the_two_make_commands_come_first_and_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert list(commands())[:2] == ["make demo", "make test"]
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_ci_calls_the_readmes_test_command():
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("\nmake test")


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """A folder in which the demo's script has run, as 'make demo' runs it."""
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"PYTHON": sys.executable, "DATA": "autofx-data", "DEMO_EXIT": "1"}
    environment.pop("AUTOFX_DATABASE_URL", None)
    done = subprocess.run(
        ["bash", str(ROOT / ".demo")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_demo_leaves_set_ratings_and_report_and_says_where(demo_folder):
    folder, said = demo_folder
    for path in ("autofx-data/demo-set/manifest.json", "autofx-data/report/index.html"):
        assert path in said
        assert (folder / path).is_file()
    assert "simulated" in said
    assert re.search(r"http://127\.0\.0\.1:\d+", said)
    page = (folder / "autofx-data/report/index.html").read_text(encoding="utf-8")
    assert "Simulated participants" in page


def test_every_other_command_of_the_readme_runs_after_the_demo(demo_folder):
    folder, _ = demo_folder
    later = list(commands())[2:]
    assert len(later) >= 5
    for command in later:
        words = command.split()
        assert words[0] == "python"
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    ours = (folder / "exported" / "ratings.csv").read_text(encoding="utf-8")
    assert ours.count("\n") == 1 + 12 * 7 * 4  # every rating of the demo, training trial included


def test_every_file_that_the_readme_points_to_exists():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("family", EFFECTS)
def test_the_table_of_effects_is_that_of_the_code(family):
    row = next(line for line in README.splitlines() if line.startswith(f"| {family} |"))
    for parameter in EFFECTS[family].parameters:
        limits = (
            f"±{parameter.high:g}"
            if parameter.low == -parameter.high
            else f"{parameter.low:g}–{parameter.high:g}"
        )
        assert f"`{parameter.name}` {limits}" in row


def test_the_effect_classifiers_figures_are_those_of_its_evaluation():
    text = README.replace("\n", " ")
    evaluation = read_evaluation()
    for row in evaluation["accuracy"]:
        assert f"{100 * row['accuracy_6']:.1f} %" in text
        assert f"{row['sounds']:,} sounds" in text
    for part in ("unseen_recording", "unseen_instrument"):
        unmet = [row[part] for row in evaluation["pedals"] if row["pedal"] in PEDALS]
        assert len(unmet) == 48
        assert f"{100 * np.mean(unmet):.1f} %" in text
