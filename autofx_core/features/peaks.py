"""Local maxima of sampled tracks, placed between the samples by a parabola.

Through the values a, b, c at −1, 0, 1 goes the parabola whose vertex lies at
(a − c) / (2·(a − 2b + c)); at a maximum b that is within half a sample of 0.
"""

import torch
from torch import Tensor

FLAT = 1e-12  # a curvature closer to 0 is rounding


def interpolate_peak(left: Tensor, peak: Tensor, right: Tensor) -> Tensor:
    """Find the vertex of the parabola through a maximum and its two neighbours.

    Parameters
    ----------
    left, peak, right : Tensor, any shape, peak ≥ left and right

    Returns
    -------
    Tensor
        Offset from the peak's sample, in [−0.5, 0.5] samples.

    Examples
    --------
    >>> interpolate_peak(*torch.tensor([0.0, 3.0, 2.0])).item()
    0.25
    """
    curvature = (left - 2 * peak + right).clamp(max=-FLAT)
    return (0.5 * (left - right) / curvature).clamp(-0.5, 0.5)


def _local_maxima(track: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Mark the maxima among all samples but the outermost; return them with their neighbours."""
    left, middle, right = track[..., :-2], track[..., 1:-1], track[..., 2:]
    return (middle > left) & (middle >= right), (left, middle, right)


def highest_peaks(track: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the highest local maxima of a track.

    Parameters
    ----------
    track : Tensor, shape (batch, frames)
    count
        How many to find.

    Returns
    -------
    place, height : Tensors, shape (batch, count)
        By height; places in frames, between them by a parabola. Where there are fewer maxima above
        0, place and height are 0.
    """
    is_peak, around = _local_maxima(track)
    middle = around[1]
    height, index = torch.where(is_peak & (middle > 0), middle, 0.0).topk(count, dim=-1)
    place = index + 1 + interpolate_peak(*(side.gather(-1, index) for side in around))
    return torch.where(height > 0, place, 0.0), height


def first_high_peak(
    track: Tensor, *, first: int, near: float, least: float = 1e-12
) -> tuple[Tensor, Tensor]:
    """Find the first local maximum that comes near to the highest one.

    Parameters
    ----------
    track : Tensor, shape (..., lags)
    first
        Index of the first lag that counts, at least 1.
    near
        Share of the highest maximum that is near enough, in [0, 1].
    least
        Height above 0 that a maximum must have to count.

    Returns
    -------
    place, highest : Tensors, shape (...)
        The lag, between samples by a parabola, infinite where there is no such maximum; and the
        height of the highest maximum.
    """
    is_peak, around = _local_maxima(track[..., first - 1 :])
    height = torch.where(is_peak, around[1], 0.0)
    highest = height.amax(-1, keepdim=True)
    is_high = height >= (near * highest).clamp(min=least)
    index = is_high.to(torch.uint8).argmax(-1, keepdim=True)
    offset = interpolate_peak(*(side.gather(-1, index)[..., 0] for side in around))
    place = first + index[..., 0] + offset
    highest = highest[..., 0]
    return torch.where(highest >= least, place, torch.inf), highest
