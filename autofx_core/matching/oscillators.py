"""Read an oscillator's settings and phase off the clean sound and the reference, without a render.

A sweep is slow against the sound, so that at each moment the effect is a filter, and its response
is known in closed form: reference over clean sound is |H(t, f)|, whatever the waves' phases.
Thousands of settings are compared with it at the strongest bins of the spectrum. What is constant
over time at a bin is the pedal's colour and is taken out, so that only movement counts.

With E = e^(−jθ), θ = 2πf·τ(t) for a tap and the sum of the all-passes' turns for a phaser::

    H = (1 − |mix|) + mix·E / (1 − feedback·E)

The rates to try are those at which the bands' levels move most.

References
----------
Kiiski, Esqueda, Välimäki: "Time-variant gray-box modeling of a phaser pedal" (DAFx 2016), for
reading an oscillator off the notches' movement.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import signal

from autofx_core.effects.parts import oscillate
from autofx_core.effects.table import Effect

Array = np.ndarray
Setting = Mapping[str, Array]

N_FFT = 1024  # at 22.05 kHz
HOPS = 3
BINS = 24
STRONG_DB = -50.0
MOST_DIFFERENT = 2.0  # nepers; a notch that is deeper by more counts as that
DRAWS = 1500
CHUNK = 250
PARENTS, CHILDREN, ROUNDS = 16, 10, 7
JUCE_STAGES = 6
JUCE_SWING_MS = 10.0


def _mixed(turn: Array, feedback: Array, mix: Array) -> Array:
    wet = np.exp(np.complex64(-1j) * turn.astype(np.float32))
    return np.abs(1 - np.abs(mix) + mix * wet / (1 - feedback * wet))


def _swept_delay(s: Setting, turns: Array, hertz: Array, _rate: float) -> Array:
    sweep = 0.5 + 0.5 * _shaped(turns, s["shape"])
    tau_s = (s["delay_ms"] + s["depth_ms"] * sweep) / 1000
    return _mixed(2 * np.pi * hertz * tau_s, s["feedback"], s["mix"])


def _juce_chorus(s: Setting, turns: Array, hertz: Array, _rate: float) -> Array:
    swing_ms = JUCE_SWING_MS * s["depth"] * np.sin(2 * np.pi * turns)
    tau_s = np.maximum(1.0, s["centre_delay_ms"] - swing_ms) / 1000
    return _mixed(2 * np.pi * hertz * tau_s, -s["feedback"], s["mix"])


def _swept_all_pass(s: Setting, turns: Array, hertz: Array, rate: float) -> Array:
    octaves = s["depth_octaves"] / 2 * _shaped(turns, s["shape"])
    one = _all_pass_turn(hertz, s["centre_frequency_hz"] * 2**octaves, rate)
    wet = np.exp(-2j * np.round(s["stages"] / 2) * one)
    return np.abs(1 - np.abs(s["mix"]) + s["mix"] * wet * (1 + s["feedback"] * wet))


def _juce_phaser(s: Setting, turns: Array, hertz: Array, rate: float) -> Array:
    """Follow JUCE's Phaser: the sweep is even in log frequency from 20 Hz to nearly the top."""
    top_hz = min(20_000.0, 0.49 * rate)
    place = np.log(s["centre_frequency_hz"] / 20) / np.log(1000)  # of 20 kHz at any rate
    place = np.clip(place - 0.5 * s["depth"] * np.sin(2 * np.pi * turns), 0.0, 1.0)
    one = _all_pass_turn(hertz, 20 * (top_hz / 20) ** place, rate)
    wet = np.exp(-1j * JUCE_STAGES * one)
    fed_back = wet * np.exp(-2j * np.pi * hertz / rate)  # one sample later
    return np.abs(1 - s["mix"] + s["mix"] * wet / (1 + s["feedback"] * fed_back))


def _all_pass_turn(hertz: Array, break_hz: Array, rate: float) -> Array:
    """Radians by which one first-order all-pass turns the phase back."""
    tangent = np.tan(np.pi * np.minimum(break_hz, 0.45 * rate) / rate)
    return 2 * np.arctan(np.tan(np.pi * np.minimum(hertz, 0.499 * rate) / rate) / tangent)


