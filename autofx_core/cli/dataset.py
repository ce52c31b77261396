"""Command line: ``python -m autofx_core dataset``."""

from pathlib import Path

import click

from autofx_core.audio import AudioError
from autofx_core.cli.options import notes_option, output_option, seed_option, workers_option
from autofx_core.datasets.feature_table import CSV_NAME, describe_sounds
from autofx_core.datasets.make import make_dataset
from autofx_core.datasets.plan import DEFAULT_FEATURE_SETS, FEATURE_SETS, DatasetError
from autofx_core.networks.network import Task
from autofx_core.parallel import ClusterError
from autofx_core.sources.clean import (
    NOTES_FOLDER,
    CleanSound,
    guitar_notes,
    rendered_notes,
    split_for_training,
)
from autofx_core.sources.idmt_sounds import clean_guitar, monophonic_guitar


@click.command("dataset", epilog="Example: python -m autofx_core dataset -o runs/settings")
@notes_option
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Any clean recordings instead, those of each guitar in a folder of its own.",
)
@click.option(
    "--idmt",
    type=click.Path(path_type=Path),
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
    help="The generic effects, or all pedals of every class.",
)
@click.option(
    "--per-pedal",
    type=click.IntRange(1),
    default=9200,
    show_default=True,
    help="Training sounds of each pedal; AutoFX had 37440. For recognition, of the generic effects "
    "four times as many and of dry pedals twice.",
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
    task: Task,
    per_pedal: int,
    seed: int,
    workers: int,
    cluster: str | None,
    feature_sets: tuple[str, ...],
    waves: bool,
    output: Path,
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
    processed = idmt is not None and task == "recognition"
    try:
        if idmt and as_csv:
            count = describe_sounds(idmt, output, workers=workers, cluster=cluster)
            click.echo(f"{count} sounds in {output / CSV_NAME}")
            return
        make_dataset(
            _list_sounds(notes, folder, idmt, processed=processed),
            output,
            per_pedal=per_pedal,
            seed=seed,
            task=task,
            feature_sets=feature_sets,
            waves=waves,
            processed=processed,
            workers=workers,
            cluster=cluster,
        )
    except (AudioError, ClusterError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _list_sounds(
    notes: Path | None, folder: Path | None, idmt: Path | None, *, processed: bool
) -> list[CleanSound]:
    if idmt and processed:
        return split_for_training([sound for sound, _ in monophonic_guitar(idmt)])
    if idmt:
        return split_for_training(clean_guitar(idmt))
    if folder:
        return split_for_training(guitar_notes(folder))
    return rendered_notes(notes or NOTES_FOLDER)
