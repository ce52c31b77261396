"""Command line: ``python -m autofx_core``."""

import shlex
import sys
from pathlib import Path

import click

from autofx_core.audio import AudioError
from autofx_core.cli.match import calibrate_command, match_command, play_command
from autofx_core.cli.notes import notes_command
from autofx_core.cli.options import (
    notes_option,
    output_option,
    seed_option,
    workers_option,
)
from autofx_core.datasets.feature_table import CSV_NAME, describe_sounds
from autofx_core.datasets.synthetic import HEARD, TASKS, DatasetError, make_dataset
from autofx_core.networks.checkpoints import CheckpointError
from autofx_core.networks.export import ExportError, export_network
from autofx_core.networks.registry import REGRESSORS, list_pretrained, read_card
from autofx_core.parallel import ClusterError
from autofx_core.sources.clean import (
    NOTES_FOLDER,
    guitar_notes,
    rendered_notes,
    split_for_training,
)
from autofx_core.sources.idmt_sounds import clean_guitar
from autofx_core.training.classification_tables import read_evaluation, write_report
from autofx_core.training.evaluate import disagreements, measure_again
from autofx_core.training.recipes import RECIPES, Recipe, recipe
from autofx_core.training.tables import rebuild_readme, write_tables

FROM_CARDS = "All figures are those that training left in the networks' cards."


@click.group(epilog="Example: python -m autofx_core match reference.wav --clean clean.wav -o match")
def main() -> None:
    """Recognise a guitar effect and estimate its settings; train the networks that do."""


main.add_command(notes_command)
main.add_command(match_command)
main.add_command(play_command)
main.add_command(calibrate_command)


