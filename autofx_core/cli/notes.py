"""Command line: ``python -m autofx_core notes``."""

from pathlib import Path

import click

from autofx_core.sources.sf2 import SoundfontError
from autofx_core.sources.soundfont import (
    SOUNDFONT,
    plan_notes,
    read_presets,
    render_notes,
    write_table,
)
from autofx_core.sources.training_notes import plan_others, plan_plucked, synthesize_strings

PACKAGES = {SOUNDFONT.name: "fluid-soundfont-gm", "TimGM6mb.sf2": "timgm6mb-soundfont"}


@click.command("notes", epilog="Example: python -m autofx_core notes --full -o notes-full/")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder.")
@click.option("--full", is_flag=True, help="Every program, key and four velocities, for training.")
@click.option(
    "--relatives", is_flag=True, help="Also other plucked strings, banjo to harp, to train on."
)
@click.option(
    "--others",
    type=click.Path(path_type=Path),
    help="Also guitars and relatives of another General MIDI soundfont (TimGM6mb.sf2), to train "
    "on.",
)
@click.option(
    "--made-up",
    type=click.IntRange(min=0),
    default=0,
    help="Also so many synthesized strings, to train on.",
)
@click.option(
    "--soundfont",
    type=click.Path(path_type=Path),
    default=SOUNDFONT,
    show_default=True,
    help="FluidR3 GM.",
)
def notes_command(
    output: Path, full: bool, relatives: bool, others: Path | None, made_up: int, soundfont: Path
) -> None:
    """Render clean guitar notes from the FluidR3 GM soundfont.

    Without --full, the selection that comes with autofx_core.
    """
    for path in (soundfont, others):
        if path and not path.is_file():
            package = PACKAGES.get(path.name, PACKAGES[SOUNDFONT.name])
            raise click.ClickException(f"{path}: no such file; apt-get install {package}")
    try:
        notes = plan_notes(read_presets(soundfont), full=full)
        if relatives:
            notes += plan_plucked(soundfont)
        foreign = plan_others(others, soundfont) if others else []
    except SoundfontError as error:
        raise click.ClickException(str(error)) from None
    output.mkdir(parents=True, exist_ok=True)
    rows = render_notes(soundfont, output, notes)
    if others:
        rows += render_notes(others, output, foreign)
    rows += synthesize_strings(output, made_up)
    write_table(output, rows)
    click.echo(f"{len(rows)} notes in {output}")