def _sine_level(s: Setting, turns: Array, hertz: Array, _rate: float) -> Array:
    level = 1 - s["depth"] / 2 * (1 - np.cos(2 * np.pi * turns))
    return np.broadcast_to(level, np.broadcast_shapes(level.shape, hertz.shape))


def _shaped_level(s: Setting, turns: Array, hertz: Array, _rate: float) -> Array:
    level = 1 - s["depth"] / 2 * (1 + _shaped(turns, s["shape"], s["skew"]))
    return np.broadcast_to(level, np.broadcast_shapes(level.shape, hertz.shape))


def _shaped(turns: Array, shape: Array, skew: Array | None = None) -> Array:
    """Compute the oscillators of settings of shape (settings, 1, 1), turns (settings, times, 1)."""
    skews = np.full(len(shape), 0.5) if skew is None else skew.ravel()
    rows = zip(turns, shape.ravel(), skews, strict=True)
    return np.stack([oscillate(row, *how) for row, *how in rows])


Response = Callable[[Setting, Array, Array, float], Array]

RESPONSES: dict[str, Response] = {
    "modulation": _juce_chorus,
    "phaser": _juce_phaser,
    "chorus": _swept_delay,
    "flanger": _swept_delay,
    "phase_shifter": _swept_all_pass,
    "tremolo": _sine_level,
    "shaped_tremolo": _shaped_level,
}
"""Effect → |H| of settings (settings, 1, 1), turns (settings, times, 1), hertz (1, 1, bins)."""


class Movement:
    """How the reference's strongest bins move against the clean sound's.

    Parameters
    ----------
    clean, reference : ndarray, shape (samples,)
        Aligned, equally long.
    sample_rate
        In Hz.
    rendered_hz
        Sample rate at which the effect played, by which filters differ.
    """

    def __init__(
        self, clean: Array, reference: Array, sample_rate: int, *, rendered_hz: int
    ) -> None:
        self.rendered_hz = rendered_hz
        size = 1 << round(np.log2(N_FFT * sample_rate / 22_050))
        hop = size // HOPS
        hertz, time_s, spectra = signal.stft(
            np.stack([clean, reference]), sample_rate, nperseg=size, noverlap=size - hop
        )
        dry, wet = np.abs(spectra)
        mean = np.sqrt(np.mean(dry**2, axis=1))
        mean[hertz < 70] = 0.0
        peaks, _ = signal.find_peaks(mean, height=mean.max() * 10 ** (STRONG_DB / 20))
        strongest = np.sort(peaks[np.argsort(-mean[peaks])[:BINS]])
        dry, wet = dry[strongest].T, wet[strongest].T
        floor = 10 ** (STRONG_DB / 20) * dry.max()
        self.change = np.log(np.maximum(wet, 1e-3 * floor)) - np.log(np.maximum(dry, 1e-3 * floor))
        self.weight = np.log(np.maximum(dry / floor, 1.0)) ** 2  # hiss counts for nothing
        self.hertz, self.time_s = hertz[strongest], time_s
        self.hop_s = hop / sample_rate

    @property
    def moves(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.weight.sum() > 0)

    def rates(self, most: int = 4) -> Array:
        """Rates in Hz at which the bins rise and fall most."""
        change = self.change - self._mean(self.change)
        change = np.clip(change, -MOST_DIFFERENT, MOST_DIFFERENT) * self.weight
        window = np.hanning(len(change))[:, None]
        power = np.sum(np.abs(np.fft.rfft(change * window, 16_384, axis=0)) ** 2, axis=1)
        hertz = np.fft.rfftfreq(16_384, self.hop_s)
        power[(hertz < 0.3) | (hertz > 15)] = 0.0
        rates = []
        for _ in range(most):
            rates.append(hertz[np.argmax(power)])
            power[np.abs(hertz - rates[-1]) < 0.5] = 0.0
        return np.maximum(rates, 0.3)

    def _mean(self, change: Array) -> Array:
        """Mean over time at each bin."""
        total = np.maximum(self.weight.sum(0), 1e-9)
        return np.sum(change * self.weight, axis=-2, keepdims=True) / total

    def unexplained(self, effect: Effect, vectors: Array) -> Array:
        """Mean difference in nepers of vectors (settings, knobs + 1), the phase last."""
        parts = np.split(vectors, range(CHUNK, len(vectors), CHUNK))
        return np.concatenate([self._unexplained(effect, part) for part in parts])

    def _unexplained(self, effect: Effect, vectors: Array) -> Array:
        setting = {
            p.name: np.array([p.denormalize(v) for v in column])[:, None, None]
            for p, column in zip(effect.parameters, vectors.T, strict=False)
        }
        turns = setting[effect.lfos[0]] * self.time_s[:, None] + vectors[:, -1][:, None, None]
        response = RESPONSES[effect.key](setting, turns, self.hertz, self.rendered_hz)
        left = self.change - np.log(np.maximum(response, 1e-3))
        left = np.minimum(np.abs(left - self._mean(left)), MOST_DIFFERENT)
        return np.sum(left * self.weight, axis=(1, 2)) / self.weight.sum()


