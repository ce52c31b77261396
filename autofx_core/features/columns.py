"""Features by name: a block of features is a dict whose order is that of the networks' inputs."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

Block = dict[str, Tensor]
"""Name → feature of each sound, shape (batch,)."""


def number_columns(template: str, labels: Iterable[object], values: Tensor) -> Block:
    """Name the columns of a tensor.

    Parameters
    ----------
    template
        A name in which each column's label replaces ``{}``.
    labels
        As many as the last axis of `values` is long.
    values : Tensor, shape (batch, columns)

    Examples
    --------
    >>> number_columns("band_{}_db", (1, 2), torch.tensor([[3.0, 4.0]]))
    {'band_1_db': tensor([3.]), 'band_2_db': tensor([4.])}
    """
    pairs = zip(labels, values.unbind(-1), strict=True)
    return {template.format(label): column for label, column in pairs}


def prefix_names(prefix: str, block: Mapping[str, Tensor]) -> Block:
    """Put a prefix and an underscore before each name."""
    return {f"{prefix}_{name}": column for name, column in block.items()}


def stack_columns(block: Mapping[str, Tensor]) -> Tensor:
    """Stack the columns in their order, shape (batch, columns)."""
    return torch.stack(list(block.values()), dim=1)
