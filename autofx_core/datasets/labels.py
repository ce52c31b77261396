"""The pedals of a data set, and which of the eleven effects each makes."""

import numpy as np

from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, SLICES, denormalize
from autofx_core.effects.taxonomy import EFFECT_NAMES

UNKNOWN_PEDAL = "unknown"
"""Stands for the pedals of recordings that came with their effect."""

CHAINS = "chains"
"""Stands for the pedals of sounds that were played through several, or none."""

PEDALS = (*EFFECTS, *PEDAL_MODELS)
"""Every pedal, the generic effects first."""

EFFECT_ORDER = tuple(EFFECT_NAMES)
DRY = EFFECT_ORDER.index("dry")
SLAPBACK_FEEDBACK = 0.1
"""Of the generic delay: below it the second repeat is 20 dB under the first."""
OVERDRIVE_DB = 30.0
"""Of the generic distortion: below this drive it is called overdrive."""


def is_dry(pedal: str) -> bool:
    """Return whether a pedal changes no more than the tone or the level."""
    return pedal in PEDAL_MODELS and PEDAL_MODELS[pedal].effect == "dry"


def effect_name(pedal: str, settings: np.ndarray) -> str:
    """Name which of the eleven effects a pedal makes.

    Parameters
    ----------
    pedal
        A name from `PEDALS`.
    settings : ndarray, shape (15,), normalised
        Of a generic effect: how often the delay repeats and how hard the distortion drives decide.
    """
    if pedal in PEDAL_MODELS:
        return PEDAL_MODELS[pedal].effect
    setting = denormalize(pedal, settings[SLICES[pedal]])
    if pedal == "delay":
        few = setting["feedback"] < SLAPBACK_FEEDBACK
        return "slapback delay" if few else "feedback delay"
    if pedal == "distortion":
        return "overdrive" if setting["drive_db"] < OVERDRIVE_DB else "distortion"
    return "chorus"
