"""What a built wheel says and holds."""

import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("autofx_core", "stimuli_gen", "webmushra_app", "analysis")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "weights.pt", "*.flac")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    program = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    built = subprocess.run(
        [sys.executable, "-c", program], cwd=source, check=True, capture_output=True, text=True
    )
    return zipfile.ZipFile(source / built.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_it_names_both_licences_and_brings_their_texts(wheel, metadata):
    """The programs are free under the GPL, the notes under the MIT licence."""
    assert metadata["License-Expression"] == "GPL-3.0-or-later AND MIT"
    brought = metadata.get_all("License-File")
    assert brought == ["LICENSE", "autofx_core/notes/LICENSE", "autofx_core/pretrained/NOTICE"]
    folder = next(n for n in wheel.namelist() if n.endswith("/METADATA")).removesuffix("METADATA")
    texts = [wheel.read(f"{folder}licenses/{name}").decode() for name in brought]
    assert "GNU GENERAL PUBLIC LICENSE" in texts[0]
    assert "Permission is hereby granted, free of charge" in texts[1]
    assert "TimGM6mb, by Tim Brechbill: GNU General Public License, version 2" in texts[2]


def test_it_holds_the_data_and_the_marks_of_typed_packages(wheel):
    assert {f"{name}/py.typed" for name in PACKAGES} <= set(wheel.namelist())
    assert "autofx_core/notes/notes.csv" in wheel.namelist()
    assert "stimuli_gen/presets/demo.toml" in wheel.namelist()
