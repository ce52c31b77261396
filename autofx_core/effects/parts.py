"""What the adaptable effects of `registry` are built of beyond pedalboard's plug-ins.

Each part has its settings as attributes and plays waves of shape (channels, samples), float32, from
a state of rest. Those with an oscillator have its phase at the first sample, `lfo_phase`, in turns.

==================  ====================================================================
`Tremolo`           gain moved by a sine (pedalboard has none)
`ShapedTremolo`     gain moved by anything between triangle, sine and square, skewed
`SweptDelay`        chorus, flanger and vibrato: a tap that an oscillator moves
`SweptAllPass`      phaser of two to twelve stages
`EchoLine`          repeats that lose bass and treble on each round
`Clipper`           soft to hard, symmetric or not, with some of the clean sound
`Room`              pedalboard's Reverb with pre-delay and tone
`Tone`              low cut, two shelves, two bells, high cut: only those that are set
==================  ====================================================================

Source of the structures: Zölzer (ed.), *DAFX: Digital Audio Effects*, 2nd ed. (2011), ch. 2–5.
"""

import math
from dataclasses import dataclass

import numpy as np
import pedalboard
from scipy import signal

Wave = np.ndarray
BLOCK = 128  # samples for which an all-pass holds still
LEFT = 1e-3  # of a repeat; fainter ones are not computed
LOUDEST = 1e3


def oscillate(turns: Wave, shape: float, skew: float = 0.5) -> Wave:
    """Compute an oscillator between −1 and 1.

    Parameters
    ----------
    turns : ndarray
        Phase in turns; at 0 it is 0 and rises.
    shape
        −1 for a triangle, 0 for a sine, 1 for nearly a square, and all between.
    skew
        Share of a turn from one lowest point to the highest, in (0, 1); 0.5 is symmetric.
    """
    turns = np.mod(turns + 0.25, 1.0)  # lowest at 0
    warped = np.where(turns < skew, 0.5 * turns / skew, 0.5 + 0.5 * (turns - skew) / (1 - skew))
    sine = -np.cos(2 * np.pi * warped)
    if shape < 0:
        triangle = 1 - 4 * np.abs(warped - 0.5)
        return (1 + shape) * sine - shape * triangle
    steepness = 0.01 + 8 * shape**2
    return np.tanh(steepness * sine) / math.tanh(steepness)


def _turns(wave: Wave, sample_rate: float, rate_hz: float, phase: float, step: int = 1) -> Wave:
    return rate_hz * np.arange(0, wave.shape[-1], step) / sample_rate + phase


@dataclass
class Tremolo:
    """Move the level by a sine that starts at its highest."""

    rate_hz: float = 4.0
    depth: float = 0.5
    lfo_phase: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        phase = 2 * np.pi * _turns(wave, sample_rate, self.rate_hz, self.lfo_phase)
        return wave * (1 - self.depth / 2 * (1 - np.cos(phase))).astype(np.float32)


@dataclass
class ShapedTremolo:
    """Move the level by an oscillator of any shape between 1 and 1 − depth."""

    rate_hz: float = 4.0
    depth: float = 0.5
    shape: float = 0.0
    skew: float = 0.5
    lfo_phase: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        turns = _turns(wave, sample_rate, self.rate_hz, self.lfo_phase)
        level = 1 - self.depth / 2 * (1 + oscillate(turns, self.shape, self.skew))
        return wave * level.astype(np.float32)


class _Tap:
    """Reads waves a changing time ago, by linear interpolation."""

    def __init__(self, delay_samples: Wave) -> None:
        at = np.maximum(np.arange(delay_samples.size) - delay_samples, -1.0) + 1.0
        self.whole = at.astype(np.int32)
        self.share = (at - self.whole).astype(np.float32)
        self.after = np.minimum(self.whole + 1, delay_samples.size)

    def read(self, wave: Wave) -> Wave:
        padded = np.pad(wave, ((0, 0), (1, 0)))  # silence before the sound begins
        early, late = padded.take(self.whole, axis=-1), padded.take(self.after, axis=-1)
        return early + self.share * (late - early)


