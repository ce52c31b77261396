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
from autofx_core.features.mel import decibels, mel_filters
from autofx_core.features.stft import power_spectrum

N_FFT = 2048
HOP_LENGTH = 512
N_MELS = 128
N_COEFFICIENTS = 10
DYNAMIC_RANGE_DB = 80.0


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
    # As mel.log_mel, but in groups of filters: with 128 bands a quarter of the products.
    level = decibels(apply_filters(power, _mel_groups(sample_rate)), least=1e-10)
    floor = level.amax((1, 2), keepdim=True) - DYNAMIC_RANGE_DB
    cepstrum = torch.maximum(level, floor) @ _cosines(N_MELS, N_COEFFICIENTS).to(wave.device)
    return cepstrum.transpose(1, 2)
