"""Match a reference: estimate the settings of an effect, and play the clean sound through it.

Methods are a registry. A method is a function that returns settings::

    from autofx_core.matching.match import Request, register

    @register("always_dry")
    def always_dry(request: Request) -> dict[str, float]:
        return {p.name: 0.0 if p.name == "mix" else p.default for p in request.effect.parameters}

==============  ===========================================================================
`random`        every parameter uniform in its range: the low anchor of AutoFX's experiment
`mlp_…`         the shipped networks of AutoFX (see `models`), by the names of `REGRESSORS`
`refined`       the clean sound played through the effect until it is the reference, for
                these effects and others (see `refinement`, `further_effects`)
==============  ===========================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from autofx_core.audio import (
    find_start,
    fit_length,
    for_analysis,
    normalize_peak,
    require_sound,
    resample,
    skip_silence,
)
from autofx_core.effects.registry import FURTHER, find_effect
from autofx_core.effects.table import (
    EFFECTS,
    SLICES,
    Effect,
    denormalize,
    draw_setting,
)
from autofx_core.features.batch import FeatureBatch
from autofx_core.matching.alignment import find_offset, shift
from autofx_core.matching.excerpts import choose_excerpt
from autofx_core.matching.recognise import recognise
from autofx_core.matching.refine import NeedsCleanError, Progress, ignore, refine
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance, measure_distances
from autofx_core.networks.inputs import WithProbabilities, takes_clean
from autofx_core.networks.registry import REGRESSORS, list_pretrained, load_network


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
    progress
        Called with the number of renders just made, by methods that take their time.
    """

    reference: np.ndarray
    clean: np.ndarray | None
    sample_rate: int
    effect: Effect
    rng: np.random.Generator
    progress: Progress = ignore


@dataclass(frozen=True)
class Match:
    """An answer: an effect, its settings in real units, and what that sounds like.

    Attributes
    ----------
    method
        Who answered.
    effect
        Its name.
    probabilities
        Of the six classes, the most probable first; empty where the effect was given.
    parameters
        Settings in real units; empty where the class has no generic effect.
    audio : ndarray, shape (channels, samples), float32, not normalised, or None
        The clean sound through the effect, where it was given.
    distances
        Of `audio` to the reference, by name.
    offset_samples
        By how much the reference was late; the clean sound was moved as far.
    """

    method: str
    effect: str
    probabilities: dict[str, float]
    parameters: dict[str, float]
    audio: np.ndarray | None
    distances: dict[str, float]
    offset_samples: int = 0


