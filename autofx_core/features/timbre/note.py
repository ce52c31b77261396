"""The note: its pitch, its partials, and what lies between them.

The pitch is the first high peak of the autocorrelation that the mean power spectrum of the loud
frames stands for, each lag divided by the window's own autocorrelation.

Distortion shows as partials that are strong, and stay so while the fundamental fades; reverberation
and noise fill the gaps between partials.

References
----------
Boersma: "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound" (IFA Proceedings 17, 1993), section 3.
McLeod and Wyvill: "A smarter way to find pitch" (ICMC 2005): the first peak near the highest.
"""

import functools
import math

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.columns import Block, number_columns
from autofx_core.features.mel import decibels
from autofx_core.features.peaks import first_high_peak
from autofx_core.features.timbre.spectrogram import FLOOR_DB, HERTZ_PER_BIN, N_FFT, Spectrogram

LOWEST_HZ = 70.0
HIGHEST_HZ = 1400.0
NEAR_THE_HIGHEST = 0.9
LOUD_FRAME = 0.05  # of the loudest frame's energy
N_PARTIALS = 16
N_GAPS = 8
N_FADING = 8
WIDTH_HZ = 27.0  # of a partial to each side: the window's main lobe and a little
TREBLE_HZ = 2000.0


@functools.cache
def _to_autocorrelation(bins: int, lags: int) -> Tensor:
    """Matrix (bins, lags) from a power spectrum to its autocorrelation, the window divided out."""
    angle = 2 * torch.pi * torch.arange(bins)[:, None] * torch.arange(lags)[None] / N_FFT
    both_sides = torch.full((bins, 1), 2.0)
    both_sides[0] = both_sides[-1] = 1.0
    window = torch.fft.rfft(torch.hann_window(N_FFT), 2 * N_FFT).abs().square()
    own = torch.fft.irfft(window)[:lags]
    return both_sides * angle.cos() / (own / own[0])


def pitch(power: Tensor) -> tuple[Tensor, Tensor]:
    """Name the pitch of each sound.

    Parameters
    ----------
    power : Tensor, shape (batch, frames, 1025)

    Returns
    -------
    pitch_hz, periodicity : Tensors, shape (batch,)
        Within 70–1400 Hz, and the height of the autocorrelation there, 1 for a periodic sound.
    """
    energy = power.sum(-1, keepdim=True)
    loud = (energy >= LOUD_FRAME * energy.amax(1, keepdim=True)).to(power.dtype)
    mean = (loud * power / energy.clamp(min=1e-12)).sum(1)
    longest = int(ANALYSIS_RATE_HZ / LOWEST_HZ) + 2
    matrix = _to_autocorrelation(power.shape[-1], longest + 1).to(power.device)
    correlation = mean @ matrix
    similarity = correlation / correlation[:, :1].clamp(min=1e-12)
    lag, periodicity = first_high_peak(
        similarity, first=math.ceil(ANALYSIS_RATE_HZ / HIGHEST_HZ), near=NEAR_THE_HIGHEST
    )
    return (ANALYSIS_RATE_HZ / lag).clamp(LOWEST_HZ, HIGHEST_HZ), periodicity


def describe(sound: Spectrogram, pitch_hz: Tensor, periodicity: Tensor) -> Block:
    """Sum up the note.

    Parameters
    ----------
    sound
        The notes.
    pitch_hz, periodicity : Tensor, shape (batch,)
        From `pitch`.
    """
    third = sound.power.shape[1] // 3
    spans = {"early": sound.power[:, :third].mean(1), "late": sound.power[:, -third:].mean(1)}
    whole = sound.power.mean(1)
    order = torch.arange(1, N_PARTIALS + 1, device=pitch_hz.device)
    partials = pitch_hz[:, None] / HERTZ_PER_BIN * order
    gaps = pitch_hz[:, None] / HERTZ_PER_BIN * (order[:N_GAPS] + 0.5)
    level = _power_at(whole, partials)
    first, gap = level[:, :1], _power_at(whole, gaps)
    late, early = (_power_at(spans[name], partials[:, :N_FADING]) for name in ("late", "early"))
    even, odd = level[:, 1::2].sum(1), level[:, 2::2].sum(1)
    block = (
        {"pitch_octaves": pitch_hz.log2(), "periodicity": periodicity}
        | number_columns("partial_{}_db", range(2, N_PARTIALS + 1), _ratio_db(level[:, 1:], first))
        | number_columns(
            "partial_{}_late_minus_early_db", range(1, N_FADING + 1), _ratio_db(late, early)
        )
        | number_columns("gap_{}_db", range(1, N_GAPS + 1), _ratio_db(gap, level[:, :N_GAPS]))
        | {"even_minus_odd_db": _ratio_db(even, odd)}
    )
    for name, lowest_hz in (("inharmonic", 0.0), ("inharmonic_treble", TREBLE_HZ)):
        for span, power in spans.items():
            block[f"{name}_{span}_db"] = _inharmonic(power, pitch_hz, lowest_hz)
    return block


def _ratio_db(power: Tensor, other: Tensor) -> Tensor:
    return (decibels(power) - decibels(other)).clamp(FLOOR_DB, -FLOOR_DB)


def _power_at(power: Tensor, place: Tensor) -> Tensor:
    """Highest power within a bin of each place (batch, places, in bins); 0 beyond the last."""
    last = power.shape[-1] - 2
    nearest = place.round().long().clamp(1, last)
    around = torch.stack([power.gather(1, nearest + shift) for shift in (-1, 0, 1)])
    return around.amax(0) * (place < last)


def _inharmonic(power: Tensor, pitch_hz: Tensor, lowest_hz: float) -> Tensor:
    """Share in dB of the power above a frequency that lies between the partials, (batch,)."""
    hertz = HERTZ_PER_BIN * torch.arange(power.shape[-1], device=power.device)
    order = hertz / pitch_hz[:, None]
    distance_hz = (order - order.round()).abs() * pitch_hz[:, None]
    counted = power * (hertz >= lowest_hz).to(power.dtype)
    return _ratio_db((counted * (distance_hz > WIDTH_HZ)).sum(1), counted.sum(1))
