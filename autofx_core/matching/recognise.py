"""Recognise the effect on a sound."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import list_faults, require_sound
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.timbre import timbre_features
from autofx_core.networks.classifier import class_log_probabilities
from autofx_core.networks.registry import load_network
from autofx_core.windows import cut_windows


@dataclass(frozen=True)
class Recognition:
    """Probabilities of what is on a sound, the most probable first.

    Attributes
    ----------
    classes
        Class among the six → probability. An effect that cannot be heard is "dry".
    effects
        Effect among the eleven (chorus, flanger, …) → probability. Those of one class sum up to
        its probability.
    warnings
        What is wrong with the sound; see `audio.list_faults`.
    """

    classes: dict[str, float]
    effects: dict[str, float]
    warnings: tuple[str, ...] = ()


@torch.no_grad()
def recognise(wave: np.ndarray, sample_rate: int) -> Recognition:
    """Estimate the probabilities of the six classes and of the eleven effects.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), float32, full scale ±1
        At least 0.2 s. Up to eight windows of 1.587 s stand for all of it (see `windows`), and
        the logarithms of their probabilities are averaged.
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If the sound is too short, silent or not finite.
    """
    require_sound(wave, sample_rate, "the sound")
    windows = torch.from_numpy(cut_windows(wave, sample_rate))
    votes = load_network("effect_classifier")(timbre_features(windows))
    effects = votes.mean(0, keepdim=True).log_softmax(-1)
    return Recognition(
        _rank(CLASSES, class_log_probabilities(effects)),
        _rank(EFFECT_NAMES, effects),
        tuple(list_faults(wave)),
    )


def _rank(names: Iterable[str], log_probabilities: Tensor) -> dict[str, float]:
    pairs = zip(names, log_probabilities[0].exp().tolist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: -pair[1]))
