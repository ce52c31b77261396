"""The trained recogniser on disk: the shipped one, or that of a run."""

import functools
from pathlib import Path

import torch

from autofx_core.checkpoints import SHIPPED, WEIGHTS_NAME, CheckpointError
from autofx_core.recogniser.network import TimbreRecogniser

SHIPPED_NAME = "effects"


@functools.cache
def load_recogniser(folder: Path | None = None) -> TimbreRecogniser:
    """Load the recogniser, ready to answer.

    Parameters
    ----------
    folder
        The run that trained it; by default, the shipped one.

    Raises
    ------
    CheckpointError
        If there are no weights, or those of another network.
    """
    path = (folder or SHIPPED / SHIPPED_NAME) / WEIGHTS_NAME
    network = TimbreRecogniser()
    try:
        network.load_state_dict(torch.load(path, weights_only=True))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path}: no such file; train it with 'python -m autofx_core.recogniser train'"
        ) from None
    except RuntimeError:
        raise CheckpointError(f"{path}: weights of another network") from None
    return network.eval()
