"""The networks: AutoFX's, as its report describes them, and the two of our own (`match_…`).

=============  =========================================================  ==========
name           network                                                    parameters
=============  =========================================================  ==========
`recogniser`   163 and 48 features → 6 classes                                21,806
`mlp_163nc`    163 features → 15 settings                                     58,315
`mlp_163c`     163 features, 6 class probabilities → 15 settings              58,915
`mlp_211c`     163 and 48 features, 6 class probabilities → 15 settings       63,715
`autofx`       spectrogram, 6 class probabilities → 15 settings            3,651,407
`autofx_f`     the same and 48 features → 15 settings                      3,675,983
`match_wet`    606 timbre features → 15 settings                           2,742,287
`match_pair`   the same, and the relation set of both sounds                890,895
=============  =========================================================  ==========

The feature scaler is part of each model, as buffers, so that a state dict is all there is to load.
Each network names its `inputs`, columns of a data set or of a sound (see `hearing`), so that
whatever trains, evaluates, exports or matches need not know which network it holds.
"""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from autofx_core.effects.table import N_PARAMETERS
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.features import CLASSIFICATION_NAMES, REGRESSION_NAMES
from autofx_core.features.pair import PAIR_NAMES
from autofx_core.features.timbre import TIMBRE_NAMES
from autofx_core.networks.cnn import SpectrogramCNN
from autofx_core.networks.scaler import Scaler

HIDDEN = 100
WIDTHS = {
    "features": len(CLASSIFICATION_NAMES),
    "regression": len(REGRESSION_NAMES),
    "timbre": len(TIMBRE_NAMES),
    "relation": len(PAIR_NAMES),
}
"""Sizes of the feature columns."""


class Recogniser(nn.Module):
    """The effect's class from all features: one hidden layer of 100, sigmoid.

    The original's had the 163 alone, which say nothing of how level and phase move: on unseen
    recordings the 48 beside them raise its accuracy from 78.8 to 88.0 %.
    """

    inputs = ("features", "regression")

    def __init__(self) -> None:
        super().__init__()
        n_features = sum(WIDTHS[name] for name in self.inputs)
        self.scaler = Scaler(n_features)
        self.network = nn.Sequential(
            nn.Linear(n_features, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, len(CLASSES))
        )

    def fit_scaler(self, columns: Mapping[str, Tensor]) -> None:
        """Take the scale of the training features."""
        self.scaler.fit(torch.cat([columns[name] for name in self.inputs], dim=1))

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
    features
        Feature columns, keys of `WIDTHS`.
    conditioned
        Whether the class probabilities are used.
    """

    def __init__(self, *features: str, conditioned: bool) -> None:
        super().__init__()
        self.inputs = (*features, *(("probabilities",) * conditioned))
        self.n_features = sum(WIDTHS[name] for name in features)
        self.scaler = Scaler(self.n_features)
        first = nn.Linear(self.n_features + conditioned * len(CLASSES), HIDDEN)
        hidden = [layer for _ in range(4) for layer in (nn.Linear(HIDDEN, HIDDEN), nn.ReLU())]
        self.network = nn.Sequential(first, *hidden, nn.Linear(HIDDEN, N_PARAMETERS), nn.Sigmoid())

    def fit_scaler(self, columns: Mapping[str, Tensor]) -> None:
        """Take the scale of the training features."""
        names = [name for name in self.inputs if name in WIDTHS]
        self.scaler.fit(torch.cat([columns[name] for name in names], dim=1))

    def forward(self, *columns: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        *columns : Tensor, shape (batch, width), float32
            The `inputs`, in their order.

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; a family's own are at `effects.SLICES`
        """
        joined = torch.cat(columns, dim=1)
        features, probabilities = joined[:, : self.n_features], joined[:, self.n_features :]
        return self.network(torch.cat([self.scaler(features), probabilities], dim=1))


class TimbreMLP(nn.Module):
    """The timbre set to settings, ours: three wide layers, normalised and thinned out.

    Neither needs to be told the class: what the sound tells of it, the timbre set tells. With the
    clean sound the relation set is heard, too, which says what the effect did rather than what the
    guitar is.

    Parameters
    ----------
    clean
        Whether the clean sound is heard beside the processed one.
    width
        Of the layers. Guessing what guitar it was takes more than hearing it.
    """

    DROPOUT = 0.2

    def __init__(self, *, clean: bool = False, width: int = 512) -> None:
        super().__init__()
        self.inputs = ("timbre", *(("relation",) * clean))
        n_features = sum(WIDTHS[name] for name in self.inputs)
        self.scaler = Scaler(n_features)
        widths = [n_features, *[width] * 3]
        layers = [
            layer
            for before, after in pairwise(widths)
            for layer in (
                nn.Linear(before, after),
                nn.LayerNorm(after),
                nn.GELU(),
                nn.Dropout(self.DROPOUT),
            )
        ]
        self.network = nn.Sequential(*layers, nn.Linear(width, N_PARAMETERS), nn.Sigmoid())

    def fit_scaler(self, columns: Mapping[str, Tensor]) -> None:
        """Take the scale of the training features."""
        self.scaler.fit(torch.cat([columns[name] for name in self.inputs], dim=1))

    def forward(self, *columns: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        *columns : Tensor, shape (batch, width), float32
            The `inputs`, in their order.

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; a family's own are at `effects.SLICES`
        """
        return self.network(self.scaler(torch.cat(columns, dim=1)))


REGRESSORS = {
    "mlp_163nc": partial(FeatureMLP, "features", conditioned=False),
    "mlp_163c": partial(FeatureMLP, "features", conditioned=True),
    "mlp_211c": partial(FeatureMLP, "features", "regression", conditioned=True),
    "autofx": SpectrogramCNN,
    "autofx_f": partial(SpectrogramCNN, regression=True),
    "match_wet": partial(TimbreMLP, width=1024),
    "match_pair": partial(TimbreMLP, clean=True),
}
"""Regressors by name, each a function that makes an untrained one."""

NETWORKS = {"recogniser": Recogniser, **REGRESSORS}
"""Everything that `train` trains."""
