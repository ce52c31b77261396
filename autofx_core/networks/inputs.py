"""What a network takes: feature columns of sounds, and the class probabilities of another one."""

from pathlib import Path

import torch
from torch import Tensor, nn

from autofx_core.features.batch import CLEAN_PREFIX, Columns
from autofx_core.networks.checkpoints import load_model


@torch.no_grad()
def class_probabilities(columns: Columns, recogniser: Path | None = None) -> Tensor:
    """Weigh the six classes by the recogniser (the shipped one, or that of a run).

    Returns
    -------
    Tensor, shape (batch, 6), in the order of `effects.CLASSES`
    """
    model = load_model("recogniser", recogniser)
    return model(*(columns[name] for name in model.inputs)).exp()


def hears_clean(model: nn.Module) -> bool:
    """Tell whether a network wants the clean sound beside the processed one."""
    return any(name == "relation" or name.startswith(CLEAN_PREFIX) for name in model.inputs)


def inputs_of(model: nn.Module, columns: Columns, recogniser: Path | None = None) -> list[Tensor]:
    """Collect a network's inputs."""
    return [
        class_probabilities(columns, recogniser) if name == "probabilities" else columns[name]
        for name in model.inputs
    ]


@torch.no_grad()
def answer(model: nn.Module, columns: Columns) -> Tensor:
    """Let a network answer for all rows of its inputs, shape (batch, outputs)."""
    return model(*inputs_of(model, columns))
