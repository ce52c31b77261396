"""Analysis by synthesis: play the clean sound through the real effect until it is the reference.

Any effect can be refined whose parameters are declared (`effects.Effect`, of one plug-in or of a
chain, VST3 included): it only has to be set and played. The stages:

1. *Starts*: what least squares read off the two sounds (`least_squares`, where the effect's
   equations are known), what the caller suggests (a network's estimate), the knobs' defaults.
   Without the first, more drawn evenly over the knobs' ranges.
2. *Polish*: Levenberg's steps on the wave itself, slopes by finite differences. They
   settle the last digits in a few dozen renders, if the start already follows the reference's
   wave; otherwise they are given up after the first step.
3. *Search*: if the sounds still differ, CMA-ES on `search_objective`, which compares spectra and
   needs no common phase. Started from the best of the starts, and again elsewhere when it is stuck.

Parameters that change nothing stay where the start had them: no step moves along them, and the
search prefers, of equal sounds, the one near its start.

References
----------
Hansen: "The CMA Evolution Strategy: A Tutorial" (arXiv:1604.00772). Levenberg: "A method for the
solution of certain non-linear problems in least squares" (Quart. Appl. Math. 2, 1944).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from cma import CMAEvolutionStrategy
from scipy import signal

from autofx_core.audio import to_mono
from autofx_core.effects.table import Effect
from autofx_core.matching.least_squares import INVERSIONS
from autofx_core.matching.search_objective import WEIGHTS, Objective

RENDERS = 300
ALIKE = 0.02  # nepers; below, nothing is left to search for
SIGMA = 0.12  # the search's first steps, in shares of the range
POPULATION = 10
STAY = 0.01  # nepers for a step of the whole range away from the start
FOLLOWING = 0.5  # unexplained share of the energy above which waves are not compared
PRE_EMPHASIS = (1.0, -0.9)
STEP = 3e-4
FIRST_DRAWS = 48  # starts where nothing is known
POLISH_RENDERS = 30  # kept for after the search

Vector = np.ndarray
Progress = Callable[[int], object]


def ignore(_played: int) -> None:
    """Show no progress."""


class NeedsCleanError(ValueError):
    """There is nothing to play through the effect."""


@dataclass(frozen=True)
class Refinement:
    """The nearest sound that was found.

    Attributes
    ----------
    parameters
        Settings in real units.
    distance
        Objective, in nepers; 0 for the reference itself.
    renders
        How often the effect was played.
    """

    parameters: dict[str, float]
    distance: float
    renders: int


@dataclass(frozen=True)
class RefineOptions:
    """How settings are searched for.

    Attributes
    ----------
    starts
        Settings to begin from, in real units.
    renders
        How often the effect may be played at most.
    weights
        Shares of the objective's views; see `search_objective`.
    invert
        Whether to read settings off the sounds by least squares first.
    polish
        Whether to follow the slope of the wave's error.
    seed
        Of the search.
    """

    starts: Sequence[Mapping[str, float]] = ()
    renders: int = RENDERS
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    invert: bool = True
    polish: bool = True
    seed: int = 0


DEFAULT_OPTIONS = RefineOptions()


class Player(Protocol):
    """What plays vectors of normalised settings, within a budget, and remembers the nearest."""

    best: Vector

    @property
    def left(self) -> int:
        """Renders that may still be played."""

    @property
    def is_alike(self) -> bool:
        """Whether nothing is left to search for."""

    def play(self, vector: Vector) -> np.ndarray:
        """Play one setting; mono, not normalised."""

    def measure(self, vectors: Sequence[Vector], waves: Sequence[np.ndarray]) -> np.ndarray:
        """Measure what was played, and remember the nearest."""


class _Player:
    """Plays settings, measures the sounds, and remembers the nearest."""

    def __init__(
        self,
        effect: Effect,
        clean: np.ndarray,
        objective: Objective,
        *,
        left: int,
        progress: Progress,
    ) -> None:
        self.effect, self.clean, self.objective = effect, clean, objective
        self.left, self.progress = left, progress
        self.best: Vector = effect.normalize({p.name: p.default for p in effect.parameters})
        self.distance = np.inf

    def play(self, vector: Vector) -> np.ndarray:
        """Play one setting; mono, not normalised."""
        self.left -= 1
        self.progress(1)
        setting = self.effect.denormalize(vector)
        return to_mono(self.effect.render(self.clean, self.objective.sample_rate, setting))

    def measure(self, vectors: Sequence[Vector], waves: Sequence[np.ndarray]) -> np.ndarray:
        """Measure what was played, and remember the nearest."""
        stacked = np.nan_to_num(np.stack(waves), posinf=0.0, neginf=0.0)
        distances = self.objective(stacked)
        nearest = int(np.argmin(distances))
        if distances[nearest] < self.distance:
            self.best, self.distance = np.array(vectors[nearest]), float(distances[nearest])
        return distances

    def compare(self, vectors: Sequence[Vector]) -> np.ndarray:
        """Play and measure as many as may still be played."""
        vectors = vectors[: self.left]
        if not len(vectors):
            return np.empty(0)
        return self.measure(vectors, [self.play(vector) for vector in vectors])

    @property
    def is_alike(self) -> bool:
        """Whether nothing is left to search for."""
        return self.distance < ALIKE


def refine(
    effect: Effect,
    reference: np.ndarray,
    clean: np.ndarray | None,
    *,
    sample_rate: int,
    options: RefineOptions = DEFAULT_OPTIONS,
    suggest: Callable[[], Mapping[str, float]] | None = None,
    progress: Progress = ignore,
) -> Refinement:
    """Find the settings of an effect that make the clean sound the reference.

    Parameters
    ----------
    effect
        What is played.
    reference, clean : ndarray, shape (channels, samples), float32
        In time with each other; the clean sound at the level that enters the effect.
    sample_rate
        Of both, in Hz.
    options
        How settings are searched for.
    suggest
        One more start, computed only if the sounds still differ before the search.
    progress
        Called with the number of renders just made.

    Raises
    ------
    NeedsCleanError
        If there is no clean sound.
    """
    if clean is None:
        raise NeedsCleanError("refining needs the clean sound: it is played through the effect")
    target = to_mono(reference)
    target = np.pad(target, (0, max(0, clean.shape[1] - target.size)))[: clean.shape[1]]
    objective = Objective(target, sample_rate, options.weights)
    player = _Player(effect, clean, objective, left=options.renders, progress=progress)
    settings = list(options.starts)
    if options.invert and effect.key in INVERSIONS:
        dry, wet = to_mono(clean).astype(np.float64), target.astype(np.float64)
        settings = INVERSIONS[effect.key](dry, wet, sample_rate) + settings
    player.compare([effect.normalize(setting) for setting in settings])
    if options.polish and settings and not player.is_alike:
        polish(player, target)
    if not player.is_alike:
        rng = np.random.default_rng(options.seed)
        others = [effect.normalize({p.name: p.default for p in effect.parameters})]
        if suggest is not None:
            others.append(effect.normalize(suggest()))
        elif not settings:
            draws = min(FIRST_DRAWS, options.renders // 4)
            others += _spread(draws, len(effect.parameters), rng)
        player.compare(others)
        _search(player, rng, keep=POLISH_RENDERS if options.polish else 0)
        if options.polish:
            polish(player, target)
    found = effect.denormalize(player.best)
    return Refinement(found, player.distance, options.renders - player.left)


def _spread(draws: int, knobs: int, rng: np.random.Generator) -> list[Vector]:
    """Draw settings such that each knob is once in every share of its range (Latin hypercube)."""
    strata = rng.permuted(np.tile(np.arange(draws), (knobs, 1)), axis=1).T
    return list((strata + rng.random(strata.shape)) / draws)


def polish(player: Player, target: np.ndarray, *, most: int = 12) -> None:
    """Step down the slope of the wave's error from the best setting, while that helps."""
    emphasised = signal.lfilter(PRE_EMPHASIS, 1.0, target)
    energy = emphasised @ emphasised

    def error(wave: np.ndarray) -> np.ndarray:
        played = signal.lfilter(PRE_EMPHASIS, 1.0, wave)
        return emphasised - played * (played @ emphasised / max(played @ played, 1e-12))

    def slope(at: Vector, knob: int) -> np.ndarray:
        step = np.zeros_like(at)
        step[knob] = STEP if at[knob] + STEP <= 1 else -STEP
        return (error(player.play(at + step)) - now) / step[knob]

    best, damping = player.best, 1e-3
    if player.left <= best.size:
        return
    now = error(player.play(best))
    for _ in range(most):
        cost = now @ now
        if cost > FOLLOWING * energy or player.left <= best.size + 4:
            return
        slopes = np.stack([slope(best, knob) for knob in range(best.size)])
        hessian, gradient = slopes @ slopes.T, slopes @ now
        scale = np.diag(np.diag(hessian)) + 1e-6 * energy * np.eye(best.size)
        for _ in range(4):
            trial = np.clip(best - np.linalg.solve(hessian + damping * scale, gradient), 0.0, 1.0)
            wave = player.play(trial)
            player.measure([trial], [wave])
            found = error(wave)
            if found @ found < cost:
                break
            damping *= 10
        else:
            return
        best, now, damping = trial, found, damping / 10
        if player.is_alike and cost - now @ now < 0.1 * cost:
            return


def _search(player: _Player, rng: np.random.Generator, *, keep: int) -> None:
    """Search by CMA-ES around the best setting until `keep` renders or no difference are left."""
    start = player.best
    strategy = CMAEvolutionStrategy(
        start,
        SIGMA,
        {
            "bounds": [0, 1],
            "popsize": POPULATION,
            "verbose": -9,
            "seed": np.nan,  # leaves NumPy's global generator alone
            "randn": lambda *shape: rng.standard_normal(shape),
        },
    )
    while player.left >= keep + POPULATION and not player.is_alike and not strategy.stop():
        vectors = strategy.ask()
        distances = player.compare(vectors)
        away = np.mean((np.stack(vectors) - start) ** 2, axis=1)
        strategy.tell(vectors, list(distances + STAY * away))
