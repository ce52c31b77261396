"""Render small studies from a few lines of TOML."""

from pathlib import Path

from click.testing import CliRunner

from stimuli_gen.__main__ import main
from stimuli_gen.job import open_job
from stimuli_gen.manifest import file_sha256
from stimuli_gen.render import render_set

SMALL = """
name = "small"
title = "A small study"
seed = 7
families = ["delay", "distortion"]
conditions = ["reference", "mlp_163nc", "random", "clean", "anchor35"]

[items]
in_domain = 1
out_of_domain = 1
training = 1

[listening_test]
items_per_listener = 2
"""

TINY = (
    SMALL.replace("out_of_domain = 1", "").replace("training = 1", "").replace('"mlp_163nc", ', "")
)
"""Two items under conditions that need no network."""


def invoke(*words: object):
    """Run a command of stimuli_gen; return click's result."""
    return CliRunner().invoke(main, [str(word) for word in words])


def render_text(
    text: str, folder: Path, *, workers: int = 1, cluster=None, reproducible: bool = True
) -> Path:
    """Render a study given as TOML; return the set's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    study = folder / "my-study.toml"
    study.write_text(text, encoding="utf-8")
    job = open_job(str(study))
    render_set(
        job,
        folder / "set",
        command="tests",
        workers=workers,
        cluster=cluster,
        reproducible=reproducible,
    )
    return folder / "set"


def hashes(folder: Path) -> dict[str, str]:
    """Hash every sound of a set."""
    return {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in sorted((folder / "audio").iterdir())
    }
