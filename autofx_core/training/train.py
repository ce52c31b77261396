"""Train a network on a data set; leave weights, recipe, metrics and versions.

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
import platform
from dataclasses import asdict
from pathlib import Path

from autofx_core.datasets.plan import PLAN_NAME, TEST_PARTS, DatasetError, read_plan
from autofx_core.datasets.reader import read_subset, read_training
from autofx_core.networks.checkpoints import CARD_NAME, save, write_json
from autofx_core.networks.inputs import load_conditioning
from autofx_core.networks.registry import NETWORKS, read_card
from autofx_core.parallel import list_versions
from autofx_core.training.evaluate import inference_ms, measure
from autofx_core.training.loop import fit
from autofx_core.training.recipes import Recipe

ORIGIN_KEYS = (
    *("network", "command", "recipe", "data", "started_from", "training_sounds", "sounds_seen"),
    "training_s",
)
"""What a card keeps of the card of the weights that a network started from."""


def train(
    recipe: Recipe,
    dataset: Path,
    run: Path,
    *,
    command: str,
    classifier: Path | None = None,
    devices: int = 1,
    nodes: int = 1,
) -> dict:
    """Train a network, or go on with an interrupted run; shows progress.

    Parameters
    ----------
    recipe
        Which network, and how.
    dataset
        Folder made by ``python -m autofx_core dataset``.
    run
        Folder to leave the results in.
    command
        What was typed, for the card.
    classifier
        Run of `afx_classifier` whose probabilities condition a regressor; by default, the
        pretrained one.
    devices, nodes
        Processes on each machine, and machines. With more than one process in all, each trains on
        its share of every batch, and gradients are averaged (DDP).

    Returns
    -------
    dict
        The card, as written to ``card.json``; empty in all processes but the first.

    Raises
    ------
    DatasetError
        If the data set is missing, unfinished, for other networks, or lacks a feature set.
    CheckpointError
        If the weights of the classifier, or those to start from, are missing.
    """
    plan = read_plan(dataset)
    task = NETWORKS[recipe.network]().task
    if plan.task != task:
        raise DatasetError(
            f"{dataset}: holds a set for {plan.task}, and {recipe.network} is trained on one for "
            f"{task}; make one with 'python -m autofx_core dataset --task {task}'"
        )
    conditioning = load_conditioning(classifier)
    training, validation = read_training(dataset), read_subset(dataset, "validation")
    network, curves, first = fit(
        recipe, training, validation, run=run, classifier=conditioning, devices=devices, nodes=nodes
    )
    if not first:
        return {}
    weights = save(network, run)
    epochs = len(curves.losses["train"])
    sounds = int(training.unambiguous.sum()) if recipe.unambiguous else len(training)
    card = {
        "network": recipe.network,
        "command": command,
        "recipe": asdict(recipe),
        "data": _data(dataset),
        "started_from": _origin(Path(recipe.start)) if recipe.start else None,
        "versions": {"python": platform.python_version()}
        | list_versions(("lightning", "numpy", "pedalboard", "torch")),
        "inputs": list(network.inputs),
        "parameters": sum(p.numel() for p in network.parameters()),
        "size_bytes": weights.stat().st_size,
        "training_sounds": sounds,
        "sounds_seen": epochs * (recipe.epoch_sounds or sounds),
        "epochs": epochs,
        "best_epoch": curves.best_epoch,
        "training_s": round(curves.time_elapsed(), 1),
        "inference_ms": round(inference_ms(network), 2),
        "curves": {
            name: [round(loss, 6) for loss in losses] for name, losses in curves.losses.items()
        },
        "metrics": {
            part: measure(network, read_subset(dataset, part), conditioning) for part in TEST_PARTS
        },
    }
    write_json(run / CARD_NAME, card)
    for unfinished in run.glob("*.ckpt"):
        unfinished.unlink()
    return card


def _data(dataset: Path) -> dict:
    plan = read_plan(dataset)
    kept = ("task", "per_pedal", "seed", "variants", "as_recorded", "audibility")
    return {name: getattr(plan, name) for name in kept} | {
        "notes": {part: len(notes) for part, notes in plan.notes.items()},
        "recordings": plan.recordings,
        "collections": [asdict(collection) for collection in plan.collections],
        "sha256": hashlib.sha256((dataset / PLAN_NAME).read_bytes()).hexdigest(),
    }


def _origin(run: Path) -> dict | None:
    """Return how the weights that a network started from were trained, as far as a card says."""
    if not (run / CARD_NAME).is_file():
        return None
    card = read_card(run.name, run)
    return {name: card[name] for name in ORIGIN_KEYS}
