"""The networks that recognise an effect.

=======================  =================================================  ==========
name                     network                                            parameters
=======================  =================================================  ==========
`effect_classifier`      606 timbre features → 11 effects, three members       675,105
`afx_classifier`         163 and 48 features → 6 classes                        21,806
`original_classifier`    163 features → 11 effects                              17,511
=======================  =================================================  ==========

`effect_classifier` is ours, and what `recognise` uses. `afx_classifier` conditions AutoFX's
regressors. `original_classifier` has the inputs and layers of the original's classifier, to compare
with. The probabilities of the six classes are sums over their effects among the eleven.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.batch import Columns
from autofx_core.networks.network import WIDTHS, Batch, Network, wide_layers
from autofx_core.networks.scaler import Scaler

HIDDEN = 256
MEMBERS = 3
DROPOUT = 0.4
FEATURE_DROPOUT = 0.1
"""Share of the features that training sets to 0 at random, so that no effect depends on one."""

CLASS_OF_EFFECT = torch.tensor([CLASSES.index(name) for name in EFFECT_NAMES.values()])
"""Class of each of the eleven effects, shape (11,), index into `CLASSES`."""


def class_log_probabilities(log_probabilities: Tensor) -> Tensor:
    """Sum probabilities of the eleven effects up to those of the six classes.

    Parameters
    ----------
    log_probabilities : Tensor, shape (batch, 11); of shape (batch, 6), it is returned as it is

    Returns
    -------
    Tensor, shape (batch, 6), logarithms of probabilities
    """
    if log_probabilities.shape[-1] == len(CLASSES):
        return log_probabilities
    members = CLASS_OF_EFFECT.to(log_probabilities.device) == torch.arange(
        len(CLASSES), device=log_probabilities.device
    ).unsqueeze(1)
    inside = torch.where(members, 0.0, -torch.inf)
    return torch.logsumexp(log_probabilities[:, None] + inside, dim=-1)


class Classifier(Network):
    """A network, or an ensemble, that estimates probabilities of effects or classes."""

    task = "recognition"
    targets: ClassVar[tuple[str, ...]] = ("audible_effect", "weight")

    def votes(self, *inputs: Tensor) -> Tensor:
        """Log probabilities by each member, shape (members, batch, outputs)."""
        raise NotImplementedError

    def forward(self, *inputs: Tensor) -> Tensor:
        """Average the members' probabilities.

        Parameters
        ----------
        *inputs : Tensor, shape (batch, width), float32
            The feature sets `inputs`, in their order.

        Returns
        -------
        Tensor, shape (batch, outputs), logarithms of probabilities
        """
        votes = self.votes(*inputs)
        return torch.logsumexp(votes, dim=0) - torch.tensor(float(len(votes))).log()

    def loss(self, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
        """Weighted negative log-likelihood, mean over members and sounds.

        A network of the eleven effects is trained to name the effect and, with the same weight, the
        class. `batch["audible_effect"]` is an index into `EFFECT_NAMES`.
        """
        votes = self.votes(*(batch[name] for name in self.inputs))
        effects = votes.flatten(0, 1)
        target, weight = (batch[name].repeat(len(votes)) for name in self.targets)
        likelihoods = [
            (class_log_probabilities(effects), CLASS_OF_EFFECT.to(target.device)[target])
        ]
        if len(self.outputs) == len(EFFECT_NAMES):
            likelihoods.append((effects, target))
        total = torch.zeros((), device=target.device)
        for log_probabilities, wanted in likelihoods:
            likelihood = log_probabilities.gather(1, wanted[:, None])[:, 0]
            smoothed = (1 - smoothing) * likelihood + smoothing * log_probabilities.mean(1)
            total = total - (weight * smoothed).mean()
        return total

    @torch.no_grad()
    def predict(self, columns: Columns) -> Tensor:
        """Estimate the probabilities of `outputs`, shape (batch, outputs)."""
        return super().predict(columns).exp()


class Member(nn.Sequential):
    """A network of an ensemble: two hidden layers of 256 with layer norm, GELU and dropout."""

    def __init__(self, n_features: int) -> None:
        layers = wide_layers(n_features, HIDDEN, HIDDEN, dropout=DROPOUT)
        output = nn.Linear(HIDDEN, len(EFFECT_NAMES))
        super().__init__(nn.Dropout(FEATURE_DROPOUT), *layers, output)


class EffectClassifier(Classifier):
    """Mean probabilities of several networks on the timbre set.

    Parameters
    ----------
    members
        Number of networks.
    """

    inputs = ("timbre",)
    outputs = tuple(EFFECT_NAMES)

    def __init__(self, members: int = MEMBERS) -> None:
        super().__init__()
        self.scaler = Scaler(WIDTHS["timbre"])
        self.members = nn.ModuleList([Member(WIDTHS["timbre"]) for _ in range(members)])

    def votes(self, *inputs: Tensor) -> Tensor:
        """Log probabilities by each member, shape (members, batch, 11)."""
        scaled = self.scaler(*inputs)
        return torch.stack([member(scaled) for member in self.members]).log_softmax(-1)


class ShallowClassifier(Classifier):
    """One hidden layer of 100 with a sigmoid, on the feature sets `inputs`."""

    def __init__(self) -> None:
        super().__init__()
        n_features = sum(WIDTHS[name] for name in self.inputs)
        self.scaler = Scaler(n_features)
        self.network = nn.Sequential(
            nn.Linear(n_features, 100), nn.Sigmoid(), nn.Linear(100, len(self.outputs))
        )

    def votes(self, *inputs: Tensor) -> Tensor:
        """Log probabilities, shape (1, batch, outputs)."""
        return self.network(self.scaler(torch.cat(inputs, dim=1))).log_softmax(-1)[None]


class AfxClassifier(ShallowClassifier):
    """AutoFX's class network, on all features.

    The original's had the 163 alone, which do not describe how level and phase move: on unseen
    recordings the 48 beside them raise its accuracy from 78.8 to 88.0 %.
    """

    inputs = ("features", "regression")
    outputs = CLASSES


class OriginalClassifier(ShallowClassifier):
    """AutoFX's classifier of the eleven effects, on its 163 features."""

    inputs = ("features",)
    outputs = tuple(EFFECT_NAMES)
