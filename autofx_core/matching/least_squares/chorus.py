"""Read a chorus's settings off the clean sound and the reference.

The delay is τ(t) = max(1, centre − 10·depth·sin 2πft) ms. Where D reads τ(t) ago, the line holds
x − feedback·u with u = D line, and y = g·((1 − mix)·x + mix·u). Without u this reads, but for one
sample's shift inside the loop::

    y = a·x + b·Dx − feedback·Dy,   a = g·(1 − mix),  b = g·(mix + feedback·(1 − mix))

which is linear in a, b and feedback once rate, depth and centre are known. Over those three the
unexplained energy has a needle for a minimum, the thinner the longer and the brighter the sound.
So the search goes from short and dull to long and bright:

1. a table of the sums of products by delay and by block of four samples, at 5.5 kHz, makes it
   cheap to try tens of thousands of oscillators on the first 0.08 s;
2. the best are moved about at random, while the part that is compared grows;
3. Levenberg-Marquardt steps on waves, the last at full rate.
"""

import math
from collections.abc import Iterable

import numpy as np
import torch
from scipy import signal

from autofx_core.audio import find_onset
from autofx_core.effects.table import EFFECTS, Parameter

SWING_MS = 10.0
SHORTEST_MS = 1.0
COARSE_HZ = 5512.5
BLOCK = 4
RIDGE = 1e-4
FIRST_S = 0.08
GRID_MS = 0.5
NICHE_MS = 0.3
HEARD_BLOCKS = 250
CHUNK = 512
SLID = 6
FINALISTS = 6
ONSET_DB = 20 * math.log10(0.02)  # 2 % of the clean sound's peak
LINE_MS = 0.3
FASTEST_SLOPE = 200.0  # ms/s
LINES = 200
DRAWN = 12_000
EXPLAINED = 1e-3  # unexplained share of the energy that ends the search


def _oscillator_parameters() -> tuple[Parameter, ...]:
    """Rate, depth and centre delay: the first rows of the effect in the table."""
    return EFFECTS["modulation"].parameters[:3]


def _spans() -> list[float]:
    """Width of the ranges of rate in Hz, depth, and centre delay in ms."""
    return [p.high - p.low for p in _oscillator_parameters()]


def _in_units(oscillator: np.ndarray) -> list[np.ndarray]:
    """Rates in Hz, depths, and centre delays in ms of normalised oscillators (…, 3)."""
    return [
        p.low + (p.high - p.low) * oscillator[..., row : row + 1]
        for row, p in enumerate(_oscillator_parameters())
    ]


