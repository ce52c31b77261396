"""Match a reference: estimate the settings of an effect, and play the clean sound through it.

Methods are a registry. A method is a function that returns settings::

    from autofx_core.matching.match import Request, register

    @register("always_dry")
    def always_dry(request: Request) -> dict[str, float]:
        return {p.name: 0.0 if p.name == "mix" else p.default for p in request.effect.parameters}

==============  ===========================================================================
`random`        every parameter uniform in its range: the low anchor of AutoFX's experiment
a network       the pretrained networks that estimate settings (see `networks.registry`)
`refined`       the clean sound played through the effect until it is the reference, for
                these effects and others (see `matching.refine`, `effects.registry`)
==============  ===========================================================================

`match` recognises the effect, chooses the classes to try, estimates the settings for each, aligns
the clean sound with the reference, and renders all of it with the nearest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from autofx_core.audio import (
    fit_length,
    for_analysis,
    list_faults,
    normalize_peak,
    require_sound,
    resample,
)
from autofx_core.effects.registry import FURTHER, find_effect
from autofx_core.effects.table import EFFECTS, SLICES, Effect, denormalize, draw_setting
from autofx_core.features.batch import FeatureBatch
from autofx_core.matching.alignment import find_offset, shift
from autofx_core.matching.excerpts import choose_excerpt
from autofx_core.matching.recognise import Recognition, recognise
from autofx_core.matching.refine import NeedsCleanError, Progress, RefineOptions, ignore, refine
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance, measure_distances
from autofx_core.networks.inputs import WithProbabilities, takes_clean
from autofx_core.networks.registry import REGRESSORS, list_pretrained, load_network
from autofx_core.windows import choose_windows


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

    def require_clean(self) -> np.ndarray:
        """Return the clean sound.

        Raises
        ------
        NeedsCleanError
            If there is none.
        """
        if self.clean is None:
            raise NeedsCleanError(
                "the clean sound is missing, to play it through the effect; give it, or choose "
                "match_wet, which does without"
            )
        return self.clean


@dataclass(frozen=True)
class Match:
    """An effect, its estimated settings, and the clean sound played through it.

    Attributes
    ----------
    method
        Name of the method that estimated.
    effect
        Name of the effect, by which `find_effect` finds it; the class, where it was recognised.
    probabilities
        Of the six classes, the most probable first; empty where the effect was given.
    effects
        Probabilities of the eleven effects, the most probable first; empty where it was given.
    parameters
        Settings in real units; empty where the class has no generic effect.
    audio : ndarray, shape (channels, samples), float32, not normalised, or None
        The clean sound through the effect, where it was given.
    distances
        Of `audio` to the reference, by name.
    offset_samples
        By how much the reference was late; the clean sound was moved as far.
    warnings
        What is wrong with the reference but does not forbid a match; see `audio.list_faults`.
    """

    method: str
    effect: str
    probabilities: dict[str, float] = field(default_factory=dict)
    effects: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    audio: np.ndarray | None = None
    distances: dict[str, float] = field(default_factory=dict)
    offset_samples: int = 0
    warnings: tuple[str, ...] = ()


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
"""The networks that take the reference alone, by their errors on unseen recordings."""


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
        At least 0.2 s; networks use up to eight windows of 1.587 s of it (see `windows`).
    clean : ndarray, shape (channels, samples), float32
        The dry sound, to be played through the effect at peak 1: distortion depends on the level,
        and that is the level at which all networks were trained. It is moved by up to 0.1 s if that
        brings the match nearer to the reference: takes do not always start together.
    sample_rate
        Of both, in Hz.
    method
        A name from `METHODS`.
    effect
        Name of the effect, where it is known (see `effects.registry.find_effect`); by default its
        class is recognised, and methods that play the clean sound try the next class while the
        distance stays large. Dry sounds have no settings, and networks estimate none of reverb and
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
        If the method or the effect is unknown, the method does not estimate that effect, or it
        needs the clean sound.
    """
    _check_method(method, effect, clean)
    require_sound(reference, sample_rate, "the reference")
    if clean is not None:
        require_sound(clean, sample_rate, "the clean sound")
        clean = normalize_peak(clean)
    if effect is None:
        recognition = recognise(reference, sample_rate)
        effect = next(iter(recognition.classes))
        names = _choose_classes(method, recognition, reference, clean, sample_rate)
    else:
        recognition, names = Recognition({}, {}), [effect]
    faults = tuple(list_faults(reference))
    found = Match(method, effect, recognition.classes, recognition.effects, warnings=faults)
    if not names:
        return found
    rng = np.random.default_rng(seed)
    request = Request(reference, clean, sample_rate, find_effect(names[0]), rng, progress)
    if clean is None:
        return replace(found, parameters=METHODS[method](request))
    part = choose_excerpt(clean, sample_rate)
    excerpt = replace(request, reference=reference[:, part], clean=clean[:, part])
    found = _align(_estimate(found, names, excerpt), excerpt)
    moved = shift(clean, found.offset_samples)
    return _render(found, replace(request, effect=find_effect(found.effect), clean=moved))


