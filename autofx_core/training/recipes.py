"""How each network is trained: the AutoFX report's settings, and where ours differ.

The original stopped after 3 epochs without progress on its test set; on a separate validation set
that is too soon for a smaller data set. Its CNNs were trained on 90,000 sounds for twenty epochs,
at a constant rate of 1e-4; a one-cycle rate (Smith and Topin 2018) gets further in the few epochs
that a processor allows. AutoFX-F is meant to start from AutoFX (``--start``), whose layers it
shares.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How to train a network.

    Attributes
    ----------
    network
        A name from `NETWORKS`.
    learning_rate
        Of AdamW; the highest one if it goes one cycle.
    batch_size
        Sounds per step, over all processes.
    weight_decay
        Of AdamW; 0 makes it Adam.
    one_cycle
        Whether the learning rate rises and falls once over `max_epochs`.
    epoch_sounds
        Sounds from one validation to the next; None is the whole training set.
    patience
        Epochs without progress after which training ends.
    max_epochs
        Epochs at most.
    precision
        As Lightning names it.
    smoothing
        Share of a class target that is spread evenly over all classes, in [0, 1).
    balanced
        Whether the six classes weigh the same, whatever their number of sounds.
    unambiguous
        Whether sounds whose effect is ambiguous (see `metrics.audibility`) are left out.
    options
        Arguments of the network, such as the number of `members` of an ensemble.
    seed
        Of the weights and of the order of the sounds.
    start
        Run whose weights to start from, as far as they fit; empty for none.
    """

    network: str
    learning_rate: float
    batch_size: int
    weight_decay: float = 0.0
    one_cycle: bool = False
    epoch_sounds: int | None = None
    patience: int = 10
    max_epochs: int = 200
    precision: str = "32-true"
    smoothing: float = 0.0
    balanced: bool = False
    unambiguous: bool = False
    options: dict[str, int] = field(default_factory=dict)
    seed: int = 2
    start: str = ""


def recipe(network: str, **changes: Any) -> Recipe:
    """Return the recipe of a network, with changes; a change of None is none."""
    given = {name: value for name, value in changes.items() if value is not None}
    return Recipe(**RECIPES[network] | {"network": network} | given)


def cross_validation_recipe(network: str) -> Recipe:
    """Return a recipe to train a network dozens of times by: fewer epochs, a single member."""
    return recipe(network, **CROSS_VALIDATION.get(network, {}))


_MLP: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 64}
_CNN: dict[str, Any] = {
    "learning_rate": 1e-3,
    "batch_size": 16,
    "one_cycle": True,
    "epoch_sounds": 7500,
    "max_epochs": 3,
    "precision": "bf16-mixed",
}
_MATCH: dict[str, Any] = {
    "learning_rate": 2e-3,
    "batch_size": 256,
    "one_cycle": True,
    "max_epochs": 40,
    "patience": 40,
}
_EFFECTS: dict[str, Any] = {
    "learning_rate": 2e-3,
    "one_cycle": True,
    "max_epochs": 16,
    "patience": 16,
    "balanced": True,
    "unambiguous": True,
    "seed": 0,
}
RECIPES: dict[str, dict[str, Any]] = {
    "afx_classifier": {"learning_rate": 2e-3, "batch_size": 128},
    "effect_classifier": _EFFECTS
    | {"batch_size": 256, "weight_decay": 0.02, "smoothing": 0.05, "options": {"members": 3}},
    "original_classifier": _EFFECTS | {"batch_size": 128},
    "mlp_163nc": _MLP,
    "mlp_163c": _MLP,
    "mlp_211c": _MLP,
    "autofx": _CNN,
    "autofx_f": _CNN | {"learning_rate": 5e-4, "max_epochs": 1},
    "presence": {
        "learning_rate": 2e-3,
        "batch_size": 32,
        "weight_decay": 0.02,
        "one_cycle": True,
        "max_epochs": 16,
        "patience": 16,
        "seed": 0,
    },
    "match_wet": _MATCH,
    "match_pair": _MATCH,
}
CROSS_VALIDATION: dict[str, dict[str, Any]] = {
    "effect_classifier": {"max_epochs": 8, "learning_rate": 3e-3, "options": {"members": 1}},
}
