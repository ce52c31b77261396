"""Train a network on a synthetic data set; leave weights, settings, metrics and versions.

Lightning runs the loop: on one processor, one GPU, several of them or several machines, with the
same command. A run is a folder:

==============  ===========================================================================
`weights.pt`    state dict of the epoch with the lowest validation loss
`card.json`     what made it: command, recipe, data, versions, curves, metrics on unseen sounds
`tensorboard/`  the curves, for ``tensorboard --logdir``
`*.ckpt`        while the run lasts: everything to resume from after an interruption
==============  ===========================================================================
"""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch

from autofx_core.datasets.reader import Part, read_part
from autofx_core.datasets.shards import PLAN_NAME, read_plan
from autofx_core.datasets.synthetic import TEST_PARTS
from autofx_core.networks.checkpoints import CARD_NAME, WEIGHTS_NAME, start_from
from autofx_core.networks.classifier import AfxClassifier
from autofx_core.networks.inputs import WithProbabilities, load_conditioning
from autofx_core.networks.registry import NETWORKS, read_card
from autofx_core.training.evaluate import METRICS, inference_ms, task_of
from autofx_core.training.loop import Columns, Lesson, fit
from autofx_core.training.recipes import Recipe


def columns_of(model: torch.nn.Module, part: Part, recogniser: Path | None) -> Columns:
    """Choose what a network learns from: its inputs, then its targets."""
    given = WithProbabilities(part, load_conditioning(recogniser))
    inputs = [given[name] for name in model.inputs]
    if isinstance(model, AfxClassifier):
        return *inputs, part.heard
    return *inputs, part.settings, part.family


def train(
    recipe: Recipe,
    dataset: Path,
    run: Path,
    *,
    command: str,
    recogniser: Path | None = None,
    devices: int = 1,
    nodes: int = 1,
) -> dict:
    """Train a network, or go on with an interrupted run; shows progress.

    Parameters
    ----------
    dataset
        Folder made by ``python -m autofx_core dataset``.
    run
        Folder to leave the results in.
    command
        What was typed, for the card.
    recogniser
        Run of the recogniser whose probabilities condition a regressor; by default, the shipped.
    devices, nodes
        Processes on each machine, and machines. With more than one process in all, each learns
        from its share of every batch, and gradients are averaged (DDP).

    Returns
    -------
    dict
        The card, as written to ``card.json``.

    Raises
    ------
    DatasetError
        If the data set is missing, unfinished or without the columns that the network hears.
    CheckpointError
        If the recogniser's weights, or those to start from, are missing.
    """
    torch.manual_seed(recipe.seed)
    training, validation = read_part(dataset, "train"), read_part(dataset, "validation")
    model = NETWORKS[recipe.model]()
    model.fit_scaler(training)
    if recipe.start:
        start_from(model, Path(recipe.start))
    lesson = Lesson(
        model,
        recipe,
        columns_of(model, training, recogniser),
        columns_of(model, validation, recogniser),
    )
    run.mkdir(parents=True, exist_ok=True)
    curves = fit(lesson, run, devices=devices, nodes=nodes)
    if not lesson.trainer.is_global_zero:
        return {}
    weights = run / WEIGHTS_NAME
    torch.save(model.state_dict(), weights)
    measure = METRICS[task_of(model)]
    card = {
        "network": recipe.model,
        "command": command,
        "recipe": asdict(recipe),
        "data": _data(dataset),
        "started_from": _origin(Path(recipe.start)) if recipe.start else None,
        "versions": _versions(),
        "inputs": list(model.inputs),
        "parameters": sum(p.numel() for p in model.parameters()),
        "size_bytes": weights.stat().st_size,
        "training_sounds": len(training),
        "sounds_seen": len(curves.train) * (recipe.epoch_sounds or len(training)),
        "epochs": len(curves.train),
        "best_epoch": curves.best_epoch,
        "training_s": round(curves.seconds, 1),
        "inference_ms": round(inference_ms(model), 2),
        "curves": {
            "train": [round(loss, 6) for loss in curves.train],
            "validation": [round(loss, 6) for loss in curves.validation],
        },
        "metrics": {
            part: measure(model, read_part(dataset, part), recogniser) for part in TEST_PARTS
        },
    }
    (run / CARD_NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    for unfinished in run.glob("*.ckpt"):
        unfinished.unlink()
    return card


def _data(dataset: Path) -> dict:
    plan = read_plan(dataset)
    return {
        "task": plan["task"],
        "per_pedal": plan["per_pedal"],
        "seed": plan["seed"],
        "variants": plan["variants"],
        "as_recorded": plan["as_recorded"],
        "notes": {part: len(notes) for part, notes in plan["notes"].items()},
        "recordings": plan["sources"],
        "sha256": hashlib.sha256((dataset / PLAN_NAME).read_bytes()).hexdigest(),
    }


def _origin(run: Path) -> dict | None:
    """Tell how the weights that a network started from had come to be, as far as a card says."""
    if not (run / CARD_NAME).is_file():
        return None
    card = read_card(run.name, run)
    told = ("network", "command", "recipe", "data", "training_sounds", "sounds_seen", "training_s")
    return {name: card[name] for name in told} | {"started_from": card.get("started_from")}


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("lightning", "numpy", "pedalboard", "torch")}
    return {"python": platform.python_version(), **packages}
