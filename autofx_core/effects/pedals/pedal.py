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
        """Play a wave through the pedal.

        Parameters
        ----------
        wave : ndarray, shape (channels, samples), full scale ±1
        sample_rate
            In Hz.
        settings
            A value for each of `ranges`; the process may have a default for some.

        Returns
        -------
        ndarray, shape (channels, samples), float32; the tail is cut
        """
        wet = self.process(np.asarray(wave, dtype=np.float64), sample_rate, **settings)
        return wet.astype(np.float32)


PEDAL_MODELS: dict[str, Pedal] = {}
"""Every pedal by its name."""


def pedal(effect: str, **ranges: Range) -> Callable:
    """Enter a process (wave, sample_rate, *, settings) in the table, by its function's name.

    The function is private, and called `_NAME`: pedals are used through `PEDAL_MODELS`. It takes
    and returns waves of shape (channels, samples), float64; settings are in the units that their
    names end in.
    """

    def add(process: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        name = process.__name__.removeprefix("_")
        PEDAL_MODELS[name] = Pedal(name, effect, ranges, process)
        return process

    return add


def oscillating(effect: str, **ranges: Range) -> Callable:
    """Enter a process as `pedal` does; its oscillator starts anywhere, at `start_turns`."""
    return pedal(effect, **ranges, start_turns=(0.0, 1.0))
