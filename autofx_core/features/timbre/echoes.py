"""Repeats: when plucks and echoes begin, and after how long the sound resembles itself.

Three views of the same thing. *Onsets* are rises of many bands at once. The *envelope's
autocorrelation* is that of these rises. The *ripple* is the strength of the periodic ripple that
an echo of delay d draws on the spectrum of the whole sound, peaks 1/d apart (the cepstrum's
magnitude; Bogert, Healy and Tukey 1963); it resolves delays to a tenth of a millisecond.

Delays are decimal logarithms of seconds, since they span three decades.
"""

import functools
import itertools

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.columns import Block, number_columns
from autofx_core.features.mel import decibels
from autofx_core.features.peaks import highest_peaks
from autofx_core.features.timbre.spectrogram import FLOOR_DB, FRAME_RATE_HZ, Spectrogram

SHORTEST_S, LONGEST_S = 0.04, 1.2
N_SPANS = 16
RIPPLE_SHORTEST_S, RIPPLE_LONGEST_S = 0.001, 1.2
N_RIPPLE_SPANS = 28
ECHO_SHORTEST_S = 0.02  # below it, the ripple's peaks are the note's own period
N_PEAKS = 4
NOTICED_DB = 0.5
_FLATTENED_DB = 12.0
_BEFORE_DB = (32.0, 14.8, 5.6)
"""How far below its first frame a note that begins at once would be in the three frames before:
what the Hann window's share beyond the beginning lets through."""


def describe(sound: Spectrogram) -> Block:
    """Sum up the repeats."""
    rise = rises(sound)
    return _onsets(rise) | _resemblance(rise) | _ripple(sound.wave)


def _log_s(place: Tensor, rate_hz: float) -> Tensor:
    """Places in frames as logarithms of seconds; where there is none (0), of a millisecond."""
    return (place / rate_hz).clamp(min=1e-3).log10()


@functools.cache
def _spans(places: int, rate_hz: float, shortest_s: float, longest_s: float, count: int):
    """Slices of an axis of `places` at `rate_hz`, evenly spaced in the logarithm of time."""
    edges_s = [shortest_s * (longest_s / shortest_s) ** (k / count) for k in range(count + 1)]
    edges = [round(edge * rate_hz) for edge in edges_s]
    return [
        slice(min(start, places - 1), max(stop, start + 1))  # never empty
        for start, stop in itertools.pairwise(edges)
    ]


def _span_maxima(name: str, track: Tensor, spans: list[slice]) -> Block:
    """Highest value of a track within each span."""
    return {f"{name}_span_{k}": track[:, span].amax(-1) for k, span in enumerate(spans)}


def _peaks(name: str, track: Tensor, rate_hz: float, heights: str = "{}") -> tuple[Block, Tensor]:
    """Places and heights of a track's highest peaks, and the places in samples, (batch, peaks)."""
    place, height = highest_peaks(track, N_PEAKS)
    numbers = [f"{name}_{k}" for k in range(N_PEAKS)]
    places = number_columns("{}_log_s", numbers, _log_s(place, rate_hz))
    return places | number_columns(heights, numbers, height), place


def rises(sound: Spectrogram) -> Tensor:
    """Mean rise of the bands within 35 ms, in dB, shape (batch, frames); high rises are flattened.

    Before the sound there is silence: a note that begins at once rises in the first frame.
    """
    bands = sound.bands_db
    first = bands[:, :1]
    floor = bands.amax((1, 2), keepdim=True) + FLOOR_DB
    before = torch.cat([torch.maximum(first - fall, floor) for fall in _BEFORE_DB], dim=1)
    padded = torch.cat([before, bands], dim=1)
    rise = (bands - padded[:, : bands.shape[1]]).clamp(min=0).mean(-1)
    return _FLATTENED_DB * rise / (_FLATTENED_DB + rise)


def _onsets(rise: Tensor) -> Block:
    # A rise is steepest a frame before the onset; the padding makes up for that, too.
    padded = torch.nn.functional.pad(rise, (1, 0))
    block, _ = _peaks("onset", padded, FRAME_RATE_HZ, heights="{}_rise")
    spans = _spans(rise.shape[1], FRAME_RATE_HZ, SHORTEST_S, LONGEST_S, N_SPANS)
    return block | _span_maxima("rise_after", rise, spans)


def _resemblance(rise: Tensor) -> Block:
    """Autocorrelation of the rises, its peaks, and its values at multiples of the first."""
    rise = (rise - NOTICED_DB).clamp(min=0)
    n_fft = 1 << (2 * rise.shape[-1] - 1).bit_length()
    transformed = torch.fft.rfft(rise, n_fft)
    power = transformed.real.square() + transformed.imag.square()
    both_sides = torch.cat([power, power[:, 1:-1].flip(-1)], dim=1)
    correlation = torch.fft.rfft(both_sides).real[:, : rise.shape[-1]]
    correlation = correlation / correlation[:, :1].clamp(min=1e-6)
    lags = torch.arange(correlation.shape[-1], device=rise.device)
    inside = correlation * (lags >= SHORTEST_S * FRAME_RATE_HZ)
    block, place = _peaks("resemblance", inside, FRAME_RATE_HZ)
    index = place[:, :1].round().long()
    last = correlation.shape[-1] - 1
    spans = _spans(last + 1, FRAME_RATE_HZ, SHORTEST_S, LONGEST_S, N_SPANS)
    multiples = {
        f"resemblance_at_{k}_delays": correlation.gather(1, (k * index).clamp(max=last))[:, 0]
        for k in (2, 3)
    }
    return _span_maxima("resemblance", correlation, spans) | block | multiples


def _ripple(wave: Tensor) -> Block:
    """Strength of the ripples on the whole sound's spectrum, by the delay that makes them."""
    n_fft = 1 << (wave.shape[-1] - 1).bit_length()
    transformed = torch.fft.rfft(wave, n_fft)
    level = decibels(transformed.real.square() + transformed.imag.square())[:, 1:]
    level = torch.maximum(level, level.amax(-1, keepdim=True) - 90.0)
    level = level - level.mean(-1, keepdim=True)
    window = torch.hann_window(level.shape[-1], dtype=wave.dtype, device=wave.device)
    ripple = torch.fft.rfft(level * window)
    strength = (ripple.real.square() + ripple.imag.square()).sqrt() * (4 / level.shape[-1])
    rate_hz = ANALYSIS_RATE_HZ / 2  # one line for every second sample of delay
    last = min(round(RIPPLE_LONGEST_S * rate_hz), strength.shape[-1])
    strength = strength[:, :last]
    spans = _spans(last, rate_hz, RIPPLE_SHORTEST_S, RIPPLE_LONGEST_S, N_RIPPLE_SPANS)
    lines = torch.arange(last, device=wave.device)
    block, _ = _peaks("ripple", strength * (lines >= ECHO_SHORTEST_S * rate_hz), rate_hz)
    return _span_maxima("ripple", strength, spans) | block
