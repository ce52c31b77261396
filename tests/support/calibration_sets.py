"""Made-up calibration sets."""

import numpy as np

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.prediction_intervals import SHARE, CalibrationSet


def make_calibration_set(rng: np.random.Generator, sounds: int) -> CalibrationSet:
    """Estimates whose errors grow with the estimate, from 0 to a third."""
    estimates = {f: rng.uniform(size=(sounds, len(e.parameters))) for f, e in EFFECTS.items()}
    truths = {
        f: np.clip(e + rng.uniform(-1, 1, e.shape) * e / 3, 0, 1) for f, e in estimates.items()
    }
    return CalibrationSet(estimates, truths, dict.fromkeys(EFFECTS, SHARE))
