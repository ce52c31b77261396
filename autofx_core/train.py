"""Train a regressor on a synthetic data set; leave weights, config, metrics and versions.

A run is a folder:

==============  ===========================================================================
`weights.pt`    state dict of the epoch with the lowest validation loss
`card.json`     what made it: command, seed, data, versions, curves, metrics on unseen sounds
`last.pt`       while the run lasts: everything to resume from after an interruption
==============  ===========================================================================
"""

import hashlib
import json
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from autofx_core.datasets import PLAN_NAME, Part, read_part, read_plan
from autofx_core.evaluate import score_constant, score_model
from autofx_core.features import CLASSIFICATION_NAMES
from autofx_core.losses import masked_mse
from autofx_core.models import FeatureMLP

TRAINABLE = {"mlp_163nc": lambda: FeatureMLP(len(CLASSIFICATION_NAMES))}
WEIGHTS_NAME = "weights.pt"
CARD_NAME = "card.json"
LAST_NAME = "last.pt"


@dataclass(frozen=True)
class Settings:
    """How to train; the defaults are the original's, but for the patience.

    The original stopped after 3 epochs without progress on its test set; on a separate validation
    set that is too soon for a smaller data set.
    """

    model: str
    seed: int = 2
    learning_rate: float = 1e-3
    batch_size: int = 64
    patience: int = 10
    max_epochs: int = 200


def train(settings: Settings, dataset: Path, run: Path, *, command: str) -> dict:
    """Train a model, or go on with an interrupted run; shows progress.

    Parameters
    ----------
    dataset
        Folder made by ``python -m autofx_core dataset``.
    run
        Folder to leave the results in.
    command
        What was typed, for the card.

    Returns
    -------
    dict
        The card, as written to ``card.json``.

    Raises
    ------
    DatasetError
        If the data set is missing or unfinished.
    """
    torch.manual_seed(settings.seed)
    training, validation = read_part(dataset, "train"), read_part(dataset, "validation")
    model = TRAINABLE[settings.model]()
    model.scaler.fit(training.features)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    curves: dict[str, list[float]] = {"train": [], "validation": []}
    best = {"loss": float("inf"), "epoch": -1, "weights": model.state_dict()}
    seconds = 0.0
    run.mkdir(parents=True, exist_ok=True)
    last = run / LAST_NAME
    if last.exists():
        stored = torch.load(last, weights_only=True)
        model.load_state_dict(stored["model"])
        optimizer.load_state_dict(stored["optimizer"])
        curves, best, seconds = stored["curves"], stored["best"], stored["seconds"]
    with tqdm(initial=len(curves["train"]), total=settings.max_epochs, unit="epoch") as progress:
        while (
            len(curves["train"]) < settings.max_epochs
            and len(curves["train"]) - best["epoch"] <= settings.patience
        ):
            start = time.perf_counter()
            epoch = len(curves["train"])
            curves["train"].append(_learn(model, optimizer, training, settings, epoch))
            curves["validation"].append(_validate(model, validation))
            if curves["validation"][-1] < best["loss"]:
                weights = {name: value.clone() for name, value in model.state_dict().items()}
                best = {"loss": curves["validation"][-1], "epoch": epoch, "weights": weights}
            seconds += time.perf_counter() - start
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"curves": curves, "best": best, "seconds": seconds}, last)
            progress.set_postfix(validation=f"{best['loss']:.4f}")
            progress.update()
    model.load_state_dict(best["weights"])
    torch.save(model.state_dict(), run / WEIGHTS_NAME)
    card = _card(settings, dataset, command, model, curves, best["epoch"], seconds)
    (run / CARD_NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    last.unlink(missing_ok=True)
    return card


def _learn(model, optimizer, part: Part, settings: Settings, epoch: int) -> float:
    """Go through the training part once, in an order that seed and epoch decide."""
    model.train()
    order = torch.Generator().manual_seed(settings.seed * 10_000 + epoch)
    batches = DataLoader(
        TensorDataset(part.features, part.settings, part.family),
        batch_size=settings.batch_size,
        shuffle=True,
        generator=order,
    )
    total = 0.0
    for features, target, family in batches:
        optimizer.zero_grad()
        loss = masked_mse(model(features), target, family)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(family)
    return total / len(part)


@torch.no_grad()
def _validate(model, part: Part) -> float:
    model.eval()
    return masked_mse(model(part.features), part.settings, part.family).item()


def _card(settings, dataset, command, model, curves, best_epoch, seconds) -> dict:
    plan = read_plan(dataset)
    unseen = {part: read_part(dataset, part) for part in ("unseen_note", "unseen_program")}
    plan_bytes = (dataset / PLAN_NAME).read_bytes()
    return {
        "model": settings.model,
        "command": command,
        "settings": asdict(settings),
        "data": {
            "per_pedal": plan["per_pedal"],
            "seed": plan["seed"],
            "notes": {part: len(notes) for part, notes in plan["notes"].items()},
            "sources": plan["sources"],
            "sha256": hashlib.sha256(plan_bytes).hexdigest(),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "pedalboard", "torch")},
        },
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": len(curves["train"]),
        "best_epoch": best_epoch,
        "training_s": round(seconds, 1),
        "curves": {name: [round(loss, 6) for loss in curve] for name, curve in curves.items()},
        "metrics": {name: score_model(model, part) for name, part in unseen.items()},
        "constant_one_half": {name: score_constant(part) for name, part in unseen.items()},
    }
