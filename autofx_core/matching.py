"""Match a reference: estimate the settings of an effect, and play the clean sound through it.

Methods are a registry. A method is a function that returns settings::

    from autofx_core.matching import Request, register

    @register("always_dry")
    def always_dry(request: Request) -> dict[str, float]:
        return {p.name: 0.0 if p.name == "mix" else p.default for p in request.effect.parameters}

==============  ===========================================================================
`random`        every parameter uniform in its range: the low anchor of AutoFX's experiment
`mlp_…`         the shipped networks of AutoFX (see `models`), by the names of `REGRESSORS`
==============  ===========================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from autofx_core.audio import for_analysis, normalize_peak, require_sound
from autofx_core.checkpoints import load_model, shipped
from autofx_core.datasets import fit_length
from autofx_core.effects import (
    EFFECTS,
    SLICES,
    Effect,
    denormalize,
    draw_setting,
    effect_of,
    render,
)
from autofx_core.evaluate import estimate_settings
from autofx_core.features import classification_features, regression_features
from autofx_core.losses import log_mel_distance, mrstft_distance
from autofx_core.models import REGRESSORS
from autofx_core.recognition import recognise


@dataclass(frozen=True)
class Request:
    """What a method is given.

    Attributes
    ----------
    reference : ndarray, shape (channels, samples), float32
        The sound to match.
    clean : ndarray, shape (channels, samples), float32, or None
        The dry sound, where there is one.
    sample_rate
        Of both, in Hz.
    effect
        The row of the effects table whose settings are wanted.
    rng
        The only source of chance.
    """

    reference: np.ndarray
    clean: np.ndarray | None
    sample_rate: int
    effect: Effect
    rng: np.random.Generator


@dataclass(frozen=True)
class Match:
    """An answer: an effect, its settings in real units, and what that sounds like.

    Attributes
    ----------
    method
        Who answered.
    effect
        Family of the effect.
    probabilities
        Of the six classes, the most probable first; empty where the family was given.
    parameters
        Settings in real units; empty where the class has no generic effect.
    audio : ndarray, shape (channels, samples), float32, not normalised, or None
        The clean sound through the effect, where it was given.
    distances
        Of `audio` to the reference, by name.
    """

    method: str
    effect: str
    probabilities: dict[str, float]
    parameters: dict[str, float]
    audio: np.ndarray | None
    distances: dict[str, float]


Method = Callable[[Request], dict[str, float]]
METHODS: dict[str, Method] = {}


def register(name: str) -> Callable[[Method], Method]:
    """Add a method to the registry under a name.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def add(method: Method) -> Method:
        if name in METHODS:
            raise ValueError(f"a method {name!r} is registered already")
        METHODS[name] = method
        return method

    return add


def match(
    reference: np.ndarray,
    clean: np.ndarray | None = None,
    *,
    sample_rate: int,
    method: str,
    family: str | None = None,
    seed: int = 0,
) -> Match:
    """Recognise the effect, and estimate the settings that make it sound like the reference.

    Parameters
    ----------
    reference : ndarray, shape (channels, samples), float32, full scale ±1
        At least 0.2 s; networks hear its first 1.587 s.
    clean : ndarray, shape (channels, samples), float32
        The dry sound, to be played through the effect at peak 1: distortion depends on the level,
        and that is the level all settings are learnt for.
    sample_rate
        Of both, in Hz.
    method
        A name from `METHODS`.
    family
        Family of the effect, a key of `effects.EFFECTS`, where it is known; by default it is
        recognised. A class without a generic effect (reverb, tremolo, dry) has no settings.
    seed
        For methods that draw.

    Raises
    ------
    AudioError
        If a sound is too short, silent or not finite.
    ValueError
        If the method or the family is unknown.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    if family is not None:
        effect_of(family)
    require_sound(reference, sample_rate, "the reference")
    if clean is not None:
        require_sound(clean, sample_rate, "the clean sound")
    probabilities = {} if family else recognise(reference, sample_rate)
    family = family or next(iter(probabilities))
    if family not in EFFECTS:
        return Match(method, family, probabilities, {}, None, {})
    rng = np.random.default_rng(seed)
    request = Request(reference, clean, sample_rate, EFFECTS[family], rng)
    parameters = METHODS[method](request)
    audio, distances = None, {}
    if clean is not None:
        audio = render(family, normalize_peak(clean), sample_rate, parameters)
        distances = measure_distances(reference, audio, sample_rate)
    return Match(method, family, probabilities, parameters, audio, distances)


def measure_distances(
    reference: np.ndarray, other: np.ndarray, sample_rate: int
) -> dict[str, float]:
    """Objective distances of a sound to the reference, by name (see `losses`)."""
    return {
        "mrstft": mrstft_distance(reference, other, sample_rate),
        "log_mel_db": log_mel_distance(reference, other, sample_rate),
    }


@register("random")
def draw_at_random(request: Request) -> dict[str, float]:
    """Draw every parameter uniformly from its range; deaf to the reference."""
    return draw_setting(request.rng, request.effect.family)


@dataclass(frozen=True)
class Network:
    """Estimate by one of the shipped regressors, from the reference alone."""

    name: str

    def __call__(self, request: Request) -> dict[str, float]:
        """Hear the first 1.587 s, and answer with the settings of the wanted effect."""
        wave = fit_length(for_analysis(request.reference, request.sample_rate))
        batch = torch.from_numpy(wave)[None]
        vector = estimate_settings(
            load_model(self.name), classification_features(batch), regression_features(batch)
        )[0]
        family = request.effect.family
        return denormalize(family, vector[SLICES[family]].numpy())


for _name in shipped():
    if _name in REGRESSORS:
        register(_name)(Network(_name))
