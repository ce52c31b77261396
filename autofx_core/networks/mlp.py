"""The fully connected regressors: AutoFX's, as its report describes them, and our own (`match_…`).

=============  =========================================================  ==========
name           network                                                    parameters
=============  =========================================================  ==========
`mlp_163nc`    163 features → 15 settings                                     58,315
`mlp_163c`     163 features, 6 class probabilities → 15 settings              58,915
`mlp_211c`     163 and 48 features, 6 class probabilities → 15 settings       63,715
`match_wet`    606 timbre features → 15 settings                           2,742,287
`match_pair`   the same, and the relation set of both sounds                 890,895
=============  =========================================================  ==========
"""

import torch
from torch import Tensor, nn

from autofx_core.effects.table import N_PARAMETERS
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.networks.network import WIDTHS, Regressor, wide_layers
from autofx_core.networks.scaler import Scaler

HIDDEN = 100


class FeatureMLP(Regressor):
    """Features to settings: a linear map to 100, four layers of 100 with ReLU, a sigmoid.

    As in the original there is no activation after the first map, and no batch norm.

    Parameters
    ----------
    features
        Feature sets, keys of `WIDTHS`.
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

    def forward(self, *columns: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        *columns : Tensor, shape (batch, width), float32
            The `inputs`, in their order.

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; an effect's are at `effects.SLICES`
        """
        joined = torch.cat(columns, dim=1)
        features, probabilities = joined[:, : self.n_features], joined[:, self.n_features :]
        return self.network(torch.cat([self.scaler(features), probabilities], dim=1))


class TimbreMLP(Regressor):
    """The timbre set to settings: three wide layers with layer norm, GELU and dropout.

    The class is no input: the timbre set describes what distinguishes the classes. With the clean
    sound, the relation set is an input, too: it describes the effect rather than the guitar.

    Parameters
    ----------
    clean
        Whether the relation set of the clean and the processed sound is an input.
    width
        Of the layers.
    """

    DROPOUT = 0.2

    def __init__(self, *, clean: bool = False, width: int = 512) -> None:
        super().__init__()
        self.inputs = ("timbre", *(("relation",) * clean))
        n_features = sum(WIDTHS[name] for name in self.inputs)
        self.scaler = Scaler(n_features)
        layers = wide_layers(n_features, *[width] * 3, dropout=self.DROPOUT)
        self.network = nn.Sequential(*layers, nn.Linear(width, N_PARAMETERS), nn.Sigmoid())

    def forward(self, *columns: Tensor) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        *columns : Tensor, shape (batch, width), float32
            The `inputs`, in their order.

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; an effect's are at `effects.SLICES`
        """
        return self.network(self.scaler(torch.cat(columns, dim=1)))
