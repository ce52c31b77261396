"""Fit an adaptable effect to a reference: settings and oscillators' phases, by spectra.

The wave of a real device never follows ours sample by sample, so what is compared are logarithms of
short-time magnitudes over the whole band:

1. *Draws*: settings spread over the ranges.
2. *Oscillators*: rate, depth and phase come from `oscillators`, which plays nothing.
3. *Descent*: Gauss and Newton's steps on the log spectra, reweighted to minimise absolute instead
   of squared differences; slopes by finite differences, damping by Levenberg's rule.
4. *Search*: what is left of the budget goes to CMA-ES from the best, then the descent once more.

References
----------
Holland, Welsch: "Robust regression using iteratively reweighted least-squares" (Commun. Stat. A 6,
1977). Hansen: "The CMA Evolution Strategy: A Tutorial" (arXiv:1604.00772).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from cma import CMAEvolutionStrategy

from autofx_core.audio import resample, to_mono
from autofx_core.effects.table import Effect
from autofx_core.features.stft import power_spectrum
from autofx_core.matching.oscillators import RESPONSES
from autofx_core.matching.refine import polish

SIZES = (512, 2048)  # at 44.1 kHz, and as long in seconds at other rates
FLOOR_DB = -100.0  # below the reference's strongest bin; what is fainter counts as that
LOUD_DB = -55.0  # the same while oscillators are searched for: hiss does not move
ENOUGH = 0.02  # nepers; below, nothing is left to search for
STEP = 0.004
SMALL = 0.2  # nepers; smaller differences are weighted as squares
DRAWS = 60
SURVIVORS = 3
POPULATION = 10
SIGMA = 0.08
COARSE_HZ = 30_000
DIFFERENT_BY_RATE = ("phaser",)  # JUCE's sweeps lower at lower sample rates

Vector = np.ndarray


def ignore(_played: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Budget:
    """How long may be searched.

    Attributes
    ----------
    renders
        How often an effect may be played.
    seconds
        Of processor time; None for no limit, so that equal inputs give equal settings.
    """

    renders: int = 300
    seconds: float | None = None


@dataclass(frozen=True)
class Fit:
    """What was found.

    Attributes
    ----------
    parameters
        Settings in real units.
    lfo_phase
        Of each oscillator, in turns.
    distance
        Mean absolute difference of the log spectra, in nepers.
    renders
        How often the effect was played.
    """

    parameters: dict[str, float]
    lfo_phase: tuple[float, ...]
    distance: float
    renders: int


class Spectra:
    """Log spectra of one reference, and the differences of other sounds to them."""

    def __init__(self, reference: np.ndarray, sample_rate: int, floor_db: float) -> None:
        scale = sample_rate / 44_100
        self.sizes = [1 << max(6, round(np.log2(size * scale))) for size in SIZES]
        self.samples = reference.size
        self.floors = [0.0 for _ in self.sizes]
        powers = self.powers(reference)
        self.floors = [float(power.max()) * 10 ** (floor_db / 10) for power in powers]
        self.target = self._logs(reference)

    def powers(self, wave: np.ndarray) -> list[torch.Tensor]:
        """Short-time power of a wave at unit RMS, shape (frames, bins) for each size."""
        unit = wave / max(float(np.sqrt(np.mean(np.square(wave)))), 1e-9)
        batch = torch.from_numpy(np.ascontiguousarray(unit, dtype=np.float32))[None]
        return [
            power_spectrum(batch, n_fft=size, hop_length=size // 2)[0].clamp(min=floor)
            for size, floor in zip(self.sizes, self.floors, strict=True)
        ]

    def _logs(self, wave: np.ndarray) -> torch.Tensor:
        return torch.cat([power.log().mul(0.5).flatten() for power in self.powers(wave)])

    def difference(self, wave: np.ndarray) -> torch.Tensor:
        """Subtract the reference's log spectra from those of a wave (samples,)."""
        return self._logs(wave) - self.target


@dataclass
class Spent:
    """Counts what was used of a budget."""

    budget: Budget
    progress: Callable[[int], object] = ignore
    renders: int = 0
    begun: float = field(default_factory=time.process_time)
    stopped: bool = False

    @property
    def share(self) -> float:
        """Used share of the budget; 1 and more when there is nothing left."""
        if self.stopped:
            return 1.0
        of_renders = self.renders / self.budget.renders
        if self.budget.seconds is None:
            return of_renders
        return max(of_renders, (time.process_time() - self.begun) / self.budget.seconds)

    def count(self) -> None:
        """Count one render."""
        self.renders += 1
        self.progress(1)


