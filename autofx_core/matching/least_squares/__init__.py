"""Settings read off the clean sound and the reference by least squares.

Where an effect's equations allow it, its settings follow from both sounds without playing the
effect at all. Each module eliminates what is linear, and searches what is left:

==================  ==========================================================  ==================
module              searched                                                    solved for
==================  ==========================================================  ==================
`delay`             the delay, every one at once                                feedback, mix
`distortion`        the drive, then the shelves                                 response by band
`chorus`            rate, depth, centre delay, phase if it may be anything      feedback, mix
==================  ==========================================================  ==================

All take mono waves, shape (samples,), float64, aligned, the clean one at the level that enters the
effect, and return a list of settings, the likeliest first. The equations are those of
pedalboard's plug-ins; for other pedals the result is only a start, which `matching.refine`
improves.
"""

from collections.abc import Callable

import numpy as np

from autofx_core.matching.least_squares.chorus import invert_chorus
from autofx_core.matching.least_squares.delay import invert_delay
from autofx_core.matching.least_squares.distortion import invert_distortion

Inversion = Callable[[np.ndarray, np.ndarray, int], list[dict[str, float]]]

INVERSIONS: dict[str, Inversion] = {
    "modulation": invert_chorus,
    "delay": invert_delay,
    "distortion": invert_distortion,
}
"""By the effect's family."""
