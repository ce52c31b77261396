"""Command line: ``python -m autofx_core dataset``."""

from pathlib import Path
from typing import Any

import click

from autofx_core.cli.options import (
    notes_option,
    output_option,
    path_option,
    seed_option,
    workers_option,
)
from autofx_core.datasets.feature_table import CSV_NAME, describe_sounds
from autofx_core.datasets.make import make_dataset
from autofx_core.datasets.plan import DEFAULT_FEATURE_SETS, FEATURE_SETS
from autofx_core.sources.clean import (
    NOTES_FOLDER,
    guitar_notes,
    rendered_notes,
    split_for_training,
)
from autofx_core.sources.idmt_sounds import clean_guitar, monophonic_guitar


@click.command("dataset", epilog="Example: python -m autofx_core dataset -o runs/settings")
@notes_option
@path_option(
    "--folder",
    help="Any clean recordings instead, those of each guitar in a folder of its own.",
)
@path_option(
    "--idmt",
    help="IDMT-SMT-Audio-Effects instead: for settings its clean single guitar notes, for "
    "recognition all of them, with the effects that their names state.",
)
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Make no pairs; describe all single guitar notes of --idmt, clean or not, in a table.",
)
@click.option(
    "--task",
    type=click.Choice(list(DEFAULT_FEATURE_SETS)),
    default="settings",
    show_default=True,
    help="The generic effects; all pedals of every class; or phrases and notes as they are "
    "recorded, through chains of none to three pedals.",
)
@click.option(
    "--per-pedal",
    type=click.IntRange(1),
    default=9200,
    show_default=True,
    help="Training sounds of each pedal; AutoFX had 37440. For recognition, of the generic effects "
    "four times as many and of dry pedals twice; for presence, as many in all as of all pedals.",
)
@seed_option
@workers_option
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler to work on instead.")
@click.option(
    "--features",
    "feature_sets",
    type=click.Choice(FEATURE_SETS),
    multiple=True,
    help="Feature sets to compute; may be given again.  [default: features and regression, for "
    "recognition also timbre]",
)
@click.option("--waves", is_flag=True, help="Keep the sounds, for autofx and autofx_f; 70 kB each.")
@output_option
def dataset_command(
    notes: Path | None,
    folder: Path | None,
    idmt: Path | None,
    as_csv: bool,
    output: Path,
    **options: Any,
) -> None:
    """Make synthetic pairs: PER_PEDAL training sounds of each pedal, and some to test on.

    Each part to test on has an eighth of the training sounds, 2,500 of a pedal at most. An
    interrupted run goes on where it was; the same seed gives the same bytes, whatever the number of
    workers, here or on a cluster.
    """
    if sum(place is not None for place in (notes, folder, idmt)) > 1:
        raise click.UsageError("--notes, --folder and --idmt exclude each other")
    if as_csv and idmt is None:
        raise click.UsageError("--csv wants --idmt, the folder of the sounds to describe")
    processed = idmt is not None and options["task"] == "recognition"
    if idmt and as_csv:
        places = {name: options[name] for name in ("workers", "cluster")}
        click.echo(f"{describe_sounds(idmt, output, **places)} sounds in {output / CSV_NAME}")
        return
    if idmt and processed:
        sounds = split_for_training([sound for sound, _ in monophonic_guitar(idmt)])
    elif idmt:
        sounds = split_for_training(clean_guitar(idmt))
    elif folder:
        sounds = split_for_training(guitar_notes(folder))
    else:
        sounds = rendered_notes(notes or NOTES_FOLDER)
    make_dataset(sounds, output, processed=processed, **options)
