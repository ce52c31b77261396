"""Trained networks on disk: the weights (a state dict) and the card that says what made them."""

import json
from pathlib import Path

import torch
from torch import Tensor

from autofx_core.files import atomic_write
from autofx_core.networks.network import Network

WEIGHTS_NAME = "weights.pt"
CARD_NAME = "card.json"


class CheckpointError(ValueError):
    """A network that cannot be loaded; the message names the file and how to fix it."""


def save(network: Network, folder: Path) -> Path:
    """Write a network's weights into a folder; returns their file."""
    path = folder / WEIGHTS_NAME
    with atomic_write(path) as unfinished:
        torch.save(network.state_dict(), unfinished)
    return path


def restore(network: Network, folder: Path) -> Network:
    """Give a network the weights in a folder, and make it ready to predict.

    Raises
    ------
    CheckpointError
        If there are no weights, or those of another network.
    """
    try:
        network.load_state_dict(_read_weights(folder))
    except RuntimeError:
        raise CheckpointError(f"{folder / WEIGHTS_NAME}: weights of another network") from None
    return network.eval()


def _read_weights(folder: Path) -> dict[str, Tensor]:
    path = folder / WEIGHTS_NAME
    try:
        return torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(
            f"{path}: no such file; train it with 'python -m autofx_core train'"
        ) from None


@torch.no_grad()
def start_from(network: Network, folder: Path) -> None:
    """Start a network from the weights of a smaller one, as far as they fit.

    A layer with more inputs than the other's keeps the other's weights for the first of them, and
    zeros for the rest: to begin with, both predict the same. The feature scaler stays.

    Raises
    ------
    CheckpointError
        If there are no weights.
    """
    given = _read_weights(folder)
    for name, weights in network.state_dict().items():
        if name not in given or name.startswith("scaler."):
            continue
        if weights.ndim == 2 and weights.shape[1] > given[name].shape[1]:
            weights.zero_()
            weights[:, : given[name].shape[1]] = given[name]
        else:
            weights.copy_(given[name])


def read_json(path: Path, *, hint: str) -> dict:
    """Read a card, or what else was written beside weights.

    Parameters
    ----------
    path
        The file.
    hint
        How to have one, for the error.

    Raises
    ------
    CheckpointError
        If there is no such file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; {hint}") from None


def write_json(path: Path, content: dict) -> None:
    """Write a card, or what else belongs beside weights."""
    with atomic_write(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