def read_oscillator(
    effect: Effect,
    clean: Array,
    reference: Array,
    sample_rate: int,
    *,
    rendered_hz: int,
    rng: np.random.Generator,
    most: int = 4,
) -> list[tuple[float, Array]]:
    """Find settings whose movement is the reference's.

    Parameters
    ----------
    effect
        One of `RESPONSES`.
    clean, reference : ndarray, shape (samples,)
        Aligned, equally long.
    sample_rate
        In Hz.
    rendered_hz
        Sample rate at which the effect played.
    rng
        Of the draws.
    most
        How many to return.

    Returns
    -------
    list of (float, ndarray of shape (knobs + 1,))
        Mean difference in nepers; normalised settings and the phase in turns. The nearest first,
        none like another.
    """
    movement = Movement(clean, reference, sample_rate, rendered_hz=rendered_hz)
    if not movement.moves:
        return []
    alive = _draw(effect, movement, rng)
    cost = movement.unexplained(effect, alive)
    knobs = len(effect.parameters)
    size = 0.1
    for _ in range(ROUNDS):
        kept = _distinct(alive[np.argsort(cost)], PARENTS)
        moved = np.repeat(kept, CHILDREN, axis=0)
        which = rng.random(moved.shape) < 0.5
        moved = moved + size * which * rng.standard_normal(moved.shape)
        moved[:, :knobs] = np.clip(moved[:, :knobs], 0.0, 1.0)
        alive = np.concatenate([kept, moved])
        cost = movement.unexplained(effect, alive)
        size *= 0.6
    found = _distinct(alive[np.argsort(cost)], most, apart=0.08)
    return list(zip(movement.unexplained(effect, found).tolist(), found, strict=True))


def _draw(effect: Effect, movement: Movement, rng: np.random.Generator) -> Array:
    """Spread settings over the ranges, rates near those of the movement, most oscillators sines."""
    names = [p.name for p in effect.parameters]
    vectors = rng.random((DRAWS, len(names) + 1))
    rate = names.index(effect.lfos[0])
    knob = effect.parameters[rate]
    near = rng.choice(movement.rates(), DRAWS) * rng.choice([0.5, 1.0], DRAWS, p=[0.35, 0.65])
    near = near * np.exp(0.04 * rng.standard_normal(DRAWS))
    from_movement = rng.random(DRAWS) < 0.8
    normalized = [knob.normalize(r) for r in np.clip(near, knob.low, knob.high)]
    vectors[:, rate] = np.where(from_movement, normalized, vectors[:, rate])
    for number, p in enumerate(effect.parameters):
        still = rng.random(DRAWS) < _share_of_defaults(p.name)
        vectors[still, number] = p.normalize(p.default)
        if p.name == "mix":
            sign = np.where(rng.random(DRAWS) < 0.7, 1.0, -1.0) if p.low < 0 else 1.0
            wet = sign * rng.uniform(0.3, 0.6, DRAWS)
            vectors[:, number] = [p.normalize(value) for value in wet]
    return vectors


def _share_of_defaults(name: str) -> float:
    return {"shape": 0.6, "feedback": 0.5, "skew": 0.5}.get(name, 1.0 if "tone_" in name else 0.0)


def _distinct(ranked: Array, most: int, apart: float = 0.02) -> Array:
    """Keep the first ones that differ from those before."""
    kept: list[Array] = []
    for vector in ranked:
        if all(np.abs(vector - other).max() > apart for other in kept):
            kept.append(vector)
        if len(kept) == most:
            break
    return np.stack(kept)
