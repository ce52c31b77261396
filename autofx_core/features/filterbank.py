"""Banks of filters over a spectrum, applied without multiplying by their zeros.

A filter covers a few neighbouring bins. In groups of neighbouring filters, each multiplied with the
bins that it covers alone, a bank of 128 mel bands needs a quarter of the whole matrix' products.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

Group = tuple[int, int, Tensor]
"""First bin, last bin + 1, and weights of shape (filters, bins)."""

GROUPS = 8


def triangular_filters(corners: Tensor, places: Tensor) -> Tensor:
    """Compute triangular filters of peak 1, each from one corner over the next to the one after.

    Parameters
    ----------
    corners : Tensor, shape (filters + 2,), float64, rising
    places : Tensor, shape (bins,), float64
        Of the spectrum's bins, in the corners' unit.

    Returns
    -------
    Tensor, shape (bins, filters), float32
    """
    low, peak, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (
        (places[:, None] - low) / (peak - low),
        (high - places[:, None]) / (high - peak),
    )
    return torch.minimum(rising, falling).clamp(min=0).float()


def group_filters(filters: Tensor) -> list[Group]:
    """Split a bank into groups of neighbouring filters and the bins that each group covers.

    Parameters
    ----------
    filters : Tensor, shape (bins, filters), no filter empty
    """
    groups = []
    for group in filters.chunk(GROUPS, dim=1):
        covered = group.abs().sum(1).nonzero()[:, 0]
        first, end = int(covered[0]), int(covered[-1]) + 1
        groups.append((first, end, group[first:end].T.contiguous()))
    return groups


def apply_filters(spectrum: Tensor, groups: list[Group]) -> Tensor:
    """Filter spectra of shape (..., bins); return (..., filters)."""
    return torch.cat(
        [
            linear(spectrum[..., first:end], weights.to(spectrum.device))
            for first, end, weights in groups
        ],
        dim=-1,
    )
