"""The networks, as the AutoFX report describes them.

=============  =========================================================  ==========
name           network                                                    parameters
=============  =========================================================  ==========
`recogniser`   163 and 48 features → 6 classes                                21,806
`mlp_163nc`    163 features → 15 settings                                     58,315
`mlp_163c`     163 features, 6 class probabilities → 15 settings              58,915
`mlp_211c`     163 and 48 features, 6 class probabilities → 15 settings       63,715
=============  =========================================================  ==========

The feature scaler is part of each model, as buffers, so that a state dict is all there is to load.
All networks take the same three inputs and use what they know to use, so that whatever trains,
evaluates or matches need not know which one it holds.
"""

import torch
from torch import Tensor, nn

from autofx_core.effects import CLASSES, N_PARAMETERS
from autofx_core.features import CLASSIFICATION_NAMES, REGRESSION_NAMES

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


class Recogniser(nn.Module):
    """The effect's class from all features: one hidden layer of 100, sigmoid.

    The original's had the 163 alone, which say nothing of how level and phase move: on unseen
    recordings the 48 beside them raise its accuracy from 78.8 to 88.0 %.
    """

    def __init__(self) -> None:
        super().__init__()
        n_features = len(CLASSIFICATION_NAMES) + len(REGRESSION_NAMES)
        self.scaler = Scaler(n_features)
        self.network = nn.Sequential(
            nn.Linear(n_features, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, len(CLASSES))
        )

    def fit_scaler(self, features: Tensor, regression: Tensor) -> None:
        """Take the scale of the training features."""
        self.scaler.fit(torch.cat([features, regression], dim=1))

    def forward(self, features: Tensor, regression: Tensor) -> Tensor:
        """Weigh the classes.

        Parameters
        ----------
        features : Tensor, shape (batch, 163), float32
        regression : Tensor, shape (batch, 48), float32

        Returns
        -------
        Tensor, shape (batch, 6), logarithms of probabilities, in the order of `effects.CLASSES`
        """
        return self.network(self.scaler(torch.cat([features, regression], dim=1))).log_softmax(-1)


class FeatureMLP(nn.Module):
    """Features to settings: a linear map to 100, four layers of 100 with ReLU, a sigmoid.

    As in the original there is no activation after the first map, and no batch norm.

    Parameters
    ----------
    regression
        Whether the 48 regression features are used beside the 163.
    conditioned
        Whether the class probabilities are used.
    """

    def __init__(self, *, regression: bool = False, conditioned: bool = False) -> None:
        super().__init__()
        self.regression, self.conditioned = regression, conditioned
        n_features = len(CLASSIFICATION_NAMES) + regression * len(REGRESSION_NAMES)
        self.scaler = Scaler(n_features)
        layers: list[nn.Module] = [nn.Linear(n_features + conditioned * len(CLASSES), HIDDEN)]
        for _ in range(4):
            layers += [nn.Linear(HIDDEN, HIDDEN), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(HIDDEN, N_PARAMETERS), nn.Sigmoid())

    def _features(self, features: Tensor, regression: Tensor) -> Tensor:
        return torch.cat([features, regression], dim=1) if self.regression else features

    def fit_scaler(self, features: Tensor, regression: Tensor) -> None:
        """Take the scale of the training features."""
        self.scaler.fit(self._features(features, regression))

    def forward(self, features: Tensor, regression: Tensor, probabilities: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        features : Tensor, shape (batch, 163), float32
        regression : Tensor, shape (batch, 48), float32
        probabilities : Tensor, shape (batch, 6), in the order of `effects.CLASSES`

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; a family's own are at `effects.SLICES`
        """
        scaled = self.scaler(self._features(features, regression))
        return self.network(torch.cat([scaled, probabilities], 1) if self.conditioned else scaled)


REGRESSORS = {
    "mlp_163nc": FeatureMLP,
    "mlp_163c": lambda: FeatureMLP(conditioned=True),
    "mlp_211c": lambda: FeatureMLP(regression=True, conditioned=True),
}
"""Regressors by name, each a function that makes an untrained one."""

NETWORKS = {"recogniser": Recogniser, **REGRESSORS}
"""Everything that `train` trains."""