def _check_method(method: str, effect: str | None, clean: np.ndarray | None) -> None:
    """Refuse unknown methods and effects, and methods for which they or the clean sound are amiss.

    Raises
    ------
    ValueError
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; known: {', '.join(METHODS)}")
    if effect is not None:
        find_effect(effect)
        if method not in ANY_EFFECT and effect not in EFFECTS:
            raise ValueError(
                f"method {method!r} estimates {', '.join(EFFECTS)}, not {effect!r}; "
                "'refined' does, with the clean sound"
            )
    if method in NEEDS_CLEAN and clean is None:
        raise NeedsCleanError(
            f"method {method!r} needs the clean sound, to play it through the effect; give it, or "
            f"choose a network ({', '.join(name for name in METHODS if name in REGRESSORS)})"
        )


def _choose_classes(
    method: str,
    recognition: Recognition,
    reference: np.ndarray,
    clean: np.ndarray | None,
    sample_rate: int,
) -> list[str]:
    """Choose the classes whose effects are tried, the most probable first.

    A network estimates for the most probable class alone, if that has a generic effect. A method
    that plays the clean sound tries several, if the sounds differ audibly: the classifier may be
    wrong.
    """
    known = EFFECTS | FURTHER if method in ANY_EFFECT else EFFECTS
    ranked = list(recognition.classes)
    if method in NEEDS_CLEAN and clean is not None:
        part = choose_excerpt(clean, sample_rate)
        if log_mel_distance(reference[:, part], clean[:, part], sample_rate) >= AUDIBLE_DB:
            return [name for name in ranked if name in known][:MOST_CLASSES]
    return [name for name in ranked[:1] if name in known]


def _estimate(found: Match, names: list[str], request: Request) -> Match:
    """Estimate the settings of each effect until one comes near; return the nearest."""
    clean = measure_distances(request.reference, request.require_clean(), request.sample_rate)
    near = max(IN_TIME, NEAR * clean["mrstft"])
    tried: list[Match] = []
    for name in names:
        of_effect = replace(request, effect=find_effect(name))
        parameters = METHODS[found.method](of_effect)
        tried.append(_render(replace(found, effect=name, parameters=parameters), of_effect))
        if tried[-1].distances["mrstft"] < near:
            break
    return min(tried, key=lambda match: match.distances["mrstft"])


def _render(found: Match, request: Request) -> Match:
    """Play the clean sound with the estimated settings, and measure it."""
    audio = request.effect.render(request.require_clean(), request.sample_rate, found.parameters)
    distances = measure_distances(request.reference, audio, request.sample_rate)
    return replace(found, audio=audio, distances=distances)


def _align(found: Match, request: Request) -> Match:
    """Move the clean sound and estimate again, if the match is far away and that brings it nearer.

    The offset is that of the reference from the match or, where that is too far from the reference
    to tell, from the clean sound.
    """
    if found.distances["mrstft"] < IN_TIME:
        return found
    clean = request.require_clean()
    offsets = {
        find_offset(sound, request.reference, request.sample_rate)
        for sound in (found.audio, clean)
        if sound is not None
    }
    for samples in sorted(offsets - {0}):
        moved = replace(
            request,
            effect=find_effect(found.effect),
            clean=shift(clean, samples),
            rng=np.random.default_rng(0),
        )
        parameters = METHODS[found.method](moved)
        later = _render(replace(found, parameters=parameters, offset_samples=samples), moved)
        if later.distances["mrstft"] < MUCH_NEARER * found.distances["mrstft"]:
            found = later
    return found


@register("random")
def draw_at_random(request: Request) -> dict[str, float]:
    """Draw every parameter uniformly from its range, whatever the reference."""
    return draw_setting(request.rng, request.effect.key)


@dataclass(frozen=True)
class Network:
    """Estimate by one of the pretrained networks: the mean of what it estimates for windows."""

    name: str

    def __call__(self, request: Request) -> dict[str, float]:
        """Estimate the settings of the wanted effect.

        Raises
        ------
        NeedsCleanError
            If the network takes the clean sound, too, and there is none.
        """
        network = load_network(self.name)
        sounds = [request.reference]
        if takes_clean(network):
            sounds.append(request.require_clean())
        waves = [for_analysis(sound, request.sample_rate) for sound in sounds]
        starts = min((choose_windows(wave) for wave in waves), key=lambda starts: int(starts[0]))
        cut = [
            np.stack([normalize_peak(fit_length(wave[start:])) for start in starts])
            for wave in waves
        ]
        batch = FeatureBatch(*map(torch.from_numpy, cut))
        vector = network.predict(WithProbabilities(batch)).mean(0)
        effect_class = request.effect.key
        return denormalize(effect_class, vector[SLICES[effect_class]].numpy())


for _name in list_pretrained():
    if _name in REGRESSORS:
        register(_name)(Network(_name))


def default_method(clean: np.ndarray | None) -> str:
    """Name the best method there is with, or without, the clean sound."""
    return "refined" if clean is not None else next(name for name in BEST_FIRST if name in METHODS)


@register("refined")
def play_until_alike(request: Request) -> dict[str, float]:
    """Refine on two seconds of the sound; start from a network for the generic effects."""
    clean, sample_rate = request.require_clean(), request.sample_rate
    part = choose_excerpt(clean, sample_rate)
    sounds = [request.reference[:, part], clean[:, part]]
    if sample_rate > HIGHEST_RATE_HZ:
        sounds = [resample(sound, sample_rate, HIGHEST_RATE_HZ) for sound in sounds]
        sample_rate = HIGHEST_RATE_HZ
    network = METHODS["match_pair"]
    refined = refine(
        request.effect,
        *sounds,
        sample_rate=sample_rate,
        options=RefineOptions(seed=int(request.rng.integers(2**31))),
        suggest=(lambda: network(request)) if request.effect.key in EFFECTS else None,
        progress=request.progress,
    )
    return refined.parameters
