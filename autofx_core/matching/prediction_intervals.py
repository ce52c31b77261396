"""How often a network is wrong: intervals from its answers to sounds that it did not learn from.

`likely_range` gives the values that were true for sounds that got a similar answer: quantiles of
the errors among the nearest of the network's answers to validation sounds, kept beside its weights
as ``held_out.npz``. Four of five truths should lie inside.

Errors on one recording resemble each other, and a new sound is of a recording that is not among
them. So the quantiles are those that hold four of five truths of each recording when its own
answers are left out. `coverage` measures what that gives on the test parts.

References
----------
Meinshausen: "Quantile regression forests" (JMLR 7, 2006), for quantiles over neighbours.
Barber, Candès, Ramdas, Tibshirani: "Predictive inference with the jackknife+" (Annals of Statistics
49, 2021), for leaving out; here whole recordings.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets.synthetic import Shard, part_notes, render_shard
from autofx_core.effects.table import EFFECTS, SLICES, Effect
from autofx_core.matching.audible_range import Intervals
from autofx_core.matching.match import METHODS, Request
from autofx_core.networks.checkpoints import SHIPPED, WEIGHTS_NAME
from autofx_core.sources.clean import CleanSound

SHARE = 0.8
SPANS = np.arange(0.80, 0.995, 0.01)
"""Shares of the neighbours' errors that an interval may span, to hold `SHARE` of new truths."""

NEIGHBOURS = 50
HELD_OUT_NAME = "held_out.npz"


@dataclass(frozen=True)
class HeldOut:
    """A method's answers to sounds that it did not learn from, and the truth.

    Attributes
    ----------
    estimates, truths
        Family → ndarray, shape (sounds, parameters), normalised.
    spans
        Family → the share of similar answers' errors that an interval spans; see `span_of`.
    """

    estimates: dict[str, np.ndarray]
    truths: dict[str, np.ndarray]
    spans: dict[str, float]


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
    spans: dict[str, float] = {}
    source = {note.id: note.source for note in chosen}
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
        recordings = np.array([source[note] for note in rendered["note"]])
        spans[family] = span_of(estimates[family], truths[family], recordings)
    return HeldOut(estimates, truths, spans)


def span_of(estimates: np.ndarray, truths: np.ndarray, recordings: np.ndarray) -> float:
    """Find how many of similar answers' errors to span, to hold four of five truths of the next.

    Parameters
    ----------
    estimates, truths : ndarray, shape (sounds, parameters), normalised
    recordings : ndarray, shape (sounds,)
        What each sound was made from. Each is left out in turn; a single one cannot be.

    Returns
    -------
    float
        The least of `SPANS` that does, or the greatest.
    """
    if len(np.unique(recordings)) == 1:
        return SHARE

    def share_inside(span: float) -> float:
        inside = []
        for recording in np.unique(recordings):
            own = recordings == recording
            inside += [
                (low <= truth) & (truth <= high)
                for estimate, truth in zip(estimates[own], truths[own], strict=True)
                for low, high in [_ends(estimates[~own], truths[~own], estimate, span)]
            ]
        return float(np.mean(inside))

    return next((float(span) for span in SPANS if share_inside(span) >= SHARE), float(SPANS[-1]))


def write_held_out(held: HeldOut, folder: Path) -> None:
    """Keep the answers beside the weights that gave them."""
    columns = {f"{family}_estimates": rows for family, rows in held.estimates.items()}
    columns |= {f"{family}_truths": rows for family, rows in held.truths.items()}
    halves = {name: rows.astype(np.float16) for name, rows in columns.items()}
    spans = {f"{family}_span": span for family, span in held.spans.items()}
    np.savez_compressed(folder / HELD_OUT_NAME, weights=_weights_sha256(folder), **halves, **spans)


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
            ),
            {family: float(stored[f"{family}_span"]) for family in EFFECTS},
        )


def _weights_sha256(folder: Path) -> str:
    return hashlib.sha256((folder / WEIGHTS_NAME).read_bytes()).hexdigest()


def likely_range(held: HeldOut, effect: Effect, parameters: Mapping[str, float]) -> Intervals:
    """Give the ranges that should hold four of five truths behind similar answers."""
    low, high = _range_of(held, effect.family, effect.normalize(parameters))
    return {
        p.name: (float(p.low + a * (p.high - p.low)), float(p.low + b * (p.high - p.low)))
        for p, a, b in zip(effect.parameters, low, high, strict=True)
    }


def _range_of(held: HeldOut, family: str, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _ends(held.estimates[family], held.truths[family], estimate, held.spans[family])


def _ends(
    estimates: np.ndarray, truths: np.ndarray, estimate: np.ndarray, span: float
) -> tuple[np.ndarray, np.ndarray]:
    nearest = np.argsort(np.square(estimates - estimate).sum(1))[:NEIGHBOURS]
    errors = truths[nearest] - estimates[nearest]
    ends = np.quantile(errors, [(1 - span) / 2, (1 + span) / 2], axis=0)
    low, high = np.clip(estimate + ends, 0.0, 1.0)
    return np.minimum(low, estimate), np.maximum(high, estimate)


def coverage(held: HeldOut, fresh: HeldOut) -> dict[str, float]:
    """Measure the share of truths inside `likely_range`, by family, on answers to other sounds."""
    shares = {}
    for family in EFFECTS:
        inside = []
        for estimate, truth in zip(fresh.estimates[family], fresh.truths[family], strict=True):
            low, high = _range_of(held, family, estimate)
            inside.append((low <= truth) & (truth <= high))
        shares[family] = float(np.mean(inside))
    return shares
