"""Every network by its name, and the pretrained ones.

The networks that come with the package lie in ``autofx_core/pretrained/NAME/``, each with its
weights and the card that says what made them.
"""

import functools
from collections.abc import Callable
from functools import partial
from pathlib import Path

from autofx_core.networks.checkpoints import CARD_NAME, WEIGHTS_NAME, read_json, restore
from autofx_core.networks.classifier import AfxClassifier, EffectClassifier, OriginalClassifier
from autofx_core.networks.cnn import SpectrogramCNN
from autofx_core.networks.mlp import FeatureMLP, TimbreMLP
from autofx_core.networks.network import Network
from autofx_core.networks.presence import PresenceNetwork

PRETRAINED = Path(__file__).parents[1] / "pretrained"

REGRESSORS: dict[str, Callable[..., Network]] = {
    "mlp_163nc": partial(FeatureMLP, "features", conditioned=False),
    "mlp_163c": partial(FeatureMLP, "features", conditioned=True),
    "mlp_211c": partial(FeatureMLP, "features", "regression", conditioned=True),
    "autofx": SpectrogramCNN,
    "autofx_f": partial(SpectrogramCNN, regression=True),
    "match_wet": partial(TimbreMLP, width=1024),
    "match_pair": partial(TimbreMLP, clean=True),
}
"""Networks that estimate settings, each a function that makes an untrained one."""

CLASSIFIERS: dict[str, Callable[..., Network]] = {
    "effect_classifier": EffectClassifier,
    "afx_classifier": AfxClassifier,
    "original_classifier": OriginalClassifier,
}
"""Networks that recognise the effect, each a function that makes an untrained one."""

DETECTORS: dict[str, Callable[..., Network]] = {"presence": PresenceNetwork}
"""Networks that estimate which effects are there, each a function that makes an untrained one."""

NETWORKS = REGRESSORS | CLASSIFIERS | DETECTORS


def list_pretrained() -> list[str]:
    """Name the networks that come with the package."""
    return [name for name in NETWORKS if (PRETRAINED / name / WEIGHTS_NAME).is_file()]


@functools.cache
def load_network(name: str, folder: Path | None = None) -> Network:
    """Load a network, ready to predict.

    Parameters
    ----------
    name
        A name from `NETWORKS`.
    folder
        The run that trained it; by default, the pretrained one.

    Raises
    ------
    CheckpointError
        If there are no weights, or those of another network.
    """
    return restore(NETWORKS[name](), folder or PRETRAINED / name)


def read_card(name: str, folder: Path | None = None) -> dict:
    """Read the card of a network.

    Parameters
    ----------
    name
        A name from `NETWORKS`.
    folder
        The run that trained it; by default, the pretrained one.

    Raises
    ------
    CheckpointError
        If there is no card.
    """
    path = (folder or PRETRAINED / name) / CARD_NAME
    return read_json(path, hint=f"pretrained networks: {', '.join(list_pretrained())}")
