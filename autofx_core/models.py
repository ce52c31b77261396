"""The networks, as the AutoFX report describes them.

=============  =======================================================  ==========
name           network                                                  parameters
=============  =======================================================  ==========
mlp_163nc      163 features → 15 settings                                   58,315
=============  =======================================================  ==========

The feature scaler is part of the model, as buffers, so that a state dict is all there is to load.
"""

import torch
from torch import Tensor, nn

from autofx_core.effects import N_PARAMETERS

HIDDEN = 100


class Scaler(nn.Module):
    """Z-score of the training set; features beyond ±10 standard deviations are clipped.

    The original did not clip: one odd sound could drive the network anywhere.
    """

    LIMIT = 10.0

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("std", torch.ones(n_features))

    @torch.no_grad()
    def fit(self, features: Tensor) -> None:
        """Take mean and standard deviation from features of shape (sounds, n_features)."""
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0) + 1e-7)

    def forward(self, features: Tensor) -> Tensor:
        """Scale features of shape (batch, n_features)."""
        return ((features - self.mean) / self.std).clamp(-self.LIMIT, self.LIMIT)


class FeatureMLP(nn.Module):
    """Features to settings: a linear map to 100, four layers of 100 with ReLU, a sigmoid.

    As in the original there is no activation after the first map, and no batch norm.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.scaler = Scaler(n_features)
        layers: list[nn.Module] = [nn.Linear(n_features, HIDDEN)]
        for _ in range(4):
            layers += [nn.Linear(HIDDEN, HIDDEN), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(HIDDEN, N_PARAMETERS), nn.Sigmoid())

    def forward(self, features: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        features : Tensor, shape (batch, n_features), float32

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; a family's own are at `effects.SLICES`
        """
        return self.network(self.scaler(features))
