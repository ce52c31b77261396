"""Mel-frequency cepstral coefficients.

Source: Davis and Mermelstein (1980); HTK mel scale, triangular filters without area normalisation,
power in dB limited to 80 dB below each sound's maximum, orthonormal DCT-II.

What differs from the original: torchaudio's default analysis of 400 samples left seven of the 128
mel bands empty; 2048 samples fill them all.
"""

import functools
import math

import torch
from torch import Tensor

from autofx_core.features.filterbank import Group, apply_filters, group_filters
from autofx_core.features.stft import power_spectrum

N_FFT = 2048
HOP_LENGTH = 512
N_MELS = 128
N_COEFFICIENTS = 10
DYNAMIC_RANGE_DB = 80.0


def hertz_to_mel(hertz: Tensor) -> Tensor:
    """HTK's mel scale, 2595·log10(1 + f/700)."""
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


@functools.cache
def mel_filters(bins: int, sample_rate: int, n_mels: int) -> Tensor:
    """Triangular filters, evenly spaced in mel from 0 to half the sample rate.

    Returns
    -------
    Tensor, shape (bins, n_mels), peak 1
    """
    top_mel = hertz_to_mel(torch.tensor(sample_rate / 2, dtype=torch.float64))
    corners_mel = torch.linspace(0, 1, n_mels + 2, dtype=torch.float64) * top_mel
    corners_hz = 700.0 * (10 ** (corners_mel / 2595.0) - 1.0)
    hertz = torch.linspace(0, sample_rate / 2, bins, dtype=torch.float64)
    low, peak, high = corners_hz[:-2], corners_hz[1:-1], corners_hz[2:]
    rising = (hertz[:, None] - low) / (peak - low)
    falling = (high - hertz[:, None]) / (high - peak)
    return torch.minimum(rising, falling).clamp(min=0).float()


@functools.cache
def _mel_groups(sample_rate: int) -> list[Group]:
    return group_filters(mel_filters(N_FFT // 2 + 1, sample_rate, N_MELS))


@functools.cache
def _cosines(n_mels: int, n_coefficients: int) -> Tensor:
    """Orthonormal DCT-II, shape (n_mels, n_coefficients)."""
    centre = torch.arange(n_mels, dtype=torch.float64) + 0.5
    order = torch.arange(n_coefficients, dtype=torch.float64)
    basis = torch.cos(math.pi / n_mels * centre[:, None] * order) * math.sqrt(2 / n_mels)
    basis[:, 0] /= math.sqrt(2)
    return basis.float()


def mfcc(wave: Tensor, sample_rate: int) -> Tensor:
    """Compute the first ten coefficients.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32

    Returns
    -------
    Tensor, shape (batch, 10, frames), with frames = 1 + samples // 512
    """
    power = power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH)
    decibels = 10 * apply_filters(power, _mel_groups(sample_rate)).clamp(min=1e-10).log10()
    floor = decibels.amax((1, 2), keepdim=True) - DYNAMIC_RANGE_DB
    cepstrum = torch.maximum(decibels, floor) @ _cosines(N_MELS, N_COEFFICIENTS).to(wave.device)
    return cepstrum.transpose(1, 2)
