"""Recognise the class of the effect on a sound."""

import numpy as np
import torch

from autofx_core.audio import for_analysis, require_sound
from autofx_core.datasets import fit_length
from autofx_core.effects import CLASSES
from autofx_core.hearing import Heard, class_probabilities


def recognise(wave: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Weigh the six classes of effects.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), float32, full scale ±1
        At least 0.2 s; its first 1.587 s are heard.
    sample_rate
        In Hz.

    Returns
    -------
    dict
        Class → probability, the most probable first. Inaudible effects were labelled "dry" in
        training, but the shipped recogniser often takes a dry sound for another class.

    Raises
    ------
    AudioError
        If the sound is too short, silent or not finite.
    """
    require_sound(wave, sample_rate, "the sound")
    batch = torch.from_numpy(fit_length(for_analysis(wave, sample_rate)))[None]
    probabilities = class_probabilities(Heard(batch))[0].tolist()
    ranked = sorted(zip(CLASSES, probabilities, strict=True), key=lambda pair: -pair[1])
    return dict(ranked)
