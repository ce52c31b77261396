"""What a model of a pedal is, and the table of them that this package's modules fill."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autofx_core.effects.taxonomy import EFFECT_NAMES

Settings = dict[str, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Pedal:
    """One pedal: its effect, the ranges its settings are drawn from, and what it does.

    Attributes
    ----------
    effect
        One of the eleven `EFFECT_NAMES`.
    """

    name: str
    effect: str
    ranges: dict[str, Range]
    process: Callable[..., np.ndarray]

    @property
    def effect_class(self) -> str:
        """Class among the six of `effects.CLASSES`."""
        return EFFECT_NAMES[self.effect]

    def draw(self, rng: np.random.Generator) -> Settings:
        """Draw every setting uniformly from its range."""
        return {name: float(rng.uniform(*limits)) for name, limits in self.ranges.items()}

    def render(self, wave: np.ndarray, sample_rate: int, settings: Settings) -> np.ndarray:
        """Play a wave (channels, samples), float64 inside the pedal, through it.

        Returns
        -------
        ndarray, shape (channels, samples), float32; the tail is cut
        """
        wet = self.process(np.asarray(wave, dtype=np.float64), sample_rate, **settings)
        return wet.astype(np.float32)


PEDAL_MODELS: dict[str, Pedal] = {}
"""Every pedal by its name."""


def pedal(effect: str, **ranges: Range) -> Callable:
    """Enter a process (wave, sample_rate, *, settings) in the table, under its function's name."""

    def add(process: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        PEDAL_MODELS[process.__name__] = Pedal(process.__name__, effect, ranges, process)
        return process

    return add
