"""Other pedals: independent designs of every effect class, beside the generic ones of `effects`.

A system that has met one chorus knows that chorus. These designs are what it has not met: their
sounds serve as out-of-domain references in listening tests, and as training and test sounds of the
recognition task. They are never estimated; only their class has a generic effect to match them by.

======================  ===========  =======================================================
name                    class        design
======================  ===========  =======================================================
`flanger`               modulation   1–6 ms delay with feedback, triangle oscillator
`phaser`                modulation   four all-pass stages swept in octaves (Hartmann 1978)
`vibrato`               modulation   delay modulated by a sine, no dry sound
`ensemble_chorus`       modulation   three delay taps, oscillators 120° apart
`slapback`              delay        one darkened repeat, 60–160 ms
`tape_echo`             delay        repeats through a loop with band-pass and wow
`diode_overdrive`       distortion   asymmetric exponential clipper, DC blocked
`fuzz`                  distortion   hard clipping with bias, then a tone filter
`plate_reverb`          reverb       Freeverb (pedalboard's Reverb)
`room_reverb`           reverb       convolution with decaying noise (Moorer 1979)
`sine_tremolo`          tremolo      gain modulated by a sine
`optical_tremolo`       tremolo      gain modulated by a lamp's skewed pulse
`clean`                 dry          nothing
`amp_tone`              dry          two shelves, as from an amplifier's tone stack
======================  ===========  =======================================================

Source of the structures: Zölzer (ed.), *DAFX: Digital Audio Effects*, 2nd ed. (2011), ch. 2–5.
Conventions: waves of shape (channels, samples), float32; the oscillators start at phase 0; the
settings are drawn so that the effect is plainly heard.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pedalboard
from scipy import signal

Settings = dict[str, float]
Range = tuple[float, float]


@dataclass(frozen=True)
class Design:
    """One design: its class, the ranges its settings are drawn from, and what it does."""

    name: str
    effect_class: str
    ranges: dict[str, Range]
    process: Callable[..., np.ndarray]

    def draw(self, rng: np.random.Generator) -> Settings:
        """Draw every setting uniformly from its range."""
        return {name: float(rng.uniform(*limits)) for name, limits in self.ranges.items()}

    def render(self, wave: np.ndarray, sample_rate: int, settings: Settings) -> np.ndarray:
        """Play a wave (channels, samples) through the design.

        Returns
        -------
        ndarray, shape (channels, samples), float32; the tail is cut
        """
        wet = self.process(np.asarray(wave, dtype=np.float64), sample_rate, **settings)
        return wet.astype(np.float32)


DESIGNS: dict[str, Design] = {}


def _design(effect_class: str, **ranges: Range) -> Callable:
    def add(process: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        DESIGNS[process.__name__] = Design(process.__name__, effect_class, ranges, process)
        return process

    return add


def _seconds(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    return np.arange(wave.shape[-1]) / sample_rate


def _delayed(wave: np.ndarray, delay_samples: np.ndarray) -> np.ndarray:
    """Read each channel `delay_samples` (one per sample) ago, by linear interpolation."""
    now = np.arange(wave.shape[-1])
    padded = np.pad(wave, ((0, 0), (1, 0)))  # silence before the sound begins
    at = np.arange(-1, wave.shape[-1])
    return np.stack([np.interp(now - delay_samples, at, channel, left=0.0) for channel in padded])


def _low_pass(wave: np.ndarray, sample_rate: int, cutoff_hz: float) -> np.ndarray:
    return signal.sosfilt(signal.butter(1, cutoff_hz, fs=sample_rate, output="sos"), wave)


def _high_pass(wave: np.ndarray, sample_rate: int, cutoff_hz: float) -> np.ndarray:
    return signal.sosfilt(signal.butter(1, cutoff_hz, "high", fs=sample_rate, output="sos"), wave)


@_design("modulation", rate_hz=(0.1, 1.0), depth=(0.5, 1.0), feedback=(0.3, 0.85))
def flanger(wave, sample_rate, *, rate_hz, depth, feedback):
    """Mix with a 1–6 ms delay that feeds back; its comb's teeth sweep with the oscillator."""
    triangle = 0.5 + 0.5 * signal.sawtooth(2 * np.pi * rate_hz * _seconds(wave, sample_rate), 0.5)
    delay = (1.0 + 5.0 * depth * triangle) * sample_rate / 1000
    line = np.zeros((wave.shape[0], 1 + wave.shape[-1]))  # one sample of silence comes first
    block = int(delay.min()) - 1  # within a block nothing depends on the block itself
    for start in range(0, wave.shape[-1], block):
        now = np.arange(start, min(start + block, wave.shape[-1]))
        position = np.maximum(1 + now - delay[now], 0.0)
        earlier = position.astype(int)
        share = position - earlier
        past = line[:, earlier] * (1 - share) + line[:, earlier + 1] * share
        line[:, 1 + now] = wave[:, now] + feedback * past
    return 0.5 * wave + 0.5 * _delayed(line[:, 1:], delay)


