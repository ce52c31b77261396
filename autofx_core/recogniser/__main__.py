"""Command line: ``python -m autofx_core.recogniser``."""

import json
import platform
import shlex
import sys
import time
from importlib.metadata import version
from pathlib import Path

import click
import torch

from autofx_core.audio import AudioError
from autofx_core.cli.options import (
    notes_option,
    output_option,
    seed_option,
    workers_option,
)
from autofx_core.datasets.labels import make_lessons, read_lessons, read_training
from autofx_core.datasets.recordings import make_recorded_lessons
from autofx_core.datasets.shards import PLAN_NAME, DatasetError
from autofx_core.datasets.synthetic import TEST_PARTS
from autofx_core.networks.checkpoints import CARD_NAME, WEIGHTS_NAME, CheckpointError
from autofx_core.networks.classifier import EffectClassifier
from autofx_core.networks.registry import load_network
from autofx_core.sources.clean import NOTES_FOLDER, rendered_notes
from autofx_core.training.classification import Recipe, fit
from autofx_core.training.classification_metrics import (
    accuracies,
    by_pedal,
    confusions,
    judge_recogniser,
)

lessons_option = click.option(
    "--sounds",
    "lessons",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder made by 'sounds'.",
)


@click.group(epilog="Example: python -m autofx_core.recogniser train --sounds S -o runs/recogniser")
def main() -> None:
    """Train and judge the network that names effects."""


@main.command(epilog="Example: python -m autofx_core.recogniser sounds --notes N -o runs/sounds")
@notes_option
@click.option(
    "--idmt",
    type=click.Path(path_type=Path),
    help="Describe the recordings of IDMT-SMT-Audio-Effects instead.",
)
@click.option("--per-design", type=click.IntRange(1), default=300, show_default=True)
@seed_option
@workers_option
@output_option
def sounds(
    notes: Path | None, idmt: Path | None, per_design: int, seed: int, workers: int, output: Path
) -> None:
    """Play every pedal on the notes and describe what is heard."""
    if notes and idmt:
        raise click.UsageError("--notes and --idmt exclude each other")
    try:
        if idmt:
            make_recorded_lessons(idmt, output, workers=workers)
            return
        make_lessons(
            rendered_notes(notes or NOTES_FOLDER),
            output,
            per_design=per_design,
            seed=seed,
            workers=workers,
        )
    except (AudioError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command(
    epilog="Example: python -m autofx_core.recogniser train --sounds S -o runs/recogniser"
)
@lessons_option
@seed_option
@output_option
def train(lessons: Path, seed: int, output: Path) -> None:
    """Train the recogniser; leave weights.pt and card.json in the output folder."""
    try:
        training = read_training(lessons)
        parts = {part: read_lessons(lessons, part) for part in ("validation", *TEST_PARTS)}
    except (DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None
    network, recipe = EffectClassifier(), Recipe(seed=seed)
    start = time.perf_counter()
    curves = fit(network, training, recipe, parts["validation"])
    seconds = time.perf_counter() - start
    card = {
        "model": "recogniser of effects",
        "command": shlex.join(["python", "-m", "autofx_core.recogniser", *sys.argv[1:]]),
        "recipe": vars(recipe),
        "data": json.loads((lessons / PLAN_NAME).read_text(encoding="utf-8")),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "pedalboard", "torch")},
        "parameters": sum(p.numel() for p in network.parameters()),
        "training_s": round(seconds, 1),
        "curves": {name: [round(loss, 4) for loss in curve] for name, curve in curves.items()},
        "metrics": {
            name: accuracies(network, part)
            | {"by_pedal": by_pedal(network, part), "confusions": confusions(network, part)}
            for name, part in parts.items()
        },
    }
    output.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), output / WEIGHTS_NAME)
    (output / CARD_NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    for name in parts:
        metrics = card["metrics"][name]
        click.echo(f"{name}: six {metrics['accuracy_6']:.3f}, eleven {metrics['accuracy_11']:.3f}")


@main.command(epilog="Example: python -m autofx_core.recogniser judge --sounds S --run R -o judged")
@lessons_option
@click.option("--run", type=click.Path(path_type=Path), help="[default: the shipped recogniser]")
@click.option("--unmet/--no-unmet", default=True, help="Leave every design out in turn; minutes.")
@click.option("--folds", type=click.IntRange(0), default=5, show_default=True, help="0 for none.")
@output_option
def judge(lessons: Path, run: Path | None, unmet: bool, folds: int, output: Path) -> None:
    """Measure the recogniser and the original's classifier; leave tables and a figure."""
    from autofx_core.training.classification_tables import write_report  # noqa: PLC0415 - matplotlib is an extra

    try:
        parts = {"train": read_training(lessons)}
        parts |= {part: read_lessons(lessons, part) for part in TEST_PARTS}
        network = load_network("effect_classifier", run)
    except (CheckpointError, DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from None
    judgement = judge_recogniser(network, parts, unmet=unmet, count=folds)
    write_report(judgement, output)


if __name__ == "__main__":
    main(prog_name="python -m autofx_core.recogniser")