Method = Callable[[Request], dict[str, float]]
METHODS: dict[str, Method] = {}
ANY_EFFECT = frozenset({"refined"})
NEEDS_CLEAN = frozenset({"refined"})
IN_TIME = 0.1  # nepers; a match as near as that is in time
MUCH_NEARER = 0.8
MOST_CLASSES = 3
NEAR = 0.5  # times the clean sound's distance; no other class is tried
HIGHEST_RATE_HZ = 48_000
BEST_FIRST = ("match_wet", "autofx_f", "mlp_211c", "mlp_163c", "autofx", "mlp_163nc")
"""The networks that hear the reference alone, by their errors on unseen recordings."""


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
    effect: str | None = None,
    seed: int = 0,
    progress: Progress = ignore,
) -> Match:
    """Recognise the effect, and estimate the settings that make it sound like the reference.

    Parameters
    ----------
    reference : ndarray, shape (channels, samples), float32, full scale ±1
        At least 0.2 s; networks hear 1.587 s of it from where the sound begins.
    clean : ndarray, shape (channels, samples), float32
        The dry sound, to be played through the effect at peak 1: distortion depends on the level,
        and that is the level all settings are learnt for. It is moved by up to 0.1 s if that brings
        the match nearer to the reference: takes do not always start together.
    sample_rate
        Of both, in Hz.
    method
        A name from `METHODS`.
    effect
        Name of the effect, where it is known (see `further_effects.find_effect`); by default its
        class is recognised; methods that play the clean sound try the next likely class too, while
        none comes near. Dry sounds have no settings, and networks know none of reverb and
        tremolo.
    seed
        For methods that draw.
    progress
        Called with the number of renders just made.

    Raises
    ------
    AudioError
        If a sound is too short, silent or not finite.
    ValueError
        If the method or the effect is unknown, or unknown to the method, or it needs the clean
        sound.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    if effect is not None:
        find_effect(effect)
        if method not in ANY_EFFECT and effect not in EFFECTS:
            raise ValueError(
                f"method {method!r} knows {', '.join(EFFECTS)}, not {effect!r}; 'refined' does, "
                "with the clean sound"
            )
    if method in NEEDS_CLEAN and clean is None:
        raise NeedsCleanError(
            f"method {method!r} needs the clean sound, to play it through the effect; give it, or "
            f"choose a network ({', '.join(name for name in METHODS if name in REGRESSORS)})"
        )
    require_sound(reference, sample_rate, "the reference")
    if clean is not None:
        require_sound(clean, sample_rate, "the clean sound")
    probabilities = {} if effect else recognise(skip_silence(reference, sample_rate), sample_rate)
    effect = effect or next(iter(probabilities))
    dry = None if clean is None else normalize_peak(clean)
    known = EFFECTS | FURTHER if method in ANY_EFFECT else EFFECTS
    classes = [effect]
    if method in NEEDS_CLEAN and probabilities and _differ(reference, dry, sample_rate):
        classes = [name for name in probabilities if name in known][:MOST_CLASSES]
    if probabilities and classes[0] not in known:
        return Match(method, effect, probabilities, {}, None, {})
    rng = np.random.default_rng(seed)
    request = Request(reference, dry, sample_rate, find_effect(classes[0]), rng, progress)
    if dry is None:
        return Match(method, effect, probabilities, METHODS[method](request), None, {})
    part = choose_excerpt(dry, sample_rate)
    short = replace(request, reference=reference[:, part], clean=dry[:, part])
    found = _in_time(_nearest(method, classes, probabilities, short), short)
    whole = replace(
        request,
        effect=find_effect(found.effect),
        clean=shift(request.clean, found.offset_samples),
    )
    _, audio, distances = _play(whole, found.parameters)
    return replace(found, audio=audio, distances=distances)


def _differ(reference: np.ndarray, clean: np.ndarray, sample_rate: int) -> bool:
    """Tell whether an effect can be heard at all, whatever the recogniser says."""
    part = choose_excerpt(clean, sample_rate)
    distance_db = log_mel_distance(reference[:, part], clean[:, part], sample_rate)
    return distance_db >= AUDIBLE_DB


def _nearest(
    method: str, classes: list[str], probabilities: dict[str, float], request: Request
) -> Match:
    """Answer for the likeliest class, and for the next ones while none comes near: ears may err."""
    clean = measure_distances(request.reference, request.clean, request.sample_rate)
    found: list[Match] = []
    for name in classes:
        asked = replace(request, effect=find_effect(name))
        played = _play(asked, METHODS[method](asked))
        found.append(Match(method, name, probabilities, *played))
        if found[-1].distances["mrstft"] < max(IN_TIME, NEAR * clean["mrstft"]):
            break
    return min(found, key=lambda answer: answer.distances["mrstft"])


def _play(
    request: Request, parameters: dict[str, float]
) -> tuple[dict[str, float], np.ndarray, dict[str, float]]:
    """Play the clean sound with an answer, and measure it."""
    audio = request.effect.render(request.clean, request.sample_rate, parameters)
    return parameters, audio, measure_distances(request.reference, audio, request.sample_rate)


def _in_time(found: Match, request: Request) -> Match:
    """Move the clean sound, and answer again, if the match is far away and that brings it nearer.

    By how much is read off the match, or, where it is too far from the reference, the clean sound.
    """
    if found.distances["mrstft"] < IN_TIME:
        return found
    request = replace(request, effect=find_effect(found.effect))
    guesses = {
        find_offset(sound, request.reference, request.sample_rate)
        for sound in (found.audio, request.clean)
    }
    for samples in sorted(guesses - {0}):
        moved = replace(request, clean=shift(request.clean, samples), rng=np.random.default_rng(0))
        parameters, audio, distances = _play(moved, METHODS[found.method](moved))
        if distances["mrstft"] < MUCH_NEARER * found.distances["mrstft"]:
            found = replace(
                found,
                parameters=parameters,
                audio=audio,
                distances=distances,
                offset_samples=samples,
            )
    return found


@register("random")
def draw_at_random(request: Request) -> dict[str, float]:
    """Draw every parameter uniformly from its range; deaf to the reference."""
    return draw_setting(request.rng, request.effect.key)


@dataclass(frozen=True)
class Network:
    """Estimate by one of the shipped regressors, which hear 1.587 s from the beginning."""

    name: str

    def __call__(self, request: Request) -> dict[str, float]:
        """Answer with the settings of the wanted effect.

        Raises
        ------
        NeedsCleanError
            If the network hears the clean sound, too, and there is none.
        """
        model = load_network(self.name)
        sounds = [request.reference]
        if takes_clean(model):
            if request.clean is None:
                raise NeedsCleanError(f"{self.name} needs the clean sound; match_wet does without")
            sounds.append(request.clean)
        start = min(find_start(sound, request.sample_rate) for sound in sounds)
        heard = FeatureBatch(*(_hear(sound[:, start:], request.sample_rate) for sound in sounds))
        vector = model.predict(WithProbabilities(heard))[0]
        effect_class = request.effect.key
        return denormalize(effect_class, vector[SLICES[effect_class]].numpy())


def _hear(wave: np.ndarray, sample_rate: int) -> torch.Tensor:
    """Cut what networks hear of a sound, shape (1, 35000)."""
    return torch.from_numpy(fit_length(for_analysis(wave, sample_rate)))[None]


for _name in list_pretrained():
    if _name in REGRESSORS:
        register(_name)(Network(_name))


def default_method(clean: np.ndarray | None) -> str:
    """Name the best method there is with, or without, the clean sound."""
    return "refined" if clean is not None else next(name for name in BEST_FIRST if name in METHODS)


@register("refined")
def play_until_alike(request: Request) -> dict[str, float]:
    """Refine on two seconds of the sound; start from a network where it knows more."""
    part, sample_rate = choose_excerpt(request.clean, request.sample_rate), request.sample_rate
    sounds = [request.reference[:, part], request.clean[:, part]]
    if sample_rate > HIGHEST_RATE_HZ:
        sounds = [resample(sound, sample_rate, HIGHEST_RATE_HZ) for sound in sounds]
        sample_rate = HIGHEST_RATE_HZ
    network = METHODS["match_pair"]
    answer = refine(
        request.effect,
        *sounds,
        sample_rate=sample_rate,
        suggest=(lambda: network(request)) if request.effect.key in EFFECTS else None,
        seed=int(request.rng.integers(2**31)),
        progress=request.progress,
    )
    return answer.parameters