@dataclass
class SweptDelay:
    """Mix with a tap whose delay an oscillator moves, fed back; without dry sound a vibrato.

    A negative mix inverts the tap, negative feedback its repeats.
    """

    rate_hz: float = 1.0
    depth_ms: float = 2.0
    delay_ms: float = 7.0
    feedback: float = 0.0
    mix: float = 0.5
    shape: float = 0.0
    tone_hz: float = 20_000.0
    lfo_phase: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        turns = _turns(wave, sample_rate, self.rate_hz, self.lfo_phase)
        sweep = 0.5 + 0.5 * oscillate(turns, self.shape)
        tap = _Tap((self.delay_ms + self.depth_ms * sweep) * (sample_rate / 1000))
        line = wave
        if abs(self.feedback) > LEFT:
            for _ in range(math.ceil(math.log(LEFT) / math.log(abs(self.feedback)))):
                line = wave + np.float32(self.feedback) * tap.read(line)
        wet = _low_pass(tap.read(line), sample_rate, self.tone_hz)
        return np.float32(1 - abs(self.mix)) * wave + np.float32(self.mix) * wet


@dataclass
class SweptAllPass:
    """Mix with first-order all-passes in series that an oscillator sweeps in octaves.

    `feedback` plays the shifted sound through them once more.
    """

    rate_hz: float = 1.0
    depth_octaves: float = 2.0
    centre_frequency_hz: float = 700.0
    stages: float = 4.0
    feedback: float = 0.0
    mix: float = 0.5
    shape: float = 0.0
    lfo_phase: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        turns = _turns(wave, sample_rate, self.rate_hz, self.lfo_phase, BLOCK)
        octaves = self.depth_octaves / 2 * oscillate(turns, self.shape)
        breaks = np.minimum(self.centre_frequency_hz * 2**octaves, 0.45 * sample_rate)
        tangent = np.tan(np.pi * breaks / sample_rate)
        poles = (tangent - 1) / (tangent + 1)
        stages = 2 * round(self.stages / 2)
        shifted = _all_passes(wave, poles, stages)
        if abs(self.feedback) > LEFT:
            shifted = _all_passes(wave + np.float32(self.feedback) * shifted, poles, stages)
        return np.float32(1 - abs(self.mix)) * wave + np.float32(self.mix) * shifted


def _all_passes(wave: Wave, poles: Wave, stages: int) -> Wave:
    """Play through equal all-passes in series, each block of samples through other ones."""
    shifted = np.empty(wave.shape, dtype=np.float64)
    pairs = stages // 2
    state = np.zeros((pairs, wave.shape[0], 2))
    for number, pole in enumerate(poles):
        denominator = (1.0, 2 * pole, pole * pole)
        sections = np.tile((*denominator[::-1], *denominator), (pairs, 1))
        block = slice(number * BLOCK, (number + 1) * BLOCK)
        shifted[:, block], state = signal.sosfilt(sections, wave[:, block], zi=state)
    return shifted.astype(np.float32)


@dataclass
class EchoLine:
    """Add repeats, each filtered once more and `feedback` times as strong as the one before."""

    delay_seconds: float = 0.3
    feedback: float = 0.3
    mix: float = 0.4
    low_cut_hz: float = 20.0
    high_cut_hz: float = 20_000.0
    wow_ms: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave; the wow, the delay's wandering, is a sine of 0.8 Hz."""
        delay = np.full(wave.shape[-1], self.delay_seconds * sample_rate)
        if self.wow_ms:
            wow = np.sin(2 * np.pi * _turns(wave, sample_rate, 0.8, 0.0))
            delay = delay + self.wow_ms * sample_rate / 1000 * wow
        tap = _Tap(np.maximum(1.0, delay))
        echoes, repeat, level = np.zeros_like(wave), wave, 1.0
        for _ in range(math.ceil(wave.shape[-1] / max(self.delay_seconds * sample_rate, 64.0))):
            repeat = _high_pass(tap.read(repeat), sample_rate, self.low_cut_hz)
            repeat = _low_pass(repeat, sample_rate, self.high_cut_hz)
            echoes += np.float32(level) * repeat
            level *= self.feedback
            if level < LEFT:
                break
        return np.float32(1 - self.mix) * wave + np.float32(self.mix) * echoes


