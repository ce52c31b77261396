"""Command line: ``python -m stimuli_gen``."""

import os
import shlex
import sys
from pathlib import Path

import click

from autofx_core.audio import AudioError, write_audio
from autofx_core.parallel import ClusterError
from stimuli_gen.check import check_set
from stimuli_gen.item_sounds import make_item_sounds
from stimuli_gen.job import make_tasks, open_job
from stimuli_gen.manifest import ManifestError
from stimuli_gen.rebuild import rebuild_item
from stimuli_gen.render import is_finished, render_set
from stimuli_gen.study import StudySpecError, describe_keys, list_presets

USER_ERRORS = (AudioError, ClusterError, ManifestError, OSError, StudySpecError)


def _render_help() -> str:
    keys = "\n".join(f"{key}\n    {meaning}" for key, meaning in describe_keys())
    return (
        "Render STUDY, a TOML file or a preset "
        f"({', '.join(list_presets())}), into a stimulus set.\n\n"
        "The same command continues an interrupted rendering. Equal seeds give equal sounds, "
        "whatever the number of workers.\n\n"
        f"\b\nKeys of a study:\n{keys}"
    )


@click.group(epilog="Example: python -m stimuli_gen render demo -o autofx-data/demo-set/")
def main() -> None:
    """Make blinded, loudness-matched stimulus sets for listening tests."""


@main.command(
    help=_render_help(),
    epilog="Example: python -m stimuli_gen render study.toml -o autofx-data/my-set/",
)
@click.argument("study")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count(),
    show_default="all cores",
    help="Processes on this machine.",
)
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler to render on instead.")
@click.option("--no-distances", is_flag=True, help="Leave out the distances to the reference.")
@click.option(
    "--reproducible",
    is_flag=True,
    help="Let file names and dither follow from the seed alone: anybody who renders the study gets "
    "the same bytes. Not for a study whose participants could do that.",
)
def render(
    study: str,
    output: Path,
    workers: int,
    cluster: str | None,
    no_distances: bool,
    reproducible: bool,
) -> None:
    """Render STUDY; its help is `_render_help`."""
    command = shlex.join(["python", "-m", "stimuli_gen", *sys.argv[1:]])
    try:
        job = open_job(study, measure=not no_distances)
        if is_finished(job, output):
            click.echo(f"{output}: is up to date")
            return
        manifest = render_set(
            job,
            output,
            command=command,
            workers=workers,
            cluster=cluster,
            reproducible=reproducible,
        )
    except USER_ERRORS as error:
        raise click.ClickException(str(error)) from None
    for item in manifest.items:
        for remark in item.remarks:
            click.echo(f"{item.id}: {remark}")
    click.echo(
        f"{len(manifest.items)} items under {len(manifest.conditions)} conditions in {output}; "
        f"look at {output / 'preview.html'}"
    )


@main.command(epilog="Example: python -m stimuli_gen check autofx-data/my-set/")
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """Measure the files of SET again; exit with 1 if one is not what the manifest promises."""
    try:
        problems = check_set(folder)
    except USER_ERRORS as error:
        raise click.ClickException(str(error)) from None
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.ClickException(f"{folder}: {len(problems)} problems")
    click.echo(f"{folder}: all files are as the manifest says")


@main.command(epilog="Example: python -m stimuli_gen inputs study.toml -o inputs/")
@click.argument("study")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder.")
def inputs(study: str, output: Path) -> None:
    """Write the clean sound and the reference of every item, for other programs.

    They go to OUTPUT as <item>.clean.wav and <item>.reference.wav. Put what the system makes of
    them into a folder as <item>.wav, and name the folder in a condition of the study.
    """
    try:
        job = open_job(study, external=False)
        output.mkdir(parents=True, exist_ok=True)
        rate = job.study.sample_rate_hz
        for task in make_tasks(job, job.items):
            sounds = make_item_sounds(task)
            for name, wave in (("clean", sounds.clean), ("reference", sounds.reference.wave)):
                path = output / f"{task.planned.id}.{name}.wav"
                write_audio(path, wave, rate, subtype="FLOAT")
    except USER_ERRORS as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{len(job.items)} items in {output}")


@main.command(epilog="Example: python -m stimuli_gen rebuild autofx-data/my-set/ delay-01")
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.argument("item")
@click.option(
    "--sounds",
    type=click.Path(path_type=Path),
    help="Folder with the clean sounds and recordings of a set that has its own.",
)
def rebuild(folder: Path, item: str, sounds: Path | None) -> None:
    """Make ITEM of SET again from the manifest alone; exit with 1 if a file differs."""
    try:
        results = rebuild_item(folder, item, sounds)
    except USER_ERRORS as error:
        raise click.ClickException(str(error)) from None
    for result in results:
        click.echo(f"{result.file}  {result.name}: {result.outcome}")
    if any(result.differs for result in results):
        raise click.ClickException(f"{folder}: item {item} is not what its manifest describes")


if __name__ == "__main__":
    main(prog_name="python -m stimuli_gen")
