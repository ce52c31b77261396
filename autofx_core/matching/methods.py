"""The methods that estimate settings, as a registry, and what they take and `match` returns.

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
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from autofx_core.audio import fit_length, for_analysis, normalize_peak, resample
from autofx_core.effects.registry import find_effect
from autofx_core.effects.table import EFFECTS, SLICES, Effect, denormalize, draw_setting
from autofx_core.features.batch import FeatureBatch
from autofx_core.matching.excerpts import choose_excerpt
from autofx_core.matching.refine import NeedsCleanError, Progress, RefineOptions, ignore, refine
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
    effect_class
        Class among the six of what was found; empty where the effect was given.
    warnings
        What is wrong with the reference but does not forbid a match; see `audio.list_faults`.
    lfo_phase
        Where the effect's oscillators stand at the clean sound's first sample, in turns; empty
        where there are none, or they start as the plug-in starts them.
    explained
        Share of the clean sound's distance that the match removes, in [0, 1]; None without `audio`.
    verdict
        ``indistinguishable``, ``close``, ``something is missing`` or ``not explained``; None
        without `audio`. Where no effect explains the reference, `parameters` is empty and
        `audio` the clean sound.
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
    effect_class: str = ""
    lfo_phase: tuple[float, ...] = ()
    explained: float | None = None
    verdict: str | None = None


Method = Callable[[Request], dict[str, float]]
METHODS: dict[str, Method] = {}
ANY_EFFECT = frozenset({"refined"})
NEEDS_CLEAN = frozenset({"refined"})
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


def check_method(method: str, effect: str | None, clean: np.ndarray | None) -> None:
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
