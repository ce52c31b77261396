"""Colour: the level of 32 mel bands, how it moves, and the shape of the whole spectrum.

Levels in dB; frequencies as octaves above 1 Hz, as they are heard.
"""

import torch
from torch import Tensor

from autofx_core.features.timbre.spectrogram import (
    FLOOR_DB,
    HERTZ_PER_BIN,
    N_BANDS,
    Hearing,
    decibels,
    quantile,
)

_BAND_STATISTICS = ("mean_db", "std_db", "p10_db", "p90_db", "step_db")
_SHAPES = ("centroid_octaves", "spread_octaves", "flatness_db", "tilt_db", "treble_db")
_SHAPE_STATISTICS = ("mean", "std", "p10", "p90", "late_minus_early")
TREBLE_HZ = 2000.0

NAMES = (
    *(f"band_{k}_{name}" for name in _BAND_STATISTICS for k in range(N_BANDS)),
    *(f"{shape}_{name}" for shape in _SHAPES for name in _SHAPE_STATISTICS),
)


def describe(sound: Hearing) -> Tensor:
    """Sum up bands and shape, shape (batch, len(NAMES))."""
    return torch.cat([_levels(sound.bands_db), _shapes(sound)], dim=1)


def _levels(bands_db: Tensor) -> Tensor:
    by_band = bands_db.transpose(1, 2)
    step = torch.diff(by_band, dim=-1).abs().mean(-1)
    ranked = by_band.sort(dim=-1).values
    low, high = (ranked[..., round(share * (ranked.shape[-1] - 1))] for share in (0.1, 0.9))
    return torch.cat([by_band.mean(-1), by_band.std(-1), low, high, step], dim=1)


def _shapes(sound: Hearing) -> Tensor:
    power = sound.power[..., 1:] + 1e-12
    octaves = (HERTZ_PER_BIN * torch.arange(1, power.shape[-1] + 1, device=power.device)).log2()
    treble = (octaves >= torch.tensor(TREBLE_HZ).log2()).to(power.dtype)
    total, first, second, high = (
        power @ torch.stack([torch.ones_like(octaves), octaves, octaves**2, treble], dim=1)
    ).unbind(-1)
    centroid = first / total
    spread = (second / total - centroid**2).clamp(min=0).sqrt()
    flatness = decibels(power).mean(-1) - decibels(total / power.shape[-1])
    place = torch.linspace(-1, 1, N_BANDS, device=power.device)
    tilt = sound.bands_db @ (place / place.square().sum())
    treble_db = decibels(high / total).clamp(min=FLOOR_DB)
    tracks = torch.stack([centroid, spread, flatness, tilt, treble_db], dim=1)
    quarter = tracks.shape[-1] // 4
    change = tracks[..., -quarter:].mean(-1) - tracks[..., :quarter].mean(-1)
    statistics = (
        tracks.mean(-1),
        tracks.std(-1),
        quantile(tracks, 0.1),
        quantile(tracks, 0.9),
        change,
    )
    return torch.stack(statistics, dim=-1).flatten(1)
