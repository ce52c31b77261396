"""Recognise the effect on a sound."""

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import fit_length, for_analysis, require_sound
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.timbre import timbre_features
from autofx_core.networks.classifier import class_log_probabilities
from autofx_core.networks.registry import load_network


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
        Class → probability, the most probable first. An effect that cannot be heard is "dry".

    Raises
    ------
    AudioError
        If the sound is too short, silent or not finite.
    """
    return _ranked(CLASSES, class_log_probabilities(_weigh(wave, sample_rate)))


def recognise_effect(wave: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Weigh the eleven effects (chorus, flanger, …); otherwise as `recognise`."""
    return _ranked(tuple(EFFECT_NAMES), _weigh(wave, sample_rate))


@torch.no_grad()
def _weigh(wave: np.ndarray, sample_rate: int) -> Tensor:
    require_sound(wave, sample_rate, "the sound")
    batch = torch.from_numpy(fit_length(for_analysis(wave, sample_rate)))[None]
    return load_network("effect_classifier")(timbre_features(batch))


def _ranked(names: tuple[str, ...], log_probabilities: Tensor) -> dict[str, float]:
    pairs = zip(names, log_probabilities[0].exp().tolist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: -pair[1]))
