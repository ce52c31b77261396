"""Command line: ``python -m autofx_core train``."""

import shlex
import sys
from pathlib import Path

import click

from autofx_core.cli.options import output_option
from autofx_core.datasets.plan import DatasetError
from autofx_core.networks.checkpoints import CheckpointError
from autofx_core.training.recipes import RECIPES, Recipe, recipe


@click.command(
    "train",
    epilog="Example: python -m autofx_core train mlp_163nc --dataset runs/settings -o runs/1",
)
@click.argument("network", type=click.Choice(list(RECIPES)))
@click.option("--dataset", type=click.Path(path_type=Path), required=True)
@click.option(
    "--classifier",
    type=click.Path(path_type=Path),
    help="Run of afx_classifier, which conditions some networks.  [default: the pretrained one]",
)
@click.option("--seed", type=click.IntRange(0), help="[default: the network's recipe]")
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
@click.option("--nodes", type=click.IntRange(1), default=1, help="Machines, as torchrun starts.")
@output_option
def train_command(
    network: str,
    dataset: Path,
    classifier: Path | None,
    output: Path,
    devices: int,
    nodes: int,
    start: Path | None,
    **changes: float | None,
) -> None:
    """Train NETWORK; leave weights.pt, card.json and TensorBoard's events in the output folder.

    An interrupted run goes on where it was. With --devices or --nodes the gradients are averaged
    over all processes, which share the recipe's batch.
    """
    try:
        from autofx_core.training.train import train  # noqa: PLC0415 - the trainer is an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"training needs {error.name}: pip install 'autofx[train]'"
        ) from None
    chosen: Recipe = recipe(network, start=start and str(start), **changes)
    command = shlex.join(["python", "-m", "autofx_core", *sys.argv[1:]])
    try:
        card = train(
            chosen,
            dataset,
            output,
            command=command,
            classifier=classifier,
            devices=devices,
            nodes=nodes,
        )
    except (CheckpointError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if not card:  # one of several processes; the first reports
        return
    for part, metrics in card["metrics"].items():
        click.echo(f"{part}: {_summarize(metrics)}")


def _summarize(metrics: dict) -> str:
    if "accuracy_6" in metrics:
        accuracies = {"classes": metrics["accuracy_6"], "effects": metrics["accuracy_11"]}
        return ", ".join(
            f"{100 * value:.1f} % of {name} right"
            for name, value in accuracies.items()
            if value is not None
        )
    return (
        f"C.2 MSE {1000 * metrics['c2_mse']:.2f}e-3 "
        f"(constant ½: {1000 * metrics['constant_one_half_c2_mse']:.2f}e-3), "
        f"mean absolute error {metrics['mean_absolute_error']:.3f}"
    )
