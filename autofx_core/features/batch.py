"""What networks hear of sounds: named columns, computed from the waves when first asked for.

===============  ======================================================================
`wave`           the sound itself, (batch, 35000), 22.05 kHz, peak 1
`features`       163 numbers, `features.classification_features`
`regression`     48 numbers, `features.regression_features`
`timbre`         606 numbers, `features.timbre.timbre_features`
`clean_timbre`   the same of the sound without the effect
`relation`       86 numbers of both sounds, `features.relation.relation_features`
`probabilities`  of the six classes, by the recogniser: never the truth
===============  ======================================================================

A part of a data set (`dataset_parts.Part`) answers to the same names from disk.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from autofx_core.features import classification_features, regression_features
from autofx_core.features.pair import relation_features
from autofx_core.features.timbre import timbre_features
from autofx_core.networks.checkpoints import load_model

DESCRIPTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "features": classification_features,
    "regression": regression_features,
    "timbre": timbre_features,
}
CLEAN_PREFIX = "clean_"


class Columns(Protocol):
    """Anything that has columns by name."""

    def __getitem__(self, name: str) -> Tensor:
        """Column of shape (batch, width)."""


class Heard:
    """A batch of sounds, described as far as one asks.

    Parameters
    ----------
    wave, clean : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1
        The sounds, and where one has them, the same without the effect.
    """

    def __init__(self, wave: Tensor, clean: Tensor | None = None) -> None:
        self._columns = {"wave": wave, "clean_wave": clean}

    def __getitem__(self, name: str) -> Tensor:
        """Column of shape (batch, width)."""
        if name not in self._columns:
            self._columns[name] = self._describe(name)
        return self._columns[name]

    def _describe(self, name: str) -> Tensor:
        if name == "relation":
            return relation_features(self._columns["wave"], self._columns["clean_wave"])
        wave = "clean_wave" if name.startswith(CLEAN_PREFIX) else "wave"
        return DESCRIPTIONS[name.removeprefix(CLEAN_PREFIX)](self._columns[wave])


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