@main.command(epilog="Example: python -m autofx_core dataset --notes runs/notes -o runs/data")
@notes_option
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Any clean recordings instead, those of each guitar in a folder of its own.",
)
@click.option(
    "--idmt",
    type=click.Path(path_type=Path),
    help="IDMT-SMT-Audio-Effects instead: its clean single guitar notes, from where they begin.",
)
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Make no pairs; describe all single guitar notes of --idmt, clean or not, in a table.",
)
@click.option(
    "--task",
    type=click.Choice(list(TASKS)),
    default="settings",
    show_default=True,
    help="The generic effects, or all designs of every class.",
)
@click.option(
    "--per-pedal",
    type=click.IntRange(1),
    default=9200,
    show_default=True,
    help="Training sounds of each pedal; AutoFX had 37440.",
)
@seed_option
@workers_option
@click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler to work on instead.")
@click.option(
    "--hear",
    "heard",
    type=click.Choice(HEARD),
    multiple=True,
    default=HEARD[:2],
    show_default=True,
    help="Columns for networks to hear; may be given again.",
)
@click.option("--waves", is_flag=True, help="Keep the sounds, for autofx and autofx_f; 70 kB each.")
@output_option
def dataset(
    notes: Path | None,
    folder: Path | None,
    idmt: Path | None,
    as_csv: bool,
    output: Path,
    **options: object,
) -> None:
    """Make synthetic pairs: PER_PEDAL training sounds of each pedal, and some to test on.

    Each part to test on has an eighth of PER_PEDAL, 2,500 at most. An interrupted
    run goes on where it was; the same seed gives the same bytes, whatever the number of workers,
    here or on a cluster.
    """
    if sum(place is not None for place in (notes, folder, idmt)) > 1:
        raise click.UsageError("--notes, --folder and --idmt exclude each other")
    if as_csv and idmt is None:
        raise click.UsageError("--csv wants --idmt, the folder of the sounds to describe")
    try:
        if as_csv:
            places = {name: options[name] for name in ("workers", "cluster")}
            click.echo(f"{describe_sounds(idmt, output, **places)} sounds in {output / CSV_NAME}")
            return
        if idmt:
            clean = split_for_training(clean_guitar(idmt))
        elif folder:
            clean = split_for_training(guitar_notes(folder))
        else:
            clean = rendered_notes(notes or NOTES_FOLDER)
        make_dataset(clean, output, **options)
    except (AudioError, ClusterError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command(
    "train",
    epilog="Example: python -m autofx_core train mlp_163nc --dataset runs/settings -o runs/1",
)
@click.argument("model", type=click.Choice(list(RECIPES)))
@click.option("--dataset", type=click.Path(path_type=Path), required=True)
@click.option(
    "--recogniser",
    type=click.Path(path_type=Path),
    help="Run of the recogniser that conditions the regressor.  [default: the shipped one]",
)
@click.option("--seed", type=click.IntRange(0), default=Recipe.seed, show_default=True)
@click.option("--max-epochs", type=click.IntRange(1), help="[default: the network's recipe]")
@click.option(
    "--epoch-sounds",
    type=click.IntRange(1),
    help="Sounds from one validation to the next.  [default: the network's recipe]",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    help="[default: the network's recipe]",
)
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    help="Run of a network whose weights to start from, as far as they fit.",
)
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="GPUs of this machine, or processes where it has none.",
)
@click.option("--nodes", type=click.IntRange(1), default=1, help="Machines, each told by torchrun.")
@output_option
def train_command(
    model: str,
    dataset: Path,
    recogniser: Path | None,
    output: Path,
    devices: int,
    nodes: int,
    start: Path | None,
    **changes: float | None,
) -> None:
    """Train MODEL; leave weights.pt, card.json and TensorBoard's events in the output folder.

    An interrupted run goes on where it was. With --devices or --nodes the gradients are averaged
    over all processes; the recipe's batch is shared out among them.
    """
    try:
        from autofx_core.training.train import train  # noqa: PLC0415 - the trainer is an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"training needs {error.name}: pip install 'autofx[train]'"
        ) from None
    chosen = recipe(model, start=start and str(start), **changes)
    command = shlex.join(["python", "-m", "autofx_core", *sys.argv[1:]])
    try:
        card = train(
            chosen,
            dataset,
            output,
            command=command,
            recogniser=recogniser,
            devices=devices,
            nodes=nodes,
        )
    except (CheckpointError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if not card:  # one of several processes; the first reports
        return
    for part, metrics in card["metrics"].items():
        if "accuracy_6" in metrics:
            click.echo(f"{part}: accuracy {100 * metrics['accuracy_6']:.1f} %")
        else:
            constant = metrics["constant_one_half_c2_mse"]
            click.echo(
                f"{part}: C.2 MSE {1000 * metrics['c2_mse']:.2f}e-3 "
                f"(constant ½: {1000 * constant:.2f}e-3), "
                f"mean absolute error {metrics['mean_absolute_error']:.3f}"
            )


@main.command(
    "evaluate",
    epilog="Example: python -m autofx_core evaluate --dataset runs/settings -o evaluation",
)
@click.option(
    "--run",
    "runs",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Run of a network; may be given again.  [default: the shipped ones]",
)
@click.option(
    "--dataset",
    "datasets",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Measure the networks that it is for on its unseen parts; may be given again.",
)
@click.option("--readme", type=click.Path(path_type=Path), help="Rebuild its table of results.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("evaluation"))
def evaluate_command(
    runs: tuple[Path, ...], datasets: tuple[Path, ...], readme: Path | None, output: Path
) -> None:
    """Tabulate how far estimated settings are off, what networks cost, who is taken for whom.

    The figures are those that training left in the networks' cards, but for the networks that a
    --dataset is for: these are measured, and what differs from the card is told.

    Leaves results.md, errors.csv, parameters.csv, costs.csv and errors.png in the output folder,
    and of recognition recognition.md, a CSV for each of its tables, and confusions.png.
    """
    try:
        folders = {run.name: run for run in runs}
        cards = {name: read_card(name, folders.get(name)) for name in folders or list_pretrained()}
        told = [line for dataset in datasets for line in _measure(cards, folders, dataset)]
        regressors = {name: card for name, card in cards.items() if card["network"] in REGRESSORS}
        write_tables(regressors, output, origin="\n\n".join(told or [FROM_CARDS]))
        write_report(read_evaluation(), output)
        if readme:
            rebuild_readme(readme, regressors)
    except (CheckpointError, DatasetError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo((output / "results.md").read_text(encoding="utf-8"), nl=False)


def _measure(cards: dict[str, dict], folders: dict[str, Path], dataset: Path) -> list[str]:
    """Put figures measured on a data set into the cards; say of which, and what differs."""
    told = []
    for name, metrics in measure_again(cards, folders, dataset).items():
        told.append(f"{name}: measured on {dataset}")
        told += [f"{name}: {line}" for line in disagreements(cards[name], metrics)]
        cards[name] = cards[name] | {"metrics": metrics}
    return told


@main.command("export", epilog="Example: python -m autofx_core export mlp_211c -o exported")
@click.argument("network", type=click.Choice(list_pretrained()))
@click.option(
    "--run", type=click.Path(path_type=Path), help="Run of the network.  [default: the shipped one]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("exported"))
def export_command(network: str, run: Path | None, output: Path) -> None:
    """Write NETWORK for other programs, from sound to answer: ONNX, and torch.export's program.

    Leaves NETWORK.onnx, NETWORK.pt2 and NETWORK.json, which says what goes in and what comes out.
    """
    try:
        described = export_network(network, output, run=run)
    except (CheckpointError, ExportError, OSError) as error:
        raise click.ClickException(str(error)) from None
    for kind, difference in described["largest_difference"].items():
        path = output / f"{network}.{kind}"
        click.echo(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, differs by {difference:.0e}")


if __name__ == "__main__":
    main(prog_name="python -m autofx_core")
