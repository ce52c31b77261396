"""Train a network on a synthetic data set; leave weights, settings, metrics and versions.

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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from autofx_core.checkpoints import CARD_NAME, WEIGHTS_NAME
from autofx_core.datasets import PLAN_NAME, Part, read_part, read_plan
from autofx_core.evaluate import METRICS, regressor_inputs
from autofx_core.losses import masked_mse
from autofx_core.models import NETWORKS, Recogniser

LAST_NAME = "last.pt"
TEST_PARTS = ("unseen_note", "unseen_program")

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Settings:
    """How to train.

    The original stopped after 3 epochs without progress on its test set; on a separate validation
    set that is too soon for a smaller data set.
    """

    model: str
    learning_rate: float
    batch_size: int
    seed: int = 2
    patience: int = 10
    max_epochs: int = 200


def default_settings(model: str, **changes: int) -> Settings:
    """Take the AutoFX report's settings for a network of that name."""
    if model == "recogniser":
        return Settings(model, learning_rate=2e-3, batch_size=128, **changes)
    return Settings(model, learning_rate=1e-3, batch_size=64, **changes)


@dataclass
class Progress:
    """How far a training has come: loss curves, the best epoch and its weights, time used."""

    train: list[float]
    validation: list[float]
    best_loss: float
    best_epoch: int
    best_weights: dict[str, Tensor]
    seconds: float

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.train)


def regression_loss(model: nn.Module, *batch: Tensor) -> Tensor:
    """Masked squared error of a batch (features, regression, probabilities, settings, family)."""
    *inputs, settings, family = batch
    return masked_mse(model(*inputs), settings, family)


def recognition_loss(
    model: nn.Module, features: Tensor, regression: Tensor, heard: Tensor
) -> Tensor:
    """Negative log-likelihood of the classes that are heard."""
    return nn.functional.nll_loss(model(features, regression), heard)


def columns_of(model: nn.Module, part: Part, recogniser: Path | None) -> tuple[Tensor, ...]:
    """Choose what a network learns from: its inputs, then its targets."""
    if isinstance(model, Recogniser):
        return part.features, part.regression, part.heard
    inputs = regressor_inputs(model, part.features, part.regression, recogniser)
    return *inputs, part.settings, part.family


def fit(
    model: nn.Module,
    loss: Loss,
    training: Sequence[Tensor],
    validation: Sequence[Tensor],
    *,
    settings: Settings,
    last: Path | None = None,
    show: bool = True,
) -> Progress:
    """Train a model in place until its validation loss stops falling, and leave it at its best.

    Parameters
    ----------
    model
        Its scaler already fitted.
    loss
        Function of the model and the columns of a batch.
    training, validation
        Columns, tensors of equal first dimension.
    last
        Where to keep the state of an unfinished training, to go on from.
    show
        Whether to show a progress bar.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    progress = Progress([], [], float("inf"), -1, model.state_dict(), 0.0)
    if last and last.exists():
        stored = torch.load(last, weights_only=True)
        model.load_state_dict(stored["model"])
        optimizer.load_state_dict(stored["optimizer"])
        progress = Progress(**stored["progress"])
    bar = tqdm(initial=progress.epochs, total=settings.max_epochs, unit="epoch", disable=not show)
    with bar:
        while (
            progress.epochs < settings.max_epochs
            and progress.epochs - progress.best_epoch <= settings.patience
        ):
            start = time.perf_counter()
            progress.train.append(
                _learn(model, optimizer, loss, training, settings, progress.epochs)
            )
            model.eval()
            with torch.no_grad():
                validated = loss(model, *validation).item()
            progress.validation.append(validated)
            if validated < progress.best_loss:
                weights = {name: value.clone() for name, value in model.state_dict().items()}
                progress.best_loss, progress.best_weights = validated, weights
                progress.best_epoch = progress.epochs - 1
            progress.seconds += time.perf_counter() - start
            if last:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save(state | {"progress": asdict(progress)}, last)
            bar.set_postfix(validation=f"{progress.best_loss:.4f}")
            bar.update()
    model.load_state_dict(progress.best_weights)
    model.eval()
    return progress


def _learn(model, optimizer, loss: Loss, columns, settings: Settings, epoch: int) -> float:
    """Go through the training columns once, in an order that seed and epoch decide."""
    model.train()
    order = torch.Generator().manual_seed(settings.seed * 10_000 + epoch)
    batches = DataLoader(
        TensorDataset(*columns), batch_size=settings.batch_size, shuffle=True, generator=order
    )
    total = 0.0
    for batch in batches:
        optimizer.zero_grad()
        error = loss(model, *batch)
        error.backward()
        optimizer.step()
        total += error.item() * len(batch[0])
    return total / len(columns[0])


def train(
    settings: Settings, dataset: Path, run: Path, *, command: str, recogniser: Path | None = None
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

    Returns
    -------
    dict
        The card, as written to ``card.json``.

    Raises
    ------
    DatasetError
        If the data set is missing or unfinished.
    CheckpointError
        If the recogniser's weights are missing.
    """
    torch.manual_seed(settings.seed)
    training, validation = read_part(dataset, "train"), read_part(dataset, "validation")
    model = NETWORKS[settings.model]()
    model.fit_scaler(training.features, training.regression)
    run.mkdir(parents=True, exist_ok=True)
    recognition = isinstance(model, Recogniser)
    progress = fit(
        model,
        recognition_loss if recognition else regression_loss,
        columns_of(model, training, recogniser),
        columns_of(model, validation, recogniser),
        settings=settings,
        last=run / LAST_NAME,
    )
    torch.save(model.state_dict(), run / WEIGHTS_NAME)
    measure = METRICS["recognition" if recognition else "settings"]
    card = {
        "model": settings.model,
        "command": command,
        "settings": asdict(settings),
        "data": _data(dataset),
        "versions": _versions(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": progress.epochs,
        "best_epoch": progress.best_epoch,
        "training_s": round(progress.seconds, 1),
        "curves": {
            "train": [round(loss, 6) for loss in progress.train],
            "validation": [round(loss, 6) for loss in progress.validation],
        },
        "metrics": {
            part: measure(model, read_part(dataset, part), recogniser) for part in TEST_PARTS
        },
    }
    (run / CARD_NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    (run / LAST_NAME).unlink(missing_ok=True)
    return card


def _data(dataset: Path) -> dict:
    plan = read_plan(dataset)
    return {
        "task": plan["task"],
        "per_pedal": plan["per_pedal"],
        "seed": plan["seed"],
        "notes": {part: len(notes) for part, notes in plan["notes"].items()},
        "sources": plan["sources"],
        "sha256": hashlib.sha256((dataset / PLAN_NAME).read_bytes()).hexdigest(),
    }


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("numpy", "pedalboard", "torch")}
    return {"python": platform.python_version(), **packages}
