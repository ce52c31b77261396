"""The trained recogniser on disk: the shipped one, or that of a run."""

import functools
from pathlib import Path

from autofx_core.networks.checkpoints import SHIPPED, restore
from autofx_core.networks.classifier import TimbreRecogniser

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
    return restore(
        TimbreRecogniser(),
        folder or SHIPPED / SHIPPED_NAME,
        command="python -m autofx_core.recogniser train",
    )
