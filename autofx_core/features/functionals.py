"""Functionals: numbers that sum up how a frame-wise descriptor moves through a sound.

Each takes a track of shape (..., frames) and returns (...). Moments are population moments except
for the standard deviation, which is unbiased as in AutoFX; skewness and kurtosis of a constant
track are 0 (the original returned NaN there).
"""

import torch
from torch import Tensor

FUNCTIONALS = ("mean", "std", "skewness", "kurtosis", "min", "max")
"""Order of the six functionals in every block of the classification set."""

_CONSTANT = 1e-6  # relative to the track's magnitude: below it a deviation is rounding


def standardized_moments(track: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return mean, unbiased standard deviation, skewness and kurtosis (3 for a normal law).

    Parameters
    ----------
    track : Tensor, shape (..., frames), frames ≥ 2

    Returns
    -------
    Tensors of shape (...); skewness and kurtosis are 0 where the track is constant.
    """
    frames = track.shape[-1]
    mean = track.mean(-1)
    deviation = track - mean[..., None]
    variance = (deviation * deviation).mean(-1)
    largest = track.abs().amax(-1)
    varies = variance > (_CONSTANT * largest) ** 2
    # Dividing before taking powers keeps tiny tracks, such as slopes, from underflowing.
    z = deviation * torch.where(varies, variance, torch.inf).rsqrt()[..., None]
    z_squared = z * z
    skewness, kurtosis = (z_squared * z).mean(-1), (z_squared * z_squared).mean(-1)
    std = (variance * frames / (frames - 1)).sqrt()
    return mean, std, skewness, kurtosis


def functionals(track: Tensor) -> Tensor:
    """Sum up a track by the six `FUNCTIONALS`.

    Parameters
    ----------
    track : Tensor, shape (..., frames)

    Returns
    -------
    Tensor, shape (..., 6)

    Examples
    --------
    >>> functionals(torch.tensor([0.0, 1.0, 2.0]))
    tensor([1.0000, 1.0000, 0.0000, 1.5000, 0.0000, 2.0000])
    """
    return torch.stack([*standardized_moments(track), track.amin(-1), track.amax(-1)], dim=-1)
