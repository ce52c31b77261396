"""How sure an answer is, and what of it cannot be heard.

Two kinds of interval around each estimated parameter:

`heard_alike`
    the values that sound the same as the estimate, all others unchanged: the log-mel distance stays
    below 0.5 dB, the threshold below which an effect was labelled dry (`datasets.AUDIBLE_DB`). A
    parameter that may take its whole range is inaudible on this sound.
`likely_range`
    the values that were true for sounds that got a similar answer: quantiles of the errors among
    the nearest of a network's answers to validation sounds, kept beside its weights as
    ``held_out.npz``. Four of five truths should lie inside; `coverage` measures it.

References
----------
Meinshausen: "Quantile regression forests" (JMLR 7, 2006), for quantiles over neighbours.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, for_analysis, normalize_peak
from autofx_core.checkpoints import SHIPPED, WEIGHTS_NAME
from autofx_core.datasets import AUDIBLE_DB, Shard, part_notes, render_shard
from autofx_core.effects import EFFECTS, SLICES, Effect
from autofx_core.excerpts import choose_excerpt
from autofx_core.losses import log_mel_distances
from autofx_core.matching import METHODS, Request
from autofx_core.sources import CleanSound

SHARE = 0.8
NEIGHBOURS = 50
HELD_OUT_NAME = "held_out.npz"
STEPS = 2.0 ** np.arange(-12, 1)  # in shares of the range

Intervals = dict[str, tuple[float, float]]


def heard_alike(
    effect: Effect, clean: np.ndarray, sample_rate: int, parameters: Mapping[str, float]
) -> Intervals:
    """Find how far each parameter can be moved without being heard.

    Parameters
    ----------
    clean : ndarray, shape (channels, samples), float32
        At the level that enters the effect; two seconds of it are played.
    sample_rate
        In Hz.
    parameters
        The estimate, in real units.

    Returns
    -------
    dict
        Name → lowest and highest value, in the parameter's unit.
    """
    dry = clean[:, choose_excerpt(clean, sample_rate)]
    centre = effect.normalize(parameters)

    def play(vector: np.ndarray) -> torch.Tensor:
        wave = effect.render(dry, sample_rate, effect.denormalize(vector))
        return torch.from_numpy(for_analysis(wave, sample_rate))[None]

    here = play(centre)

    def distance_db(knob: int, step: float) -> float:
        moved = centre.copy()
        moved[knob] += step
        return float(log_mel_distances(here, play(moved)))

    found = {}
    for knob, parameter in enumerate(effect.parameters):
        ends = [
            centre[knob] + direction * _farthest_alike(partial(distance_db, knob), direction, room)
            for direction, room in ((-1.0, centre[knob]), (1.0, 1.0 - centre[knob]))
        ]
        span = parameter.high - parameter.low
        found[parameter.name] = tuple(float(parameter.low + span * end) for end in ends)
    return found


def _farthest_alike(distance_db: Callable[[float], float], direction: float, room: float) -> float:
    """Go on in doubled steps until one is heard; interpolate between it and the one before."""
    before, near_db = 0.0, 0.0
    for step in [*STEPS[room > STEPS], room]:
        far_db = distance_db(direction * step)
        if far_db >= AUDIBLE_DB:
            return before and before + (AUDIBLE_DB - near_db) / (far_db - near_db) * (step - before)
        before, near_db = step, far_db
    return room


def inaudible(effect: Effect, intervals: Intervals) -> list[str]:
    """Name the parameters whose whole range sounds the same."""
    return [
        p.name
        for p in effect.parameters
        if intervals[p.name][0] <= p.low + 1e-6 * (p.high - p.low)
        and intervals[p.name][1] >= p.high - 1e-6 * (p.high - p.low)
    ]


@dataclass(frozen=True)
class HeldOut:
    """A method's answers to sounds that it did not learn from, and the truth.

    Attributes
    ----------
    estimates, truths
        Family → ndarray, shape (sounds, parameters), normalised.
    """

    estimates: dict[str, np.ndarray]
    truths: dict[str, np.ndarray]


def answer_held_out(
    method: str,
    notes: list[CleanSound],
    *,
    sounds: int,
    part: str = "validation",
    seed: int = 0,
) -> HeldOut:
    """Let a method answer random settings of each generic effect on notes of one part."""
    chosen = part_notes(notes)[part]
    estimates: dict[str, np.ndarray] = {}
    truths: dict[str, np.ndarray] = {}
    for family, effect in EFFECTS.items():
        rendered = render_shard(Shard(part, family, 0, sounds, seed), chosen)
        rows = [
            effect.normalize(
                METHODS[method](
                    Request(
                        wet[None],
                        normalize_peak(clean[None]),
                        ANALYSIS_RATE_HZ,
                        effect,
                        np.random.default_rng(number),
                    )
                )
            )
            for number, (wet, clean) in enumerate(
                zip(
                    tqdm(rendered["wet"], desc=family, unit="sound"), rendered["clean"], strict=True
                )
            )
        ]
        estimates[family] = np.array(rows)
        truths[family] = rendered["settings"][:, SLICES[family]].astype(np.float64)
    return HeldOut(estimates, truths)


def write_held_out(held: HeldOut, folder: Path) -> None:
    """Keep the answers beside the weights that gave them."""
    columns = {f"{family}_estimates": rows for family, rows in held.estimates.items()}
    columns |= {f"{family}_truths": rows for family, rows in held.truths.items()}
    halves = {name: rows.astype(np.float16) for name, rows in columns.items()}
    np.savez_compressed(folder / HELD_OUT_NAME, weights=_weights_sha256(folder), **halves)


@cache
def read_held_out(name: str) -> HeldOut | None:
    """Read a shipped network's answers; None if there are none, or of other weights."""
    path = SHIPPED / name / HELD_OUT_NAME
    if not path.is_file():
        return None
    with np.load(path) as stored:
        if stored["weights"] != _weights_sha256(path.parent):
            return None
        return HeldOut(
            *(
                {family: stored[f"{family}_{kind}"].astype(np.float64) for family in EFFECTS}
                for kind in ("estimates", "truths")
            )
        )


