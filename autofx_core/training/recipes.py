"""How each network is trained: the AutoFX report's settings, and where ours differ.

The original stopped after 3 epochs without progress on its test set; on a separate validation set
that is too soon for a smaller data set. Its CNNs saw 90,000 sounds twenty times, at a constant rate
of 1e-4; a one-cycle rate (Smith and Topin 2018) gets further in the few epochs that a processor
allows. AutoFX-F is meant to start from AutoFX (``--start``), whose layers it shares.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How to train a network.

    Attributes
    ----------
    learning_rate
        Of Adam; the highest one if it goes one cycle.
    batch_size
        Sounds per step, over all processes.
    one_cycle
        Whether the learning rate rises and falls once over `max_epochs`.
    epoch_sounds
        Sounds from one validation to the next; None is the whole training part.
    patience
        Epochs without progress after which training ends.
    precision
        As Lightning names it.
    start
        Shipped network or run whose weights to start from, as far as they fit; empty for none.
    """

    model: str
    learning_rate: float
    batch_size: int
    one_cycle: bool = False
    epoch_sounds: int | None = None
    patience: int = 10
    max_epochs: int = 200
    precision: str = "32-true"
    seed: int = 2
    start: str = ""


def recipe(model: str, **changes: float | str | None) -> Recipe:
    """Take the recipe of a network, with changes; a change of None is none."""
    given = {name: value for name, value in changes.items() if value is not None}
    return Recipe(**RECIPES[model] | {"model": model} | given)


_MLP = {"learning_rate": 1e-3, "batch_size": 64}
_CNN = {
    "learning_rate": 1e-3,
    "batch_size": 16,
    "one_cycle": True,
    "epoch_sounds": 7500,
    "max_epochs": 3,
    "precision": "bf16-mixed",
}
_OURS = {
    "learning_rate": 2e-3,
    "batch_size": 256,
    "one_cycle": True,
    "max_epochs": 40,
    "patience": 40,
}
RECIPES: dict[str, dict] = {
    "afx_classifier": {"learning_rate": 2e-3, "batch_size": 128},
    "mlp_163nc": _MLP,
    "mlp_163c": _MLP,
    "mlp_211c": _MLP,
    "autofx": _CNN,
    "autofx_f": _CNN | {"learning_rate": 5e-4, "max_epochs": 1},
    "match_wet": _OURS,
    "match_pair": _OURS,
}