def delay_ms(oscillator: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """Compute τ(t).

    Parameters
    ----------
    oscillator : ndarray, shape (..., 4)
        Rate, depth and centre delay, normalised, and the phase at time 0 in turns.
    time_s : ndarray, shape (times,)

    Returns
    -------
    ndarray, shape (..., times), in ms
    """
    rate_hz, depth, centre_ms = _in_units(oscillator)
    turns = rate_hz * time_s + oscillator[..., 3:]
    swing = SWING_MS * depth * np.sin(2 * np.pi * turns)
    return np.maximum(SHORTEST_MS, centre_ms - swing)


def _swing_per_rate_ms(end_s: float, depth: np.ndarray | float) -> np.ndarray | float:
    """By how much a delay at the end may change from the lowest to the highest rate.

    dτ/df = −10·depth·2πt·cos 2πft, at most 2π·t·10·depth; `depth` is normalised.
    """
    rate_span, depth_span, _ = _spans()
    return 2 * np.pi * rate_span * end_s * SWING_MS * depth_span * depth


class _Table:
    """Sums of products of x, x delayed and y delayed, by block of samples and by delay."""

    def __init__(self, x: np.ndarray, y: np.ndarray, sample_rate: float):
        self.lag_ms = 1000 / sample_rate
        _, depth, centre = _oscillator_parameters()
        lags = int((centre.high + SWING_MS * depth.high) / self.lag_ms) + 2
        self.lags = lags
        self.blocks = x.size // BLOCK
        x, y = (wave[: self.blocks * BLOCK].astype(np.float32) for wave in (x, y))
        self.time_s = (np.arange(self.blocks) * BLOCK + (BLOCK - 1) / 2) / sample_rate
        dx, dy = (_delays(wave, lags) for wave in (x, y))
        pairs = ((x, dx), (x, dy), (y, dx), (y, dy))
        sums = [(p * q).reshape(lags, self.blocks, BLOCK).sum(2) for p, q in pairs]
        ones = np.ones(BLOCK, dtype=np.float32)
        for product in (x * x, x * y, y * y):
            sums.append(_delays(np.convolve(product, ones)[: x.size], lags)[:, BLOCK - 1 :: BLOCK])
        self.delayed = torch.from_numpy(np.stack(sums, axis=-1).reshape(lags * self.blocks, 7))
        fixed = np.stack([x * x, x * y, y * y])
        self.fixed = fixed.reshape(3, self.blocks, BLOCK).sum(2, dtype=np.float64)

    def unexplained(self, oscillators: np.ndarray, end_s: float) -> np.ndarray:
        """Share of the reference's energy until `end_s` that no a, b, feedback explain."""
        used = int(np.searchsorted(self.time_s, end_s))
        block = np.unique(np.linspace(0, used - 1, min(used, HEARD_BLOCKS)).astype(np.int32))
        time_s = self.time_s[block].astype(np.float32)
        costs = [
            self._unexplained(delay_ms(part.astype(np.float32), time_s), block)
            for part in _chunks(oscillators)
        ]
        return np.concatenate(costs)

    def unexplained_lines(
        self, value_ms: np.ndarray, slope_ms: np.ndarray, begin_s: float, end_s: float
    ) -> np.ndarray:
        """Share of the energy between two times that delays on straight lines do not explain.

        Parameters
        ----------
        value_ms, slope_ms : ndarray, shape (lines,)
            Delay in the middle, in ms, and its slope in ms/s.
        begin_s, end_s
            Of the part that is compared.
        """
        block = np.arange(*np.searchsorted(self.time_s, [begin_s, end_s]), dtype=np.int32)
        time_s = self.time_s[block] - (begin_s + end_s) / 2
        delays = value_ms[:, None] + slope_ms[:, None] * time_s
        delays = np.maximum(SHORTEST_MS, delays).astype(np.float32)
        return np.concatenate([self._unexplained(part, block) for part in _chunks(delays)])

    def _unexplained(self, delays_ms: np.ndarray, block: np.ndarray) -> np.ndarray:
        lag = np.rint(delays_ms * np.float32(1 / self.lag_ms))
        lag = np.minimum(lag, self.lags - 1)
        rows = torch.from_numpy(lag.astype(np.int32) * self.blocks + block)
        sums = torch.nn.functional.embedding_bag(rows, self.delayed, mode="sum").numpy()
        x_dx, x_dy, y_dx, y_dy, dx_dx, dx_dy, dy_dy = sums.T.astype(np.float64)
        xx, xy, yy = self.fixed[:, block].sum(1)
        d1 = (1 + RIDGE) * xx + 1e-20
        l21, l31 = x_dx / d1, x_dy / d1
        d2 = dx_dx - l21 * x_dx + RIDGE * xx + 1e-20
        l32 = (dx_dy - l21 * x_dy) / d2
        d3 = dy_dy - l31 * x_dy - l32**2 * d2 + RIDGE * yy + 1e-20
        z2 = y_dx - l21 * xy
        z3 = y_dy - l31 * xy - l32 * z2
        return 1 - (xy**2 / d1 + z2**2 / d2 + z3**2 / d3) / (yy + 1e-20)


def _delays(wave: np.ndarray, lags: int) -> np.ndarray:
    """View a wave 0 to lags − 1 samples later, shape (lags, samples)."""
    padded = np.pad(wave, (lags - 1, 0))
    return np.lib.stride_tricks.sliding_window_view(padded, wave.size)[::-1]


def _chunks(oscillators: np.ndarray) -> Iterable[np.ndarray]:
    return (oscillators[i : i + CHUNK] for i in range(0, len(oscillators), CHUNK))


class _Waves:
    """Gauss-Newton steps for one oscillator on waves of any rate."""

    def __init__(
        self, x: np.ndarray, y: np.ndarray, sample_rate: float, *, any_phase: bool
    ) -> None:
        self.x, self.y, self.sample_rate = x, y, sample_rate
        self.directions = np.eye(4)[: 4 if any_phase else 3]
        self.earlier_x, self.earlier_y = (np.concatenate([[0.0], wave[:-1]]) for wave in (x, y))
        self.time_s = np.arange(x.size) / sample_rate

    def delayed(self, oscillator: np.ndarray) -> tuple[np.ndarray, ...]:
        position = np.arange(self.x.size) - delay_ms(oscillator, self.time_s) * (
            self.sample_rate / 1000
        )
        whole = np.floor(position).astype(np.intp)
        share = position - whole
        silent = whole < 0
        whole = np.maximum(whole, 0)
        after = np.minimum(whole + 1, self.x.size - 1)
        return tuple(
            np.where(silent, 0.0, (1 - share) * wave[whole] + share * wave[after])
            for wave in (self.x, self.earlier_x, self.earlier_y)
        )

    def solve(self, oscillator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a, two parts of b, −feedback, and the error."""
        terms = np.stack([self.x, *self.delayed(oscillator)])
        gram = terms @ terms.T
        gram[range(4), range(4)] *= 1 + 1e-7
        gram[range(4), range(4)] += 1e-10 * (self.y @ self.y)
        values = np.linalg.solve(gram, terms @ self.y)
        return values, self.y - values @ terms

    def unexplained(self, oscillator: np.ndarray) -> float:
        error = self.solve(oscillator)[1]
        return float(error @ error / (self.y @ self.y))

    def descend(self, oscillator: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
        """Follow the error's slope by Levenberg and Marquardt's steps."""
        step = 1e-6
        damping = 1e-2
        error = self.solve(oscillator)[1]
        cost = error @ error
        for _ in range(steps):
            slopes = np.stack(
                [
                    (self.solve(oscillator + step * direction)[1] - error) / step
                    for direction in self.directions
                ]
            )
            hessian, gradient = slopes @ slopes.T, slopes @ error
            for _ in range(4):
                damped = hessian + damping * np.diag(np.diag(hessian) + 1e-12)
                trial = oscillator - np.linalg.solve(damped, gradient) @ self.directions
                trial[:3] = np.clip(trial[:3], 0.0, 1.0)
                trial_error = self.solve(trial)[1]
                if trial_error @ trial_error < cost:
                    break
                damping *= 8
            else:
                break
            gain = 1 - trial_error @ trial_error / cost
            oscillator, error, cost = trial, trial_error, trial_error @ trial_error
            damping /= 8
            if gain < 1e-3:
                break
        return oscillator, float(cost / (self.y @ self.y))


def _grid(end_s: float) -> np.ndarray:
    """Cover all oscillators so that no delay until `end_s` is off by more than about ¼ ms."""
    _, depth_span, centre_span_ms = _spans()
    centres = np.linspace(0.0, 1.0, 1 + round(centre_span_ms / GRID_MS))
    cells = []
    for depth in np.linspace(0.0, 1.0, 1 + round(SWING_MS * depth_span / GRID_MS)):
        reach_ms = _swing_per_rate_ms(end_s, depth)
        rates = np.linspace(0.0, 1.0, 1 + int(reach_ms / (1.5 * GRID_MS)))
        cells.append(np.stack(np.meshgrid(rates, [depth], centres, [0.0], indexing="ij"), -1))
    return np.concatenate([cell.reshape(-1, 4) for cell in cells])


def _lines(table: "_Table", begin_s: float, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw oscillators of any phase whose delay is likely in the first moments.

    There the delay is nearly a straight line, so that its value and slope are searched for alone,
    as slow oscillators; each likely line is then part of many faster and slower ones.
    """
    rate, depth, centre = _oscillator_parameters()
    begin, end_s = begin_s, begin_s + FIRST_S
    value_ms = np.linspace(SHORTEST_MS, 25.0, 1 + round(24.0 / LINE_MS))
    slope_ms = np.linspace(
        -FASTEST_SLOPE, FASTEST_SLOPE, 1 + round(FASTEST_SLOPE * FIRST_S / LINE_MS)
    )
    value, slope = (grid.ravel() for grid in np.meshgrid(value_ms, slope_ms, indexing="ij"))
    cost = table.unexplained_lines(value, slope, begin, end_s)
    kept = np.argsort(cost)[:LINES]
    many = n // LINES
    value, slope = np.repeat(value[kept], many), np.repeat(slope[kept], many)
    rates_hz = rate.low * (rate.high / rate.low) ** rng.random(value.size)
    least = np.abs(slope) / (2 * np.pi * rates_hz * SWING_MS)
    depths = least + (1 - least) * rng.random(value.size) ** 2
    possible = least < depth.high
    cosine = np.clip(-slope / (2 * np.pi * rates_hz * SWING_MS * np.maximum(depths, 1e-6)), -1, 1)
    angle = np.arccos(cosine) * rng.choice([-1.0, 1.0], value.size)
    centres = value + SWING_MS * depths * np.sin(angle)
    possible &= (centres > centre.low) & (centres < centre.high)
    middle_s = begin + FIRST_S / 2
    drawn = np.stack(
        [
            (rates_hz - rate.low) / (rate.high - rate.low),
            (depths - depth.low) / (depth.high - depth.low),
            (centres - centre.low) / (centre.high - centre.low),
            (angle / (2 * np.pi) - rates_hz * middle_s) % 1.0,
        ],
        axis=1,
    )
    return drawn[possible]


STAGES = ((0.15, 1000, 6, 0.3), (0.3, 500, 8, 0.3), (0.6, 200, 8, 0.2), (1.6, 60, 10, 0.1))
"""How much is compared (s), survivors, children of each, size of a step (ms of delay)."""


def _move(
    parents: np.ndarray,
    children: int,
    end_s: float,
    step_ms: float,
    rng: np.random.Generator,
    *,
    any_phase: bool,
) -> np.ndarray:
    """Add random neighbours whose delays differ by about `step_ms` at most."""
    around = np.repeat(parents, children, axis=0)
    _, depth_span, centre_span_ms = _spans()
    size = np.zeros_like(around)
    if any_phase:
        swing_ms = SWING_MS * depth_span * np.maximum(around[:, 1], 0.05)
        size[:, 3] = step_ms / (2 * np.pi * swing_ms)
    size[:, 0] = step_ms / _swing_per_rate_ms(end_s, np.maximum(around[:, 1], 0.05))
    size[:, 1] = step_ms / (SWING_MS * depth_span)
    size[:, 2] = step_ms / centre_span_ms
    moved = around + size * rng.standard_normal(around.shape)
    moved[:, :3] = np.clip(moved[:, :3], 0.0, 1.0)
    return np.concatenate([parents, moved])


def _best(oscillators: np.ndarray, cost: np.ndarray, n: int, end_s: float) -> np.ndarray:
    """Keep the best `n` of those whose delays differ by more than the niche's width."""
    ranked = oscillators[np.argsort(cost)[: 20 * n]]
    niche = np.rint(delay_ms(ranked, np.linspace(0, end_s, 6)) / NICHE_MS)
    _, first = np.unique(niche, axis=0, return_index=True)
    return ranked[np.sort(first)[:n]]


def _slide(oscillators: np.ndarray, step_ms: float) -> np.ndarray:
    """Add every other centre: delays that differ by the note's period sound alike."""
    centre_span_ms = _spans()[2]
    centres = np.arange(0.0, centre_span_ms, step_ms) / centre_span_ms
    slid = np.repeat(oscillators, centres.size, axis=0)
    slid[:, 2] = np.tile(centres, len(oscillators))
    return np.concatenate([oscillators, slid])


def search(
    table: _Table, rng: np.random.Generator, onset_s: float, n: int, *, any_phase: bool = False
) -> np.ndarray:
    """Find the likeliest oscillators.

    Parameters
    ----------
    table
        Of the sounds at a low rate.
    rng
        Of the steps that move oscillators about.
    onset_s
        When the clean sound begins.
    n
        How many to return.
    any_phase
        Whether oscillators may stand anywhere at time 0.

    Returns
    -------
    ndarray, shape (n, 4)
        Rate, depth and centre delay, normalised, and the phase in turns; the likeliest first.
    """
    end_s = onset_s + FIRST_S
    alive = _lines(table, onset_s, rng, DRAWN) if any_phase else _grid(end_s)
    first_s = end_s + FIRST_S if any_phase else end_s
    first = STAGES[0][1] * (2 if any_phase else 1)
    alive = _best(alive, table.unexplained(alive, first_s), first, first_s)
    for duration_s, survivors, children, step_ms in STAGES:
        end_s = onset_s + duration_s
        for shrink in (1.0, 0.5):
            moved = _move(alive, children, end_s, step_ms * shrink, rng, any_phase=any_phase)
            alive = _best(moved, table.unexplained(moved, end_s), survivors, end_s)
    slid = _slide(alive[:SLID], table.lag_ms)
    return _best(slid, table.unexplained(slid, end_s), n, end_s)


def invert_chorus(
    clean: np.ndarray, wet: np.ndarray, sample_rate: int, *, candidates: int = 4
) -> list[dict[str, float]]:
    """Find the settings of `effects.EFFECTS["modulation"]` that explain a reference best.

    The oscillator's phase is 0 at the first sample.

    Parameters
    ----------
    clean, wet, sample_rate, candidates
        See `invert_chorus_at_any_phase`.

    Returns
    -------
    list of dict
        Settings, the likeliest first.
    """
    found = _invert(clean, wet, sample_rate, candidates=candidates, any_phase=False)
    return [setting for setting, _ in found]


def invert_chorus_at_any_phase(
    clean: np.ndarray, wet: np.ndarray, sample_rate: int, *, candidates: int = 4
) -> list[tuple[dict[str, float], float]]:
    """Find the settings and the phase of `effects.EFFECTS["modulation"]`.

    Parameters
    ----------
    clean, wet : ndarray, shape (samples,), float64
        Aligned; the reference at any level.
    sample_rate
        In Hz.
    candidates
        How many settings to return at most.

    Returns
    -------
    list of (dict, float)
        Settings, and the oscillator's phase at the first sample in turns; the likeliest first.
    """
    return _invert(clean, wet, sample_rate, candidates=candidates, any_phase=True)


def _invert(
    clean: np.ndarray, wet: np.ndarray, sample_rate: int, *, candidates: int, any_phase: bool
) -> list[tuple[dict[str, float], float]]:
    onset_s = find_onset(clean, threshold_db=ONSET_DB) / sample_rate
    factor = max(1, round(sample_rate / COARSE_HZ))
    dull_clean, dull_wet = (signal.resample_poly(wave, 1, factor) for wave in (clean, wet))
    table = _Table(dull_clean, dull_wet, sample_rate / factor)
    coarse = _Waves(dull_clean, dull_wet, sample_rate / factor, any_phase=any_phase)
    fine = _Waves(clean, wet, sample_rate, any_phase=any_phase)
    rng = np.random.default_rng(0)
    likely = search(table, rng, onset_s, FINALISTS, any_phase=any_phase)
    descended = sorted((coarse.descend(oscillator, 8) for oscillator in likely), key=_cost)
    sample = np.array([0.0, 0.0, 1000 / sample_rate / _spans()[2], 0.0])
    found: list[tuple[np.ndarray, float]] = []
    for oscillator, _ in descended[:2]:
        starts = [np.clip(oscillator + n * sample, (0, 0, 0, -9), (1, 1, 1, 9)) for n in (-1, 0, 1)]
        starts = sorted(starts, key=fine.unexplained)
        found += [fine.descend(start, 6) for start in starts[:2]]
        if min(map(_cost, found)) < EXPLAINED:
            break
    nearest = sorted(found, key=_cost)[:candidates]
    return [
        (_setting(oscillator, fine.solve(oscillator)[0]), float(oscillator[3] % 1.0))
        for oscillator, _ in nearest
    ]


def _cost(found: tuple[np.ndarray, float]) -> float:
    return found[1]


def _setting(oscillator: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Turn an oscillator and its solved a, b (in two parts) and −feedback into a setting.

    b = g·(mix + feedback·(1 − mix)) = g·mix + feedback·a, so wet = b − feedback·a and dry = a.
    """
    parameters = EFFECTS["modulation"].parameters
    a, b, c, d = values
    feedback = float(np.clip(-d, parameters[3].low, parameters[3].high))
    dry, wet = max(a, 0.0), max(b + c - feedback * a, 0.0)
    in_units = [float(value[0]) for value in _in_units(oscillator)]
    found = [*in_units, feedback, wet / max(dry + wet, 1e-12)]
    return {
        p.name: float(np.clip(value, p.low, p.high))
        for p, value in zip(parameters, found, strict=True)
    }
