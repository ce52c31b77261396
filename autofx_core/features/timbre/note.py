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

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.timbre.spectrogram import (
    FLOOR_DB,
    HERTZ_PER_BIN,
    N_FFT,
    Hearing,
    decibels,
)

LOWEST_HZ = 70.0
HIGHEST_HZ = 1400.0
NEAR_THE_HIGHEST = 0.9
LOUD_FRAME = 0.05  # of the loudest frame's energy
N_PARTIALS = 16
N_GAPS = 8
N_FADING = 8
WIDTH_HZ = 27.0  # of a partial to each side: the window's main lobe and a little
TREBLE_HZ = 2000.0
_SPANS = ("early", "late")

NAMES = (
    "pitch_octaves",
    "periodicity",
    *(f"partial_{k}_db" for k in range(2, N_PARTIALS + 1)),
    *(f"partial_{k}_late_minus_early_db" for k in range(1, N_FADING + 1)),
    *(f"gap_{k}_db" for k in range(1, N_GAPS + 1)),
    "even_minus_odd_db",
    *(f"inharmonic_{span}_db" for span in _SPANS),
    *(f"inharmonic_treble_{span}_db" for span in _SPANS),
)


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
    left, middle, right = similarity[:, :-2], similarity[:, 1:-1], similarity[:, 2:]
    lag = torch.arange(1, middle.shape[-1] + 1, device=power.device)
    is_peak = (middle > left) & (middle >= right) & (lag >= ANALYSIS_RATE_HZ / HIGHEST_HZ)
    height = torch.where(is_peak, middle, torch.zeros_like(middle))
    near = is_peak & (height >= NEAR_THE_HIGHEST * height.amax(-1, keepdim=True))
    index = near.to(torch.uint8).argmax(-1, keepdim=True)
    a, b, c = (side.gather(-1, index)[:, 0] for side in (left, middle, right))
    offset = (0.5 * (a - c) / (a - 2 * b + c).clamp(max=-1e-9)).clamp(-0.5, 0.5)
    found = ANALYSIS_RATE_HZ / (lag[index[:, 0]] + offset)
    pitch_hz = torch.where(near.any(-1), found, torch.full_like(found, LOWEST_HZ))
    return pitch_hz.clamp(LOWEST_HZ, HIGHEST_HZ), height.amax(-1)


def describe(sound: Hearing, pitch_hz: Tensor, periodicity: Tensor) -> Tensor:
    """Sum up the note, shape (batch, len(NAMES)); `pitch` gave the second and third argument."""
    third = sound.frames // 3
    early, late = sound.power[:, :third].mean(1), sound.power[:, -third:].mean(1)
    whole = sound.power.mean(1)
    order = torch.arange(1, N_PARTIALS + 1, device=pitch_hz.device)
    partials = pitch_hz[:, None] / HERTZ_PER_BIN * order
    gaps = pitch_hz[:, None] / HERTZ_PER_BIN * (order[:N_GAPS] + 0.5)
    level = _power_at(whole, partials)
    fading = partials[:, :N_FADING]
    rests = [_inharmonic(power, pitch_hz) for power in (early, late)]
    columns = [
        _ratio_db(level[:, 1:], level[:, :1]),
        _ratio_db(_power_at(late, fading), _power_at(early, fading)),
        _ratio_db(_power_at(whole, gaps), level[:, :N_GAPS]),
        _ratio_db(level[:, 1::2].sum(1, keepdim=True), level[:, 2::2].sum(1, keepdim=True)),
        *(all_over for all_over, _ in rests),
        *(treble for _, treble in rests),
    ]
    return torch.cat([torch.stack([pitch_hz.log2(), periodicity], dim=1), *columns], dim=1)


def _ratio_db(power: Tensor, other: Tensor) -> Tensor:
    return (decibels(power) - decibels(other)).clamp(FLOOR_DB, -FLOOR_DB)


def _power_at(power: Tensor, place: Tensor) -> Tensor:
    """Highest power within a bin of each place (batch, places, in bins); 0 beyond the last."""
    last = power.shape[-1] - 2
    nearest = place.round().long().clamp(1, last)
    around = torch.stack([power.gather(1, nearest + shift) for shift in (-1, 0, 1)])
    return around.amax(0) * (place < last)


def _inharmonic(power: Tensor, pitch_hz: Tensor) -> tuple[Tensor, Tensor]:
    """Share of the power between the partials, of all and of the treble, in dB, (batch, 1) each."""
    hertz = HERTZ_PER_BIN * torch.arange(power.shape[-1], device=power.device)
    order = hertz / pitch_hz[:, None]
    distance_hz = (order - order.round()).abs() * pitch_hz[:, None]
    between = power * (distance_hz > WIDTH_HZ)
    high = (hertz >= TREBLE_HZ).to(power.dtype)
    return (
        _ratio_db(between.sum(1, keepdim=True), power.sum(1, keepdim=True)),
        _ratio_db((between * high).sum(1, keepdim=True), (power * high).sum(1, keepdim=True)),
    )
