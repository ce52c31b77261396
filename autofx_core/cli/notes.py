"""Command line: ``python -m autofx_core notes``."""

from pathlib import Path

import click

from autofx_core.cli.options import output_option, path_option
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
@output_option
@click.option("--full", is_flag=True, help="Every program, key and four velocities, for training.")
@click.option(
    "--relatives", is_flag=True, help="Also other plucked strings, banjo to harp, to train on."
)
@path_option(
    "--others",
    help="Also guitars and relatives of another General MIDI soundfont (TimGM6mb.sf2), to train "
    "on.",
)
@click.option(
    "--made-up",
    type=click.IntRange(0),
    default=0,
    help="Also so many synthesized strings, to train on.",
)
@path_option("--soundfont", default=SOUNDFONT, show_default=True, help="FluidR3 GM.")
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
    notes = plan_notes(read_presets(soundfont), full=full)
    if relatives:
        notes += plan_plucked(soundfont)
    foreign = plan_others(others, soundfont) if others else []
    output.mkdir(parents=True, exist_ok=True)
    rows = render_notes(soundfont, output, notes)
    if others:
        rows += render_notes(others, output, foreign)
    rows += synthesize_strings(output, made_up)
    write_table(output, rows)
    click.echo(f"{len(rows)} notes in {output}")
