"""Made-up calibration sets."""

import numpy as np

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.prediction_intervals import SHARE, CalibrationSet


def make_calibration_sets(rng: np.random.Generator, sounds: int) -> dict[str, CalibrationSet]:
    """Estimates whose errors grow with the estimate, from 0 to a third."""
    estimates = {f: rng.uniform(size=(sounds, len(e.parameters))) for f, e in EFFECTS.items()}
    return {
        f: CalibrationSet(e, np.clip(e + rng.uniform(-1, 1, e.shape) * e / 3, 0, 1), SHARE)
        for f, e in estimates.items()
    }
