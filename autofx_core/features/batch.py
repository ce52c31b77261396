"""Feature sets of a batch of sounds, by name, each computed when it is first read.

===============  ======================================================================
`wave`           the sound itself, (batch, 35000), 22.05 kHz, peak 1
`features`       163 numbers, `features.classification_features`
`regression`     48 numbers, `features.regression_features`
`timbre`         606 numbers, `features.timbre.timbre_features`
`clean_timbre`   the same of the sound without the effect
`relation`       86 numbers of both sounds, `features.pair.pair_features`
`windows`        the timbre set of each window of a sound; here, where there is only one
`probabilities`  of the six classes, by the recogniser: never the truth
===============  ======================================================================

A part of a data set (`datasets.reader`) has the same names and reads them from disk.
"""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from autofx_core.features import classification_features, regression_features
from autofx_core.features.pair import pair_features
from autofx_core.features.timbre import timbre_features

DESCRIPTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "features": classification_features,
    "regression": regression_features,
    "timbre": timbre_features,
}
CLEAN_PREFIX = "clean_"


class Columns(Protocol):
    """Anything that has columns by name."""

    def __getitem__(self, name: str) -> Tensor:
        """Column of shape (batch, width)."""


class FeatureBatch:
    """A batch of sounds and their feature sets.

    Parameters
    ----------
    wave, clean : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1
        The sounds, and where there are any, the same without the effect.
    """

    def __init__(self, wave: Tensor, clean: Tensor | None = None) -> None:
        self._columns = {"wave": wave}
        if clean is not None:
            self._columns["clean_wave"] = clean

    def __getitem__(self, name: str) -> Tensor:
        """Column of shape (batch, width)."""
        if name not in self._columns:
            self._columns[name] = self._describe(name)
        return self._columns[name]

    def _describe(self, name: str) -> Tensor:
        if name == "relation":
            return pair_features(self._columns["wave"], self._columns["clean_wave"])
        if name == "windows":
            return self["timbre"][:, None]
        wave = "clean_wave" if name.startswith(CLEAN_PREFIX) else "wave"
        return DESCRIPTIONS[name.removeprefix(CLEAN_PREFIX)](self._columns[wave])
