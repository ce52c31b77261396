"""What a network takes: feature sets of sounds, and the class probabilities by another network."""

from pathlib import Path

from torch import Tensor

from autofx_core.features.batch import CLEAN_PREFIX, Columns
from autofx_core.networks.network import Network
from autofx_core.networks.registry import load_network


def load_conditioning(run: Path | None = None) -> Network:
    """Load the network whose class probabilities condition others; by default, the pretrained."""
    return load_network("afx_classifier", run)


class WithProbabilities:
    """Columns and, beside them, `probabilities`: of the six classes, never the true class.

    Parameters
    ----------
    columns
        Feature sets by name.
    classifier
        An `afx_classifier`; by default, the pretrained one.
    """

    def __init__(self, columns: Columns, classifier: Network | None = None) -> None:
        self._columns, self._classifier = columns, classifier
        self._probabilities: Tensor | None = None

    def __getitem__(self, name: str) -> Tensor:
        """Column of shape (batch, width)."""
        if name != "probabilities":
            return self._columns[name]
        if self._probabilities is None:
            classifier = self._classifier or load_conditioning()
            self._probabilities = classifier.predict(self._columns)
        return self._probabilities


def takes_clean(network: Network) -> bool:
    """Return whether the clean sound is an input beside the processed one."""
    return any(name == "relation" or name.startswith(CLEAN_PREFIX) for name in network.inputs)