def _weights_sha256(folder: Path) -> str:
    return hashlib.sha256((folder / WEIGHTS_NAME).read_bytes()).hexdigest()


def likely_range(held: HeldOut, effect: Effect, parameters: Mapping[str, float]) -> Intervals:
    """Give the ranges that held four of five truths behind similar answers."""
    estimate = effect.normalize(parameters)
    low, high = _quantiles(held, effect.family, estimate)
    return {
        p.name: (float(p.low + a * (p.high - p.low)), float(p.low + b * (p.high - p.low)))
        for p, a, b in zip(effect.parameters, low, high, strict=True)
    }


def _quantiles(held: HeldOut, family: str, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    estimates, truths = held.estimates[family], held.truths[family]
    nearest = np.argsort(np.square(estimates - estimate).sum(1))[:NEIGHBOURS]
    errors = truths[nearest] - estimates[nearest]
    ends = np.quantile(errors, [(1 - SHARE) / 2, (1 + SHARE) / 2], axis=0)
    low, high = np.clip(estimate + ends, 0.0, 1.0)
    return np.minimum(low, estimate), np.maximum(high, estimate)


def coverage(held: HeldOut, fresh: HeldOut) -> dict[str, float]:
    """Measure the share of truths inside `likely_range`, by family, on answers to other sounds."""
    shares = {}
    for family in EFFECTS:
        inside = []
        for estimate, truth in zip(fresh.estimates[family], fresh.truths[family], strict=True):
            low, high = _quantiles(held, family, estimate)
            inside.append((low <= truth) & (truth <= high))
        shares[family] = float(np.mean(inside))
    return shares
