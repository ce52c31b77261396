"""Onsets of plucks and echoes.

Source: Böck and Widmer, "Maximum filter vibrato suppression for onset detection" (SuperFlux,
DAFx 2013): the log-magnitude spectrum in 24 bands an octave is compared with its earlier,
maximum-filtered self, and the increases are summed over the bands.

What differs from the original: it summed over *time* and divided the *activation* by the frame
rate, so that its five "onsets" were not times; a missing onset was the number 999, which the
scaler then took for a time; and a peak had to be the highest of the last 300 ms, so that an echo
sooner than that was never one. Here an onset is a time in s, a missing one lies at the sound's end
with activation 0, and a peak is the highest within 30 ms.
"""

import functools

import torch
from torch import Tensor

from autofx_core.features.filterbank import (
    Group,
    apply_filters,
    group_filters,
    triangular_filters,
)
from autofx_core.features.stft import power_spectrum

N_FFT = 2048
FRAMES_PER_S = 200
BANDS_PER_OCTAVE = 24
LOWEST_HZ, HIGHEST_HZ = 30.0, 17_000.0
LAG_S = 0.025  # to where the Hann window of the earlier frame has fallen to half
MAX_BANDS = 3
THRESHOLD = 1.1
PEAK_S = 0.03
MEAN_S = 0.1
N_ONSETS = 5


@functools.cache
def _bands(sample_rate: int) -> list[Group]:
    """Triangular bands, at least one bin wide and each bin used once."""
    octaves = torch.log2(torch.tensor(min(HIGHEST_HZ, sample_rate / 2) / LOWEST_HZ))
    steps = torch.arange(int(octaves * BANDS_PER_OCTAVE) + 1, dtype=torch.float64)
    hertz = LOWEST_HZ * 2 ** (steps / BANDS_PER_OCTAVE)
    corners = torch.unique((hertz * N_FFT / sample_rate).round())
    bins = torch.arange(N_FFT // 2 + 1, dtype=torch.float64)
    return group_filters(triangular_filters(corners, bins))


def onset_strength(wave: Tensor, sample_rate: int) -> Tensor:
    """Compute the SuperFlux activation, shape (batch, frames) at 200 frames a second."""
    hop = sample_rate // FRAMES_PER_S
    magnitude = power_spectrum(wave, n_fft=N_FFT, hop_length=hop).sqrt_()
    level = torch.log10(1 + apply_filters(magnitude, _bands(sample_rate)))
    lag = round(LAG_S * FRAMES_PER_S)
    earlier = torch.nn.functional.max_pool1d(level, MAX_BANDS, stride=1, padding=MAX_BANDS // 2)
    rise = (level[:, lag:] - earlier[:, :-lag]).clamp(min=0).sum(-1)
    return torch.nn.functional.pad(rise, (lag, 0))


def onsets(wave: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Find the five strongest onsets, strongest first.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, full scale ±1

    Returns
    -------
    time_s : Tensor, shape (batch, 5); the sound's duration where there is no such onset
    activation : Tensor, shape (batch, 5); 0 where there is no such onset
    """
    # A sound that starts at its first sample has its onset in the padding before it.
    lead = sample_rate // 10
    strength = onset_strength(torch.nn.functional.pad(wave, (lead, 0)), sample_rate)
    around = 2 * round(PEAK_S * FRAMES_PER_S) + 1
    span = 2 * round(MEAN_S * FRAMES_PER_S) + 1
    highest = torch.nn.functional.max_pool1d(strength, around, stride=1, padding=around // 2)
    mean = torch.nn.functional.avg_pool1d(strength, span, stride=1, padding=span // 2)
    is_onset = (strength == highest) & (strength > mean + THRESHOLD)
    activation, frame = torch.where(is_onset, strength, torch.zeros_like(strength)).topk(N_ONSETS)
    time_s = (frame * (sample_rate // FRAMES_PER_S) - lead) / sample_rate
    duration_s = wave.shape[-1] / sample_rate
    time_s = torch.where(activation > 0, time_s.clamp(min=0), torch.full_like(time_s, duration_s))
    return time_s, activation
