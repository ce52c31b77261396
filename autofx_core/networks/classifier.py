"""The networks that name an effect: ours on the timbre set, and the original's on its 163 features.

Both weigh the eleven effects of `lessons.EFFECT_ORDER`; the six classes are sums of them.
"""

import torch
from torch import Tensor, nn

from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features import CLASSIFICATION_NAMES
from autofx_core.features.timbre import TIMBRE_NAMES
from autofx_core.networks.scaler import Scaler

HIDDEN = 256
MEMBERS = 3
DROPOUT = 0.4
FEATURE_DROPOUT = 0.1
"""Share of the features that training hides at random, so that no effect hangs on one of them."""


def _to_classes() -> Tensor:
    """Which of the eleven effects belong to each of the six classes, shape (11, 6)."""
    own = torch.zeros(len(EFFECT_NAMES), len(CLASSES))
    for row, effect_class in enumerate(EFFECT_NAMES.values()):
        own[row, CLASSES.index(effect_class)] = 1.0
    return own


TO_CLASSES = _to_classes()


def class_log_probabilities(effects: Tensor) -> Tensor:
    """Sum log probabilities of the eleven effects, (batch, 11), up to those of the six classes."""
    inside = torch.where(TO_CLASSES.to(effects.device).T.bool(), 0.0, -torch.inf)
    return torch.logsumexp(effects[:, None] + inside, dim=-1)


class Member(nn.Sequential):
    """One of the networks that vote: two hidden layers of 256 with layer norm, GELU, dropout."""

    def __init__(self, n_features: int) -> None:
        layers: list[nn.Module] = [nn.Dropout(FEATURE_DROPOUT)]
        for width in (n_features, HIDDEN):
            layers += [
                nn.Linear(width, HIDDEN),
                nn.LayerNorm(HIDDEN),
                nn.GELU(),
                nn.Dropout(DROPOUT),
            ]
        super().__init__(*layers, nn.Linear(HIDDEN, len(EFFECT_NAMES)))


class TimbreRecogniser(nn.Module):
    """Mean probabilities of several networks on the timbre set.

    Parameters
    ----------
    members
        How many networks vote.
    """

    inputs = ("timbre",)

    def __init__(self, members: int = MEMBERS) -> None:
        super().__init__()
        self.scaler = Scaler(len(TIMBRE_NAMES))
        self.members = nn.ModuleList([Member(len(TIMBRE_NAMES)) for _ in range(members)])

    def votes(self, timbre: Tensor) -> Tensor:
        """Log probabilities by each member, shape (members, batch, 11)."""
        scaled = self.scaler(timbre)
        return torch.stack([member(scaled) for member in self.members]).log_softmax(-1)

    def forward(self, timbre: Tensor) -> Tensor:
        """Weigh the eleven effects.

        Parameters
        ----------
        timbre : Tensor, shape (batch, 606), float32

        Returns
        -------
        Tensor, shape (batch, 11), logarithms of probabilities, in the order of `EFFECT_NAMES`
        """
        votes = self.votes(timbre)
        return torch.logsumexp(votes, dim=0) - torch.tensor(float(len(self.members))).log()


class OriginalClassifier(nn.Module):
    """AutoFX's classifier: 163 features, one hidden layer of 100, sigmoid."""

    inputs = ("features",)

    def __init__(self) -> None:
        super().__init__()
        self.scaler = Scaler(len(CLASSIFICATION_NAMES))
        self.network = nn.Sequential(
            nn.Linear(len(CLASSIFICATION_NAMES), 100),
            nn.Sigmoid(),
            nn.Linear(100, len(EFFECT_NAMES)),
        )

    def votes(self, features: Tensor) -> Tensor:
        """Log probabilities, shape (1, batch, 11)."""
        return self.network(self.scaler(features)).log_softmax(-1)[None]

    def forward(self, features: Tensor) -> Tensor:
        """Weigh the eleven effects, shape (batch, 11), from features of shape (batch, 163)."""
        return self.votes(features)[0]
