"""The network that estimates which effects are on a sound, how strong, and in which order.

A sound is a set of windows, as many as it has: each is described alone, what the windows have in
common and what only one of them shows is pooled (mean and maximum), and every effect has its own
probability. So a chain has several effects, and a clean sound none.

References
----------
Zaheer, Kottur, Ravanbakhsh, Póczos, Salakhutdinov, Smola: "Deep sets" (NeurIPS 2017).
Burges, Shaked, Renshaw, Lazier, Deeds, Hamilton, Hullender: "Learning to rank using gradient
descent" (ICML 2005): the loss of the places, by pairs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from autofx_core.effects.taxonomy import PRESENCES
from autofx_core.features.batch import Columns
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.networks.network import WIDTHS, Batch, Network
from autofx_core.networks.scaler import Scaler

HIDDEN = 256
DROPOUT = 0.3
FEATURE_DROPOUT = 0.1
STRENGTH_WEIGHT, PLACE_WEIGHT = 0.1, 0.1


class PresenceNetwork(Network):
    """Probability, strength and place of each of `PRESENCES`, from the windows of a sound."""

    task = "presence"
    targets = ("presence_db", "place")
    inputs = ("windows",)
    outputs = tuple(
        f"{name} {what}" for what in ("probability", "strength_db", "place") for name in PRESENCES
    )

    def __init__(self) -> None:
        super().__init__()
        width = WIDTHS["timbre"]
        self.scaler = Scaler(width)
        self.window = nn.Sequential(
            nn.Dropout(FEATURE_DROPOUT), *_layer(width, HIDDEN), *_layer(HIDDEN, HIDDEN)
        )
        self.head = nn.Sequential(*_layer(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, len(self.outputs)))

    def fit_scaler(self, columns: Columns) -> None:
        """Fit the scaler to all windows of the training sounds."""
        self.scaler.fit(columns["windows"].flatten(0, 1))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Estimate, before probabilities are made of it.

        Parameters
        ----------
        *inputs : Tensor, shape (batch, windows, 606), float32
            The timbre sets of at least one window.

        Returns
        -------
        Tensor, shape (batch, 33): logits, logarithms of 1 + dB, and places, greater for later ones
        """
        (windows,) = inputs
        described = self.window(self.scaler(windows))
        return self.head(torch.cat([described.mean(1), described.amax(1)], dim=1))

    def loss(self, batch: Batch, *, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy of each presence, with a little of the errors of strengths and places.

        Where an effect's strength is ambiguous (`metrics.audibility`), its presence has no target.
        While training, a random number of the windows is used, so that any number will do.
        """
        windows = batch["windows"]
        if self.training:
            count = int(torch.randint(1, windows.shape[1] + 1, ()))
            windows = windows[:, torch.randperm(windows.shape[1])[:count]]
        logits, strength, place = self(windows).float().split(len(PRESENCES), dim=1)
        given_db = batch["presence_db"]
        present = (given_db >= AUDIBLE_DB).float()
        clear = (given_db < AUDIBLE_DB) | (given_db >= UNAMBIGUOUS_DB)
        target = present * (1 - smoothing) + smoothing / 2
        entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        total = (entropy * clear).sum(1).mean()
        errors = (strength - given_db.log1p()).square() * present
        total = total + STRENGTH_WEIGHT * errors.sum(1).mean()
        before = (batch["place"][:, :, None] < batch["place"][:, None]) & (
            present[:, :, None] * present[:, None] > 0
        )
        pairs = functional.softplus(place[:, :, None] - place[:, None])
        return total + PLACE_WEIGHT * (pairs * before).sum((1, 2)).mean()

    @torch.no_grad()
    def predict(self, columns: Columns) -> Tensor:
        """Estimate probabilities, strengths in dB, and places, shape (batch, 33)."""
        logits, strength, place = super().predict(columns).split(len(PRESENCES), dim=1)
        return torch.cat([logits.sigmoid(), strength.expm1().clamp(min=0), place], dim=1)


def _layer(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.GELU(), nn.Dropout(DROPOUT)]
