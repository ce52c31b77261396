"""Trained networks on disk: weights (a state dict) and the card that says what made them.

The networks that come with the package lie in ``autofx_core/pretrained/NAME/``.
"""

import functools
import json
from pathlib import Path

import torch
from torch import Tensor, nn

from autofx_core.networks.mlp import NETWORKS

SHIPPED = Path(__file__).parents[1] / "pretrained"
WEIGHTS_NAME = "weights.pt"
CARD_NAME = "card.json"


class CheckpointError(ValueError):
    """A network that cannot be loaded; the message names the file and the mend."""


def shipped() -> list[str]:
    """Name the networks that come with the package."""
    return [name for name in NETWORKS if (SHIPPED / name / WEIGHTS_NAME).is_file()]


@functools.cache
def load_model(name: str, folder: Path | None = None) -> nn.Module:
    """Load a network, ready to answer.

    Parameters
    ----------
    name
        A name from `models.NETWORKS`.
    folder
        The run that trained it; by default, the shipped one.

    Raises
    ------
    CheckpointError
        If there are no weights, or those of another network.
    """
    return restore(NETWORKS[name](), folder or SHIPPED / name)


def restore(
    model: nn.Module, folder: Path, *, command: str = "python -m autofx_core train"
) -> nn.Module:
    """Give a network the weights in a folder, and make it ready to answer.

    Parameters
    ----------
    command
        What trains such a network, for the error.

    Raises
    ------
    CheckpointError
        If there are no weights, or those of another network.
    """
    try:
        model.load_state_dict(_read_weights(folder, command))
    except RuntimeError:
        raise CheckpointError(f"{folder / WEIGHTS_NAME}: weights of another network") from None
    return model.eval()


def _read_weights(folder: Path, command: str) -> dict[str, Tensor]:
    path = folder / WEIGHTS_NAME
    try:
        return torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; train it with '{command}'") from None


@torch.no_grad()
def load_weights(model: nn.Module, folder: Path) -> None:
    """Start a network from the weights of a relative, as far as they fit.

    A layer with more inputs than the relative's keeps the relative's weights for the first of
    them, and zeros for the rest: to begin with, both answer alike. The feature scaler stays.

    Raises
    ------
    CheckpointError
        If there are no weights.
    """
    given = _read_weights(folder, "python -m autofx_core train")
    for name, own in model.state_dict().items():
        if name not in given or name.startswith("scaler."):
            continue
        if own.ndim == 2 and own.shape[1] > given[name].shape[1]:
            own.zero_()
            own[:, : given[name].shape[1]] = given[name]
        else:
            own.copy_(given[name])


def read_card(name: str, folder: Path | None = None) -> dict:
    """Read the card of a network.

    Parameters
    ----------
    folder
        The run that trained it; by default, the shipped one.

    Raises
    ------
    CheckpointError
        If there is no card.
    """
    path = (folder or SHIPPED / name) / CARD_NAME
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; shipped networks: {', '.join(shipped())}")
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache
def trained_on(name: str) -> frozenset[str]:
    """Name the source recordings that a shipped network learnt from or was chosen by.

    Raises
    ------
    CheckpointError
        If no network of that name is shipped.
    """
    sources = read_card(name)["data"]["sources"]
    return frozenset(sources["train"]) | frozenset(sources["validation"])
