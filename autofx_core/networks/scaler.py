"""Feature scaling that travels with a network, as buffers of its state dict."""

import torch
from torch import Tensor, nn


class Scaler(nn.Module):
    """Z-score of the training set; features beyond ±10 standard deviations are clipped.

    The original did not clip: one odd sound could drive the network anywhere.
    """

    LIMIT = 10.0
    mean: Tensor
    std: Tensor

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
