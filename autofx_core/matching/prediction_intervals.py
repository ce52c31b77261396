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
    """Estimates for sounds that a network was not trained on, and the true settings.

    Attributes
    ----------
    estimates, truths
        Effect → ndarray, shape (sounds, parameters), normalised.
    spans
        Effect → the share of the nearest errors that an interval spans, in [0, 1].
    """

    estimates: dict[str, np.ndarray]
    truths: dict[str, np.ndarray]
    spans: dict[str, float]

    def ends(self, effect_class: str, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest normalised settings around an estimate of shape (parameters,)."""
        return interval_ends(
            self.estimates[effect_class],
            self.truths[effect_class],
            estimate,
            self.spans[effect_class],
        )


def interval_ends(
    estimates: np.ndarray, truths: np.ndarray, estimate: np.ndarray, span: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of the errors of the nearest estimates, around a new one.

    Parameters
    ----------
    estimates, truths : ndarray, shape (sounds, parameters), normalised
    estimate : ndarray, shape (parameters,), normalised
    span
        Share of the errors between the two quantiles, in [0, 1].

    Returns
    -------
    low, high : ndarray, shape (parameters,), in [0, 1], around the estimate
    """
    nearest = np.argsort(np.square(estimates - estimate).sum(1))[:NEIGHBOURS]
    errors = truths[nearest] - estimates[nearest]
    ends = np.quantile(errors, [(1 - span) / 2, (1 + span) / 2], axis=0)
    low, high = np.clip(estimate + ends, 0.0, 1.0)
    return np.minimum(low, estimate), np.maximum(high, estimate)


@cache
def read_calibration(name: str) -> CalibrationSet | None:
    """Read a pretrained network's calibration set; None if there is none, or of other weights."""
    path = PRETRAINED / name / CALIBRATION_NAME
    if not path.is_file():
        return None
    with np.load(path) as stored:
        if stored["weights"] != weights_sha256(path.parent):
            return None
        estimates, truths = (
            {
                effect_class: stored[f"{effect_class}_{kind}"].astype(np.float64)
                for effect_class in EFFECTS
            }
            for kind in ("estimates", "truths")
        )
        return CalibrationSet(
            estimates,
            truths,
            {effect_class: float(stored[f"{effect_class}_span"]) for effect_class in EFFECTS},
        )


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
        Of the network that estimated.
    effect
        A generic effect.
    parameters
        The estimate, in real units.

    Returns
    -------
    dict
        Name → lowest and highest value, in the parameter's unit.
    """
    low, high = calibration.ends(effect.key, effect.normalize(parameters))
    return {
        p.name: (float(p.low + a * (p.high - p.low)), float(p.low + b * (p.high - p.low)))
        for p, a, b in zip(effect.parameters, low, high, strict=True)
    }
