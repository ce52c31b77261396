"""Recordings of IDMT-SMT-Audio-Effects as sounds of a data set: their files' names are the labels.

The guitar with the fewest recordings is left to test on. The effect that a file's name states
counts as audible, and the amplifier simulation as dry.
"""

from collections.abc import Sequence

import numpy as np

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES, fit_length, for_analysis
from autofx_core.datasets.labels import DRY, EFFECT_ORDER
from autofx_core.datasets.synthetic import Rendered
from autofx_core.effects.table import N_PARAMETERS
from autofx_core.sources.clean import CleanSound
from autofx_core.sources.idmt import parse_name


def read_recordings(sounds: Sequence[CleanSound]) -> Rendered:
    """Read recordings with their effect; there is no sound without it, and no settings."""
    waves = [for_analysis(sound.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ) for sound in sounds]
    return Rendered(
        clean=np.empty((0, ANALYSIS_SAMPLES), dtype=np.float32),
        wet=np.stack([fit_length(wave) for wave in waves]),
        settings=np.zeros((len(sounds), N_PARAMETERS), dtype=np.float32),
        effect=np.array([_effect_of(sound) for sound in sounds]),
        recording=np.array([sound.recording for sound in sounds]),
    )


def _effect_of(sound: CleanSound) -> int:
    name = parse_name(sound.path.stem)
    if name is None or name.effect_class == "dry":
        return DRY
    return EFFECT_ORDER.index(name.effect)