@_design("modulation", rate_hz=(0.2, 3.0), depth_octaves=(1.0, 2.5), centre_hz=(400.0, 1200.0))
def phaser(wave, sample_rate, *, rate_hz, depth_octaves, centre_hz):
    """Mix with four first-order all-passes in series: two notches, swept in octaves."""
    step = 64
    notch_hz = centre_hz * 2 ** (
        depth_octaves
        / 2
        * np.sin(2 * np.pi * rate_hz * np.arange(0, wave.shape[-1], step) / sample_rate)
    )
    tangent = np.tan(np.pi * np.minimum(notch_hz, 0.45 * sample_rate) / sample_rate)
    shifted = np.empty_like(wave)
    state = np.zeros((wave.shape[0], 4))
    for number, coefficient in enumerate((tangent - 1) / (tangent + 1)):
        pole = np.array([1.0, coefficient])
        denominator = np.convolve(np.convolve(pole, pole), np.convolve(pole, pole))
        block = slice(number * step, (number + 1) * step)
        shifted[:, block], state = signal.lfilter(
            denominator[::-1], denominator, wave[:, block], zi=state
        )
    return 0.5 * wave + 0.5 * shifted


@_design("modulation", rate_hz=(3.0, 8.0), deviation_cents=(15.0, 60.0))
def vibrato(wave, sample_rate, *, rate_hz, deviation_cents):
    """Move the pitch by a sine: the delay's slope is the relative change of frequency."""
    slope = 2 ** (deviation_cents / 1200) - 1
    swing = slope / (2 * np.pi * rate_hz)
    phase = 2 * np.pi * rate_hz * _seconds(wave, sample_rate)
    return _delayed(wave, sample_rate * (swing * (1 - np.cos(phase))))


@_design("modulation", rate_hz=(0.3, 1.5), depth_ms=(0.8, 2.5), mix=(0.5, 0.8))
def ensemble_chorus(wave, sample_rate, *, rate_hz, depth_ms, mix):
    """Mix with three taps around 8, 11 and 14 ms whose oscillators stand 120° apart."""
    phase = 2 * np.pi * rate_hz * _seconds(wave, sample_rate)
    taps = [
        _delayed(
            wave, (centre_ms + depth_ms * np.sin(phase + 2 * np.pi * k / 3)) * sample_rate / 1000
        )
        for k, centre_ms in enumerate((8.0, 11.0, 14.0))
    ]
    return (1 - mix) * wave + mix / np.sqrt(3) * sum(taps)


@_design("delay", delay_ms=(60.0, 160.0), level=(0.4, 0.9), cutoff_hz=(2000.0, 5000.0))
def slapback(wave, sample_rate, *, delay_ms, level, cutoff_hz):
    """Add one repeat, soft in the treble."""
    repeat = _delayed(wave, np.full(wave.shape[-1], delay_ms * sample_rate / 1000))
    return wave + level * _low_pass(repeat, sample_rate, cutoff_hz)


@_design("delay", delay_ms=(180.0, 600.0), feedback=(0.3, 0.75), level=(0.4, 0.9))
def tape_echo(wave, sample_rate, *, delay_ms, feedback, level):
    """Add repeats that lose treble and bass on each round, with the tape's wow (0.8 Hz, 0.3 ms)."""
    wow = 0.3 * np.sin(2 * np.pi * 0.8 * _seconds(wave, sample_rate))
    delay = (delay_ms + wow) * sample_rate / 1000
    echoes, repeat = np.zeros_like(wave), wave
    for number in range(int(wave.shape[-1] / (delay_ms / 1000 * sample_rate))):
        repeat = _high_pass(_delayed(repeat, delay), sample_rate, 120.0)
        repeat = _low_pass(repeat, sample_rate, 3500.0)
        echoes += feedback**number * repeat
    return wave + level * echoes