@dataclass
class Clipper:
    """Amplify, clip and blend with the clean sound.

    `hardness` goes from tanh to a straight line with corners; `asymmetry` moves the working point.
    """

    drive_db: float = 20.0
    hardness: float = 0.0
    asymmetry: float = 0.0
    clean_share: float = 0.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        driven = np.float32(10 ** (self.drive_db / 20)) * wave + np.float32(self.asymmetry)
        soft, hard = np.tanh(driven), np.clip(driven, -1, 1)
        clipped = soft + np.float32(self.hardness) * (hard - soft)
        clipped = _high_pass(clipped, sample_rate, 25.0) if self.asymmetry else clipped
        return clipped + np.float32(self.clean_share) * wave


@dataclass
class Room:
    """Add pedalboard's Reverb, later and with less bass and treble."""

    room_size: float = 0.5
    damping: float = 0.5
    mix: float = 0.3
    pre_delay_ms: float = 0.0
    low_cut_hz: float = 20.0
    high_cut_hz: float = 20_000.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        reverb = pedalboard.Reverb(self.room_size, self.damping, 1.0, 0.0, 0.0)
        wet = _high_pass(reverb(wave, sample_rate, reset=True), sample_rate, self.low_cut_hz)
        wet = _low_pass(wet, sample_rate, self.high_cut_hz)
        late = round(self.pre_delay_ms * sample_rate / 1000)
        wet = np.pad(wet, ((0, 0), (late, 0)))[:, : wave.shape[-1]]
        return np.float32(1 - self.mix) * wave + np.float32(self.mix) * wet


@dataclass
class Tone:
    """Filter; what stands at 0 dB or at its range's end is left out."""

    low_cut_hz: float = 20.0
    low_shelf_db: float = 0.0
    mid_hz: float = 700.0
    mid_db: float = 0.0
    presence_hz: float = 2500.0
    presence_db: float = 0.0
    high_shelf_db: float = 0.0
    high_cut_hz: float = 20_000.0

    def __call__(self, wave: Wave, sample_rate: float, *, reset: bool = True) -> Wave:
        """Play a wave."""
        board: list = []
        if self.low_shelf_db:
            board.append(pedalboard.LowShelfFilter(200.0, self.low_shelf_db, 0.7071))
        if self.mid_db:
            board.append(pedalboard.PeakFilter(self.mid_hz, self.mid_db, 0.7))
        if self.presence_db and self.presence_hz < 0.45 * sample_rate:
            board.append(pedalboard.PeakFilter(self.presence_hz, self.presence_db, 1.0))
        if self.high_shelf_db and sample_rate > 10_000:
            board.append(pedalboard.HighShelfFilter(4000.0, self.high_shelf_db, 0.7071))
        wave = _high_pass(wave, sample_rate, self.low_cut_hz)
        wave = pedalboard.Pedalboard(board)(wave, sample_rate, reset=True) if board else wave
        return _low_pass(wave, sample_rate, self.high_cut_hz, 2)


def _low_pass(wave: Wave, sample_rate: float, cutoff_hz: float, order: int = 1) -> Wave:
    if cutoff_hz >= min(20_000.0, 0.45 * sample_rate):
        return wave
    numerator, denominator = signal.butter(order, cutoff_hz, fs=sample_rate)
    return signal.lfilter(numerator, denominator, wave).astype(np.float32)


def _high_pass(wave: Wave, sample_rate: float, cutoff_hz: float) -> Wave:
    if cutoff_hz <= 20.0:
        return wave
    numerator, denominator = signal.butter(1, cutoff_hz, "high", fs=sample_rate)
    return signal.lfilter(numerator, denominator, wave).astype(np.float32)
