"""The contract between a network and everything that trains, evaluates, exports or uses it.

A network names its `inputs` (feature sets, see `features.batch`), the columns of a data set that
its loss compares with (`targets`), and what its outputs are. So no code needs to know which network
it holds. The feature scaler is part of each network, as buffers, so that a state dict is all there
is to load.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from autofx_core.effects.table import EFFECTS
from autofx_core.features import CLASSIFICATION_NAMES, REGRESSION_NAMES
from autofx_core.features.batch import Columns
from autofx_core.features.pair import PAIR_NAMES
from autofx_core.features.timbre import TIMBRE_NAMES
from autofx_core.metrics.losses import c2_mse
from autofx_core.networks.scaler import Scaler

WIDTHS = {
    "features": len(CLASSIFICATION_NAMES),
    "regression": len(REGRESSION_NAMES),
    "timbre": len(TIMBRE_NAMES),
    "relation": len(PAIR_NAMES),
}
"""Sizes of the feature sets that a scaler scales."""

LOSS_SCALE = 100.0  # as in AutoFX, so that printed curves have digits

Task = Literal["settings", "recognition", "presence"]
Batch = Mapping[str, Tensor]
"""Some sounds of a data set: its columns by name."""


def wide_layers(*widths: int, dropout: float) -> list[nn.Module]:
    """List fully connected layers with layer norm, GELU and dropout.

    Parameters
    ----------
    *widths
        Of the input and of each layer.
    dropout
        Share of a layer's outputs that training sets to 0.
    """
    return [
        module
        for before, after in pairwise(widths)
        for module in (
            nn.Linear(before, after),
            nn.LayerNorm(after),
            nn.GELU(),
            nn.Dropout(dropout),
        )
    ]


class Network(nn.Module):
    """What every network offers.

    Attributes
    ----------
    task
        What it estimates, and so which data sets it is trained and measured on.
    inputs
        Feature sets, in the order of `forward`'s arguments.
    targets
        Columns that `loss` takes from a batch beside the inputs.
    outputs
        Names of the numbers that `predict` returns.
    scaler
        Brings the inputs that are features to unit variance.
    """

    task: ClassVar[Task]
    targets: ClassVar[tuple[str, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scaler: Scaler

    def fit_scaler(self, columns: Columns) -> None:
        """Fit the scaler to the feature sets of the training sounds."""
        scaled = [columns[name] for name in self.inputs if name in WIDTHS]
        if scaled:
            self.scaler.fit(torch.cat(scaled, dim=1))

    def loss(self, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
        """Compute the loss to train by.

        Parameters
        ----------
        batch
            The columns `inputs` and `targets`, each of shape (batch, …).
        smoothing
            Share of a class target that is spread evenly over all classes, in [0, 1); regressors
            have no class target.

        Returns
        -------
        Tensor, shape (), float32
        """
        raise NotImplementedError

    @torch.no_grad()
    def predict(self, columns: Columns) -> Tensor:
        """Estimate for all rows of the columns.

        Returns
        -------
        Tensor, shape (batch, outputs), float32: normalised settings, or probabilities
        """
        return self(*(columns[name] for name in self.inputs))


class Regressor(Network):
    """A network that estimates the fifteen normalised settings of the generic effects."""

    task = "settings"
    targets = ("settings", "effect_class")
    outputs = tuple(p.name for effect in EFFECTS.values() for p in effect.parameters)

    def loss(self, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
        """Squared error in the unit of Table C.2 of the AutoFX report, times 100."""
        estimate = self(*(batch[name] for name in self.inputs)).float()
        return LOSS_SCALE * c2_mse(estimate, batch["settings"], batch["effect_class"])
