"""Command line: ``python -m autofx_core evaluate``."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from autofx_core.cli.options import path_option, paths_option
from autofx_core.datasets.plan import TEST_PARTS
from autofx_core.datasets.reader import read_subset, read_training
from autofx_core.networks.network import Network
from autofx_core.networks.registry import REGRESSORS, list_pretrained, load_network, read_card
from autofx_core.training.classification_metrics import importance
from autofx_core.training.evaluate import disagreements, measure_again, plain_numbers
from autofx_core.training.recipes import Recipe, cross_validation_recipe
from autofx_core.training.tables import read_evaluation, rebuild_readme, write_results

FROM_CARDS = "All figures are those that training left in the networks' cards."


@click.command(
    "evaluate",
    epilog="Example: python -m autofx_core evaluate --dataset runs/settings -o evaluation",
)
@paths_option(
    "--run",
    "runs",
    help="Run of a network; may be given again.  [default: the pretrained ones]",
)
@paths_option(
    "--dataset",
    "datasets",
    help="Measure the networks that it is for on its unseen parts; may be given again.",
)
@click.option(
    "--cross-validate",
    "left_out",
    type=click.Choice(["folds", "pedals"]),
    multiple=True,
    help="Train each network that --dataset is for several times, without a fifth of the "
    "recordings or without each pedal of a recognition set (minutes); may be given again.",
)
@path_option("--readme", help="Rebuild its table of results.")
@path_option("-o", "--output", default=Path("evaluation"))
def evaluate_command(
    runs: tuple[Path, ...],
    datasets: tuple[Path, ...],
    left_out: tuple[str, ...],
    readme: Path | None,
    output: Path,
) -> None:
    """Tabulate the errors and costs of networks, their accuracy, and what they confuse.

    The figures are those that training left in the networks' cards, but for the networks that a
    --dataset is for: these are measured, and differences to the card are printed.

    Leaves results.md, a CSV for each of its tables, and figures in the output folder.
    """
    if left_out and not datasets:
        raise click.UsageError("--cross-validate wants --dataset, the sounds to train on")
    folders = {run.name: run for run in runs}
    cards = {name: read_card(name, folders.get(name)) for name in folders or list_pretrained()}
    evaluation: dict = {} if runs or datasets else read_evaluation()
    notes = []
    for dataset in datasets:
        for name, metrics in measure_again(cards, folders, dataset).items():
            notes.append(f"{name}: measured on {dataset}")
            notes += [f"{name}: {line}" for line in disagreements(cards[name], metrics)]
            cards[name] = cards[name] | {"metrics": metrics}
            network = load_network(cards[name]["network"], folders.get(name))
            if network.task == "recognition":
                confusions = {part: of_part["confusions"] for part, of_part in metrics.items()}
                evaluation.setdefault("confusions", {})[name] = confusions
            recipe = cross_validation_recipe(cards[name]["network"])
            for table, rows in _tables_of(network, metrics, recipe, dataset, left_out):
                evaluation.setdefault(table, []).extend({"network": name} | row for row in rows)
    regressors = {name: card for name, card in cards.items() if card["network"] in REGRESSORS}
    write_results(regressors, evaluation, output, origin="\n\n".join(notes or [FROM_CARDS]))
    if readme:
        rebuild_readme(readme, regressors)
    click.echo((output / "results.md").read_text(encoding="utf-8"), nl=False)


def _tables_of(
    network: Network,
    metrics: dict[str, dict],
    recipe: Recipe,
    dataset: Path,
    left_out: Sequence[str],
) -> Iterator[tuple[str, list[dict]]]:
    """Yield the tables of an evaluation that a network is in, each with its rows.

    Parameters
    ----------
    network
        The network.
    metrics
        What was measured of it, by part.
    recipe
        To train it again, without what `left_out` names.
    dataset
        Folder of the sounds that it was measured on, and that it is trained on again.
    left_out
        ``folds``, ``pedals``, both or none.
    """
    if network.task == "recognition":
        yield "accuracy", [{"part": part} | plain_numbers(own) for part, own in metrics.items()]
        if "timbre" in network.inputs:
            yield "importance", importance(network, read_subset(dataset, TEST_PARTS[-1]))
    if not left_out:
        return
    from autofx_core.training import cross_validation  # noqa: PLC0415 - the trainer is an extra

    training = read_training(dataset)
    if "folds" in left_out:
        yield "folds", cross_validation.cross_validate_folds(recipe, training)
    if "pedals" in left_out:
        if network.task != "recognition":
            raise click.ClickException(
                f"{dataset}: holds a set for settings; --cross-validate pedals wants one for "
                "recognition"
            )
        tests = {part: read_subset(dataset, part) for part in TEST_PARTS}
        yield "pedals", cross_validation.cross_validate_pedals(recipe, training, tests)
