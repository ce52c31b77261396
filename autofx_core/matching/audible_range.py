"""Which changes of a setting cannot be heard.

`indistinguishable_range` gives, for each parameter, the values that sound the same as the estimate,
all others unchanged: the log-mel distance stays below 0.5 dB, the threshold below which an effect
is labelled dry (`metrics.audibility.AUDIBLE_DB`). A parameter that may take its whole range is
inaudible on this sound.
How often estimates are wrong is another matter: see `prediction_intervals`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch

from autofx_core.audio import for_analysis
from autofx_core.effects.table import Effect
from autofx_core.matching.excerpts import choose_excerpt
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distances

STEPS = 2.0 ** np.arange(-12, 1)  # in shares of the range

Intervals = dict[str, tuple[float, float]]


def indistinguishable_range(
    effect: Effect,
    clean: np.ndarray,
    sample_rate: int,
    parameters: Mapping[str, float],
    *,
    lfo_phase: Sequence[float] = (),
) -> Intervals:
    """Find how far each parameter can be moved without an audible change, all others unchanged.

    Parameters
    ----------
    effect
        Whose parameters they are.
    clean : ndarray, shape (channels, samples), float32
        At the level that enters the effect; two seconds of it are played.
    sample_rate
        In Hz.
    parameters
        The estimate, in real units.
    lfo_phase
        Of the effect's oscillators at the first sample, in turns.

    Returns
    -------
    dict
        Name → lowest and highest value, in the parameter's unit.
    """
    part = choose_excerpt(clean, sample_rate)
    dry = clean[:, part]
    rates_hz = [parameters[name] for name in effect.lfos]
    turned = tuple(
        turns + rate * part.start / sample_rate
        for turns, rate in zip(lfo_phase, rates_hz, strict=False)
    )
    centre = effect.normalize(parameters)

    def play(vector: np.ndarray) -> torch.Tensor:
        wave = effect.render(dry, sample_rate, effect.denormalize(vector), lfo_phase=turned)
        return torch.from_numpy(for_analysis(wave, sample_rate))[None]

    here = play(centre)

    def distance_db(knob: int, step: float) -> float:
        moved = centre.copy()
        moved[knob] += step
        return float(log_mel_distances(here, play(moved)))

    ends = np.array([centre, centre])
    for knob, at in enumerate(centre):
        for end, direction, room in ((0, -1.0, at), (1, 1.0, 1.0 - at)):
            reach = _farthest_alike(partial(distance_db, knob), direction, room)
            ends[end, knob] += direction * reach
    lowest, highest = map(effect.denormalize, ends)
    return {name: (low, highest[name]) for name, low in lowest.items()}


def _farthest_alike(distance_db: Callable[[float], float], direction: float, room: float) -> float:
    """Double the step until the change is audible; interpolate between it and the one before."""
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
