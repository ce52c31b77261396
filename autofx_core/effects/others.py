"""Effects that are none of the eleven: what `recognise` has to call "something else".

=================  ====================================================================
`bit_crusher`      fewer bits (pedalboard's Bitcrush)
`rate_crusher`     every n-th sample held
`octaver`          an octave up or down beside the sound
`harmonizer`       a third to a fifth beside the sound
`auto_wah`         a resonant band-pass that the level opens
`pedal_wah`        a resonant band-pass that a foot moves
`ring_modulator`   times a sine of 80 Hz to 1.5 kHz
=================  ====================================================================

Compressors and equalisers change level and tone alone; like the amplifier's knobs, they count as
clean. Conventions as in `effects.pedals`.
"""

from collections.abc import Callable

import numpy as np
import pedalboard
from scipy import signal

from autofx_core.effects.pedals.dsp import phase_of
from autofx_core.effects.pedals.pedal import Pedal, Range
from autofx_core.effects.taxonomy import SOMETHING_ELSE

_STEP = 64  # samples for which a moving filter holds still


def _play(wave: np.ndarray, sample_rate: int, plugin: pedalboard.Plugin) -> np.ndarray:
    return pedalboard.Pedalboard([plugin])(wave.astype(np.float32), sample_rate, reset=True)


def _bit_crusher(wave, sample_rate, *, bits):
    """Round to few bits, at peak 1."""
    peak = np.abs(wave).max() or 1.0
    return _play(wave / peak, sample_rate, pedalboard.Bitcrush(bit_depth=bits))


def _rate_crusher(wave, sample_rate, *, rate_hz):
    """Hold every sample until the lower rate's next."""
    held = (np.arange(wave.shape[-1]) * rate_hz / sample_rate).astype(int) * sample_rate / rate_hz
    return wave[:, held.astype(int)]


def _octaver(wave, sample_rate, *, up, level):
    """Add the sound an octave higher (up ≥ 0.5) or lower."""
    shifted = _play(wave, sample_rate, pedalboard.PitchShift(semitones=12 if up >= 0.5 else -12))
    return wave + level * shifted


def _harmonizer(wave, sample_rate, *, semitones, level):
    """Add the sound a third to a fifth higher."""
    shifted = _play(wave, sample_rate, pedalboard.PitchShift(semitones=round(semitones)))
    return wave + level * shifted


def _moving_band(wave: np.ndarray, sample_rate: int, centre_hz: np.ndarray, q: float) -> np.ndarray:
    """Filter by a band-pass whose centre, one value for every 64 samples, moves."""
    filtered = np.empty_like(wave)
    state = np.zeros((wave.shape[0], 2))
    for number, hertz in enumerate(centre_hz):
        b, a = signal.iirpeak(min(hertz, 0.45 * sample_rate), q, fs=sample_rate)
        block = slice(number * _STEP, (number + 1) * _STEP)
        filtered[:, block], state = signal.lfilter(b, a, wave[:, block], zi=state)
    return filtered


def _auto_wah(wave, sample_rate, *, lowest_hz, octaves, q, dry):
    """Open a band-pass by the level: each note begins bright and closes."""
    follower = signal.lfilter([1 / 800], [1, -1 + 1 / 800], np.abs(wave).mean(axis=0))
    follower = follower / (follower.max() or 1.0)
    centre_hz = lowest_hz * 2 ** (octaves * follower[::_STEP])
    return _moving_band(wave, sample_rate, centre_hz, q) + dry * wave


def _pedal_wah(wave, sample_rate, *, rate_hz, lowest_hz, octaves, q, start_turns):
    """Rock a band-pass by the foot."""
    foot = 0.5 - 0.5 * np.cos(phase_of(wave, sample_rate, rate_hz, start_turns)[::_STEP])
    return _moving_band(wave, sample_rate, lowest_hz * 2 ** (octaves * foot), q) + 0.05 * wave


def _ring_modulator(wave, sample_rate, *, carrier_hz, mix):
    """Multiply by a sine."""
    carrier = np.sin(phase_of(wave, sample_rate, carrier_hz))
    return (1 - mix) * wave + mix * wave * carrier


_RANGES: dict[Callable[..., np.ndarray], dict[str, Range]] = {
    _bit_crusher: dict(bits=(3.0, 7.0)),
    _rate_crusher: dict(rate_hz=(1200.0, 5000.0)),
    _octaver: dict(up=(0.0, 1.0), level=(0.4, 1.2)),
    _harmonizer: dict(semitones=(2.6, 7.4), level=(0.4, 1.2)),
    _auto_wah: dict(lowest_hz=(250.0, 600.0), octaves=(1.5, 3.0), q=(1.5, 5.0), dry=(0.0, 0.15)),
    _pedal_wah: dict(
        rate_hz=(0.3, 2.5),
        lowest_hz=(300.0, 500.0),
        octaves=(1.5, 2.5),
        q=(2.0, 5.0),
        start_turns=(0.0, 1.0),
    ),
    _ring_modulator: dict(carrier_hz=(80.0, 1500.0), mix=(0.4, 1.0)),
}

OTHER_EFFECTS: dict[str, Pedal] = {
    name: Pedal(name, SOMETHING_ELSE, ranges, process)
    for process, ranges in _RANGES.items()
    for name in [process.__name__.removeprefix("_")]
}
"""Every effect of this module by its name; the effect of each is `SOMETHING_ELSE`."""