class _Player:
    """Plays vectors of normalised settings, then phases in turns, and remembers the nearest."""

    def __init__(
        self,
        effect: Effect,
        clean: np.ndarray,
        target: np.ndarray,
        sample_rate: int,
        spent: Spent,
        floor_db: float = FLOOR_DB,
    ) -> None:
        self.effect, self.clean, self.target = effect, clean, target
        self.sample_rate, self.spent = sample_rate, spent
        self.spectra = Spectra(target, sample_rate, floor_db)
        self.knobs = len(effect.parameters)
        self.best, self.distance = self.default(), np.inf

    def default(self) -> Vector:
        setting = {p.name: p.default for p in self.effect.parameters}
        return np.concatenate([self.effect.normalize(setting), np.zeros(len(self.effect.lfos))])

    def play(self, vector: Vector) -> np.ndarray:
        """Play one vector; mono, not normalised."""
        self.spent.count()
        wave = self.effect.render(
            self.clean,
            self.sample_rate,
            self.effect.denormalize(vector[: self.knobs]),
            lfo_phase=tuple(vector[self.knobs :] % 1.0),
        )
        return np.nan_to_num(to_mono(wave))

    def measure(self, vectors: Sequence[Vector], waves: Sequence[np.ndarray]) -> np.ndarray:
        """Measure what was played, and remember the nearest; distances in nepers."""
        pairs = zip(vectors, waves, strict=True)
        return np.array([float(self._note(*pair).abs().mean()) for pair in pairs])

    def _note(self, vector: Vector, wave: np.ndarray) -> torch.Tensor:
        difference = self.spectra.difference(wave)
        distance = float(difference.abs().mean())
        if distance < self.distance:
            self.best, self.distance = vector.copy(), distance
        return difference

    def difference(self, vector: Vector) -> torch.Tensor:
        """Play a vector; differences of the log spectra."""
        return self._note(vector, self.play(vector))

    def distance_of(self, vector: Vector) -> float:
        """Play a vector; mean difference in nepers."""
        return float(self.difference(vector).abs().mean())

    @property
    def left(self) -> int:
        """Renders that may still be played."""
        return int((1.0 - min(self.spent.share, 1.0)) * self.spent.budget.renders)

    @property
    def is_alike(self) -> bool:
        """Whether nothing is left to search for."""
        return self.distance < ENOUGH

    def limit(self, vector: Vector) -> Vector:
        limited = vector.copy()
        limited[: self.knobs] = np.clip(limited[: self.knobs], 0.0, 1.0)
        return limited


def fit(
    effect: Effect,
    reference: np.ndarray,
    clean: np.ndarray,
    *,
    sample_rate: int,
    spent: Spent,
    until: float = 1.0,
    starts: Sequence[Mapping[str, float]] = (),
    oscillators: Sequence[Vector] = (),
    seed: int = 0,
) -> Fit:
    """Find the settings and phases of an effect that bring the clean sound nearest.

    Parameters
    ----------
    effect
        What is played.
    reference, clean : ndarray, shape (channels, samples), float32
        In time with each other; the clean sound at the level that enters the effect.
    sample_rate
        Of both, in Hz.
    spent
        The budget, which several effects may share.
    until
        Share of the budget at which to stop.
    starts
        Settings to begin from, too.
    oscillators
        Normalised settings and phases to begin from (see `oscillators.read_oscillator`).
    seed
        Of the draws and of the search.
    """
    rng = np.random.default_rng(seed)
    before = spent.renders
    target = to_mono(reference)
    target = np.pad(target, (0, max(0, clean.shape[1] - target.size)))[: clean.shape[1]]
    fine = _Player(effect, clean, target, sample_rate, spent)
    coarse = fine
    if effect.lfos:
        alike = effect.key not in DIFFERENT_BY_RATE
        lower = sample_rate // 2 if sample_rate > COARSE_HZ and alike else sample_rate
        dull = [resample(wave, sample_rate, lower) for wave in (clean, target[None])]
        coarse = _Player(effect, dull[0], dull[1][0], lower, spent, LOUD_DB)
    begin = [np.append(effect.normalize(s), np.zeros(len(effect.lfos))) for s in starts]
    try:
        _find(fine, coarse, [*begin, *oscillators], rng, until)
    except KeyboardInterrupt:  # what is best by then is kept, and nothing else tried
        spent.stopped = True
    return Fit(
        effect.denormalize(fine.best[: fine.knobs]),
        tuple(float(turns) for turns in fine.best[fine.knobs :] % 1.0),
        fine.distance,
        spent.renders - before,
    )


