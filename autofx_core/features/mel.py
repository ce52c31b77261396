"""Mel bands and levels in dB. HTK's mel scale, triangular filters of peak 1."""

import functools

import torch
from torch import Tensor

from autofx_core.features.filterbank import triangular_filters


def hertz_to_mel(hertz: Tensor) -> Tensor:
    """HTK's mel scale, 2595·log10(1 + f/700)."""
    return 2595.0 * torch.log10(1.0 + hertz / 700.0)


@functools.cache
def mel_filters(bins: int, sample_rate: int, n_mels: int) -> Tensor:
    """Compute triangular filters, evenly spaced in mel from 0 to half the sample rate.

    Parameters
    ----------
    bins
        Of the spectrum, from 0 Hz to half the sample rate.
    sample_rate
        In Hz.
    n_mels
        Number of filters.

    Returns
    -------
    Tensor, shape (bins, n_mels), peak 1
    """
    top_mel = hertz_to_mel(torch.tensor(sample_rate / 2, dtype=torch.float64))
    corners_mel = torch.linspace(0, 1, n_mels + 2, dtype=torch.float64) * top_mel
    corners_hz = 700.0 * (10 ** (corners_mel / 2595.0) - 1.0)
    hertz = torch.linspace(0, sample_rate / 2, bins, dtype=torch.float64)
    return triangular_filters(corners_hz, hertz)


def decibels(power: Tensor, *, least: float = 1e-12) -> Tensor:
    """Ten times the decimal logarithm of a power, or of `least` where it is smaller."""
    return 10 * power.clamp(min=least).log10()


def log_mel(power: Tensor, sample_rate: int, *, n_mels: int, least: float = 1e-12) -> Tensor:
    """Compute the levels of mel bands.

    Parameters
    ----------
    power : Tensor, shape (..., bins)
        Power spectra from 0 Hz to half the sample rate.
    sample_rate
        In Hz.
    n_mels
        Number of bands.
    least
        Power below which all counts as silence.

    Returns
    -------
    Tensor, shape (..., n_mels), in dB
    """
    filters = mel_filters(power.shape[-1], sample_rate, n_mels).to(power.device)
    return decibels(power @ filters, least=least)
