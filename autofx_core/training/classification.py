"""Train a network to name effects: small enough to do so dozens of times for a judgement.

Every class weighs the same, whatever its number of sounds; so do, together, the error in naming
one of the eleven effects and that in naming one of the six classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from autofx_core.datasets.labels import Lessons
from autofx_core.networks.classifier import CLASS_OF_EFFECT, class_log_probabilities


@dataclass(frozen=True)
class Recipe:
    """How to train: AdamW, one cycle of the learning rate (Smith and Topin 2018), no early end."""

    epochs: int = 16
    batch_size: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    smoothing: float = 0.05
    seed: int = 0


def inputs_of(network: nn.Module, lessons: Lessons) -> Tensor:
    """Take the column that a network hears."""
    return getattr(lessons, network.inputs[0])


def balance(effect: Tensor) -> Tensor:
    """Weight of each sound such that the six classes weigh the same; mean 1."""
    classes = CLASS_OF_EFFECT[effect]
    counts = torch.bincount(classes, minlength=int(CLASS_OF_EFFECT.max()) + 1).clamp(min=1)
    weight = 1.0 / counts[classes]
    return weight / weight.mean()


def error(votes: Tensor, effect: Tensor, weight: Tensor, smoothing: float = 0.0) -> Tensor:
    """Weighted negative log-likelihood of effects and classes, mean over members and sounds.

    Parameters
    ----------
    votes : Tensor, shape (members, batch, 11), log probabilities
    effect : Tensor, shape (batch,), int64
    weight : Tensor, shape (batch,)
    smoothing
        Share of the target that is spread evenly over all effects.
    """
    flat = votes.flatten(0, 1)
    target, each = effect.repeat(len(votes)), weight.repeat(len(votes))
    classes = class_log_probabilities(flat)
    right = flat.gather(1, target[:, None])[:, 0]
    right_class = classes.gather(1, CLASS_OF_EFFECT[target][:, None])[:, 0]
    sharp = right + right_class
    even = flat.mean(1) + classes.mean(1)
    return -(each * ((1 - smoothing) * sharp + smoothing * even)).mean()


def fit(
    network: nn.Module, training: Lessons, recipe: Recipe, validation: Lessons | None = None
) -> dict[str, list[float]]:
    """Train a network in place on the plainly audible sounds; its scaler is fitted first.

    Returns
    -------
    dict
        Mean loss after each epoch: `train`, and `validation` if such sounds are given.
    """
    torch.manual_seed(recipe.seed)
    training = training[training.plain]
    heard, weight = inputs_of(network, training), balance(training.effect)
    network.scaler.fit(heard)
    for module in network.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    batches = max(1, len(training) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.epochs * batches
    )
    curves: dict[str, list[float]] = {"train": []} | ({"validation": []} if validation else {})
    for _ in range(recipe.epochs):
        network.train()
        total = 0.0
        order = torch.randperm(len(training))
        for number in range(batches):
            rows = order[number * recipe.batch_size : (number + 1) * recipe.batch_size]
            votes = network.votes(heard[rows])
            loss = error(votes, training.effect[rows], weight[rows], recipe.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        curves["train"].append(total / batches)
        network.eval()
        if validation:
            curves["validation"].append(_judge(network, validation[validation.plain]))
    return curves


@torch.no_grad()
def _judge(network: nn.Module, lessons: Lessons) -> float:
    votes = network(inputs_of(network, lessons))[None]
    return error(votes, lessons.effect, balance(lessons.effect)).item()


@torch.no_grad()
def guess(network: nn.Module, lessons: Lessons) -> tuple[Tensor, Tensor]:
    """Name the effects of sounds: the most probable of the eleven, and of the six classes."""
    effects = network(inputs_of(network, lessons))
    return effects.argmax(1), class_log_probabilities(effects).argmax(1)
