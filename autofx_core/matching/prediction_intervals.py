"""Intervals that should hold four of five true settings, from a network's errors on other sounds.

A calibration set is kept beside a pretrained network's weights, as ``calibration.npz``: the
network's estimates for sounds that it was not trained on, and the true settings. The interval
around a new estimate spans the errors of the nearest estimates in the set. `training.calibrate`
makes such a set and measures how many settings its intervals hold.

References
----------
Meinshausen: "Quantile regression forests" (JMLR 7, 2006), for quantiles over neighbours.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from autofx_core.effects.table import EFFECTS, Effect
from autofx_core.matching.audible_range import Intervals
from autofx_core.networks.checkpoints import WEIGHTS_NAME
from autofx_core.networks.registry import PRETRAINED

SHARE = 0.8
"""Of the true settings, how many should lie inside."""

NEIGHBOURS = 50
CALIBRATION_NAME = "calibration.npz"


@dataclass(frozen=True)
class CalibrationSet:
    """Estimates for sounds of one effect that a network was not trained on, and the true settings.

    Attributes
    ----------
    estimates, truths : ndarray, shape (sounds, parameters), normalised
    span
        Share of the nearest errors that an interval spans, in [0, 1].
    """

    estimates: np.ndarray
    truths: np.ndarray
    span: float

    def ends(self, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles of the errors of the nearest estimates, around a new one.

        Parameters
        ----------
        estimate : ndarray, shape (parameters,), normalised

        Returns
        -------
        low, high : ndarray, shape (parameters,), in [0, 1], around the estimate
        """
        nearest = np.argsort(np.square(self.estimates - estimate).sum(1))[:NEIGHBOURS]
        errors = self.truths[nearest] - self.estimates[nearest]
        ends = np.quantile(errors, [(1 - self.span) / 2, (1 + self.span) / 2], axis=0)
        low, high = np.clip(estimate + ends, 0.0, 1.0)
        return np.minimum(low, estimate), np.maximum(high, estimate)


@cache
def read_calibration(name: str) -> dict[str, CalibrationSet] | None:
    """Read a pretrained network's sets by effect; None if it has none, or of other weights."""
    path = PRETRAINED / name / CALIBRATION_NAME
    if not path.is_file():
        return None
    with np.load(path) as stored:
        if stored["weights"] != weights_sha256(path.parent):
            return None
        return {
            effect_class: CalibrationSet(
                stored[f"{effect_class}_estimates"].astype(np.float64),
                stored[f"{effect_class}_truths"].astype(np.float64),
                float(stored[f"{effect_class}_span"]),
            )
            for effect_class in EFFECTS
        }


def weights_sha256(folder: Path) -> str:
    """SHA-256 of the weights in a folder."""
    return hashlib.sha256((folder / WEIGHTS_NAME).read_bytes()).hexdigest()


def prediction_interval(
    calibration: CalibrationSet, effect: Effect, parameters: Mapping[str, float]
) -> Intervals:
    """Give the ranges that should hold `SHARE` of the true settings behind similar estimates.

    Parameters
    ----------
    calibration
        Of the network that estimated, for this effect.
    effect
        A generic effect.
    parameters
        The estimate, in real units.

    Returns
    -------
    dict
        Name → lowest and highest value, in the parameter's unit.
    """
    ends = calibration.ends(effect.normalize(parameters))
    lowest, highest = map(effect.denormalize, ends)
    return {name: (low, highest[name]) for name, low in lowest.items()}
