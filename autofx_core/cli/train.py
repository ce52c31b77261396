"""Command line: ``python -m autofx_core train``."""

import shlex
import sys
from pathlib import Path

import click

from autofx_core.cli.options import output_option, path_option
from autofx_core.training.recipes import RECIPES, recipe
from autofx_core.training.train import train


@click.command(
    "train",
    epilog="Example: python -m autofx_core train mlp_163nc --dataset runs/settings -o runs/1",
)
@click.argument("network", type=click.Choice(list(RECIPES)))
@path_option("--dataset", required=True)
@path_option(
    "--classifier",
    help="Run of afx_classifier, which conditions some networks.  [default: the pretrained one]",
)
@click.option("--seed", type=click.IntRange(0))
@click.option("--max-epochs", type=click.IntRange(1))
@click.option("--epoch-sounds", type=click.IntRange(1), help="From one validation to the next.")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True))
@path_option("--start", help="Run of a network whose weights to start from, as far as they fit.")
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
    output: Path,
    start: Path | None,
    classifier: Path | None,
    devices: int,
    nodes: int,
    **changes: float | None,
) -> None:
    """Train NETWORK; leave weights.pt, card.json and TensorBoard's events in the output folder.

    What is not given is the network's recipe. An interrupted run goes on where it was. With
    --devices or --nodes the gradients are averaged over all processes, which share the batch.
    """
    card = train(
        recipe(network, start=start and str(start), **changes),
        dataset,
        output,
        command=shlex.join(["python", "-m", "autofx_core", *sys.argv[1:]]),
        classifier=classifier,
        devices=devices,
        nodes=nodes,
    )
    for part, metrics in card.get("metrics", {}).items():  # only the first process has a card
        click.echo(f"{part}: {_summarize(metrics)}")


def _summarize(metrics: dict) -> str:
    if "accuracy_6" in metrics:
        named = (("classes", metrics["accuracy_6"]), ("effects", metrics["accuracy_11"]))
        return ", ".join(f"{100 * share:.1f} % of {what} right" for what, share in named if share)
    if "macro_f1" in metrics:
        return f"macro F1 {metrics['macro_f1']}, clean sounds called clean {metrics['clean_right']}"
    return (
        f"C.2 MSE {1000 * metrics['c2_mse']:.2f}e-3 "
        f"(constant ½: {1000 * metrics['constant_one_half_c2_mse']:.2f}e-3), "
        f"mean absolute error {metrics['mean_absolute_error']:.3f}"
    )
