"""The effects: generic ones whose settings are estimated, further ones, and models of pedals.

============  =====================================================================
`taxonomy`    the six classes and the eleven effects of the recognition task
`table`       the generic effects of AutoFX, one row each, and how they are rendered
`registry`    further effects, chains of effects, and users' own
`parts`       what the adaptable ones of these are built of
`pedals`      models of other pedals: independent designs of every effect
============  =====================================================================
"""

from autofx_core.effects.table import (
    EFFECTS,
    N_PARAMETERS,
    SLICES,
    Effect,
    Parameter,
    Stage,
    denormalize,
    draw_setting,
    effect_of,
    normalize,
    render,
)
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES

__all__ = [
    "CLASSES",
    "EFFECTS",
    "EFFECT_NAMES",
    "N_PARAMETERS",
    "SLICES",
    "Effect",
    "Parameter",
    "Stage",
    "denormalize",
    "draw_setting",
    "effect_of",
    "normalize",
    "render",
]