@_design("distortion", drive_db=(12.0, 40.0), asymmetry=(0.3, 0.8), tone_hz=(1500.0, 5000.0))
def diode_overdrive(wave, sample_rate, *, drive_db, asymmetry, tone_hz):
    """Clip the halves by exponentials of unequal knees, which adds even harmonics."""
    driven = 10 ** (drive_db / 20) * wave
    clipped = np.where(
        driven > 0,
        1 - np.exp(-np.maximum(driven, 0)),
        (np.exp(np.minimum(driven, 0) / (1 - asymmetry)) - 1) * (1 - asymmetry),
    )
    return _low_pass(_high_pass(clipped, sample_rate, 30.0), sample_rate, tone_hz)


@_design("distortion", drive_db=(30.0, 55.0), bias=(0.0, 0.2), tone_hz=(1000.0, 4000.0))
def fuzz(wave, sample_rate, *, drive_db, bias, tone_hz):
    """Clip hard around a bias, nearly to a square wave, and round it by a tone filter."""
    clipped = np.clip(10 ** (drive_db / 20) * (wave + bias * np.abs(wave).max() / 10), -1, 1)
    return _low_pass(_high_pass(clipped, sample_rate, 30.0), sample_rate, tone_hz)


@_design("reverb", room_size=(0.3, 0.95), damping=(0.1, 0.9), wet_level=(0.2, 0.6))
def plate_reverb(wave, sample_rate, *, room_size, damping, wet_level):
    """Play through Freeverb's parallel combs and serial all-passes."""
    reverb = pedalboard.Reverb(
        room_size=room_size, damping=damping, wet_level=wet_level, dry_level=0.5, width=0.0
    )
    return reverb(wave.astype(np.float32), sample_rate, reset=True)


@_design("reverb", decay_s=(0.4, 2.5), brightness_hz=(1500.0, 6000.0), level=(0.3, 0.8))
def room_reverb(wave, sample_rate, *, decay_s, brightness_hz, level):
    """Convolve with noise that falls by 60 dB in the decay time."""
    samples = int(min(decay_s, 2.5) * sample_rate)
    envelope = 10 ** (-3 * np.arange(samples) / (decay_s * sample_rate))
    noise = np.random.default_rng(0).standard_normal(samples) * envelope
    response = _low_pass(noise, sample_rate, brightness_hz)
    response /= np.sqrt(np.sum(response**2))
    tail = signal.fftconvolve(wave, response[np.newaxis], axes=-1)[:, : wave.shape[-1]]
    return wave + level * tail


@_design("tremolo", rate_hz=(2.0, 9.0), depth=(0.4, 0.95))
def sine_tremolo(wave, sample_rate, *, rate_hz, depth):
    """Move the level by a sine between 1 and 1 − depth."""
    phase = 2 * np.pi * rate_hz * _seconds(wave, sample_rate)
    return wave * (1 - depth / 2 * (1 - np.cos(phase)))


@_design("tremolo", rate_hz=(2.0, 8.0), depth=(0.5, 0.95))
def optical_tremolo(wave, sample_rate, *, rate_hz, depth):
    """Move the level as a lamp on a photocell does: quickly down, slowly up."""
    cycle = (rate_hz * _seconds(wave, sample_rate)) % 1.0
    glow = np.where(cycle < 0.2, cycle / 0.2, np.exp(-(cycle - 0.2) / 0.2))
    return wave * (1 - depth * glow)


@_design("dry")
def clean(wave, sample_rate):
    """Leave the sound as it is."""
    return wave


@_design("dry", bass_db=(-5.0, 5.0), treble_db=(-5.0, 5.0))
def amp_tone(wave, sample_rate, *, bass_db, treble_db):
    """Colour the sound by an amplifier's bass and treble knobs."""
    chain = pedalboard.Pedalboard(
        [
            pedalboard.LowShelfFilter(cutoff_frequency_hz=250, gain_db=bass_db, q=0.7),
            pedalboard.HighShelfFilter(cutoff_frequency_hz=2000, gain_db=treble_db, q=0.7),
        ]
    )
    return chain(wave.astype(np.float32), sample_rate, reset=True)