def _find(
    fine: _Player, coarse: _Player, likely: list[Vector], rng: np.random.Generator, until: float
) -> None:
    """Leave the best vector in `fine`.

    Parameters
    ----------
    fine, coarse
        Of the sounds, and of those at which oscillators are searched for.
    likely
        Vectors to begin from.
    rng
        Of draws and search.
    until
        Share of the budget at which to stop.
    """
    effect, spent = fine.effect, fine.spent
    first = spent.share
    middle = first + 0.5 * (until - first)
    if effect.key not in RESPONSES:
        likely = _draw(coarse, likely, rng, middle)
    likely = sorted(likely, key=coarse.distance_of)[:SURVIVORS]
    for vector in likely:
        fine.distance_of(_descend(coarse, vector, 4, middle))
    _descend(fine, fine.best, 8, until)
    polish(fine, fine.target)
    while spent.share < until and not fine.is_alike:
        before_search = fine.distance
        _search(fine, rng, spent.share + 0.8 * (until - spent.share))
        _descend(fine, fine.best, 6, until)
        if fine.distance > 0.98 * before_search:
            break


def _draw(
    player: _Player, given: list[Vector], rng: np.random.Generator, until: float
) -> list[Vector]:
    """Measure starts and draws spread over the ranges; return the nearest."""
    strata = rng.permuted(np.tile(np.arange(DRAWS), (player.best.size, 1)), axis=1).T
    drawn = (strata + rng.random(strata.shape)) / DRAWS
    around = player.default()
    calm = rng.random(drawn.shape) < 0.3  # a knob of three stays where it does little
    drawn = np.where(calm, around, drawn)
    measured = []
    for vector in [*given, around, *drawn]:
        if spent_out(player, until):
            break
        measured.append((player.distance_of(vector), vector))
    measured.sort(key=lambda pair: pair[0])
    return [vector for _, vector in measured[:SURVIVORS]]


def spent_out(player: _Player, until: float) -> bool:
    """Whether there is nothing to spend or to gain."""
    return player.spent.share >= until or player.distance < ENOUGH


def _descend(player: _Player, vector: Vector, steps: int, until: float) -> Vector:
    """Follow the slope of the log spectra's differences."""
    damping = 1e-2
    now = player.difference(vector)
    cost = float(now.abs().mean())
    for _ in range(steps):
        if player.spent.share >= until or cost < 0.1 * ENOUGH:
            break
        slopes = []
        for knob in range(vector.size):
            moved = vector.copy()
            moved[knob] += STEP if knob >= player.knobs or vector[knob] + STEP <= 1 else -STEP
            slopes.append((player.difference(moved) - now) / (moved[knob] - vector[knob]))
        jacobian = torch.stack(slopes)
        weighted = jacobian / now.abs().clamp(min=SMALL)
        hessian = (weighted @ jacobian.T).double().numpy() / now.numel()
        gradient = (weighted @ now).double().numpy() / now.numel()
        floor = 1e-4 * np.trace(hessian) / vector.size + 1e-12
        for _ in range(5):
            damped = hessian + damping * np.diag(np.diag(hessian) + floor)
            step = np.clip(np.linalg.solve(damped, gradient), -0.3, 0.3)
            trial = player.limit(vector - step)
            difference = player.difference(trial)
            found = float(difference.abs().mean())
            if found < cost:
                break
            damping *= 6
        else:
            break
        gain = 1 - found / cost
        vector, now, cost, damping = trial, difference, found, damping / 6
        if gain < 2e-3:
            break
    return vector


def _search(player: _Player, rng: np.random.Generator, until: float) -> None:
    """Search by CMA-ES around the best."""
    upper = [1.0] * player.knobs + [np.inf] * (player.best.size - player.knobs)
    lower = [0.0] * player.knobs + [-np.inf] * (player.best.size - player.knobs)
    strategy = CMAEvolutionStrategy(
        player.best,
        SIGMA,
        {
            "bounds": [lower, upper],
            "popsize": POPULATION,
            "verbose": -9,
            "seed": np.nan,  # leaves NumPy's global generator alone
            "randn": lambda *shape: rng.standard_normal(shape),
        },
    )
    while player.spent.share < until and not strategy.stop():
        vectors = strategy.ask()
        strategy.tell(vectors, [player.distance_of(vector) for vector in vectors])
