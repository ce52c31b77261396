"""Command line: ``python -m autofx_core evaluate``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from autofx_core.cli.options import path_option, paths_option
from autofx_core.datasets.plan import TEST_PARTS
from autofx_core.datasets.reader import read_subset, read_training
from autofx_core.networks.registry import (
    CLASSIFIERS,
    REGRESSORS,
    list_pretrained,
    load_network,
    read_card,
)
from autofx_core.training.classification_metrics import importance
from autofx_core.training.evaluate import disagreements, measure_again
from autofx_core.training.recipes import cross_validation_recipe
from autofx_core.training.tables import (
    accuracy_rows,
    read_evaluation,
    rebuild_readme,
    write_results,
)

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
        measured = measure_again(cards, folders, dataset)
        for name, metrics in measured.items():
            notes.append(f"{name}: measured on {dataset}")
            notes += [f"{name}: {line}" for line in disagreements(cards[name], metrics)]
            cards[name] = cards[name] | {"metrics": metrics}
        networks = {name: cards[name]["network"] for name in measured}
        _add_recognition(evaluation, measured, networks, folders, dataset)
        _add_cross_validation(evaluation, networks, dataset, left_out)
    regressors = {name: card for name, card in cards.items() if card["network"] in REGRESSORS}
    write_results(regressors, evaluation, output, origin="\n\n".join(notes or [FROM_CARDS]))
    if readme:
        rebuild_readme(readme, regressors)
    click.echo((output / "results.md").read_text(encoding="utf-8"), nl=False)


def _add_recognition(
    evaluation: dict,
    measured: Mapping[str, dict],
    networks: Mapping[str, str],
    folders: Mapping[str, Path],
    dataset: Path,
) -> None:
    """Add what was measured of classifiers to an evaluation."""
    for name, metrics in measured.items():
        if networks[name] not in CLASSIFIERS:
            continue
        evaluation.setdefault("accuracy", []).extend(accuracy_rows(name, metrics))
        confusions = {part: of_part["confusions"] for part, of_part in metrics.items()}
        evaluation.setdefault("confusions", {})[name] = confusions
        network = load_network(networks[name], folders.get(name))
        if "timbre" in network.inputs:
            rows = importance(network, read_subset(dataset, TEST_PARTS[-1]))
            evaluation.setdefault("importance", []).extend({"network": name} | row for row in rows)


def _add_cross_validation(
    evaluation: dict, networks: Mapping[str, str], dataset: Path, left_out: Sequence[str]
) -> None:
    """Add the cross-validation of the networks that a data set is for to an evaluation."""
    if not left_out:
        return
    from autofx_core.training import cross_validation  # noqa: PLC0415 - the trainer is an extra

    training = read_training(dataset)
    tests = {part: read_subset(dataset, part) for part in TEST_PARTS}
    for name, network in networks.items():
        recipe = cross_validation_recipe(network)
        if "folds" in left_out:
            rows = cross_validation.cross_validate_folds(recipe, training)
            evaluation.setdefault("folds", []).extend({"network": name} | row for row in rows)
        if "pedals" in left_out:
            if network not in CLASSIFIERS:
                raise click.ClickException(
                    f"{dataset}: holds a set for settings; --cross-validate pedals wants one for "
                    "recognition"
                )
            rows = cross_validation.cross_validate_pedals(recipe, training, tests)
            evaluation.setdefault("pedals", []).extend({"network": name} | row for row in rows)
