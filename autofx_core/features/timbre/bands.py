"""Colour: the level of 32 mel bands, how it moves, and the shape of the whole spectrum.

Levels in dB; frequencies as octaves above 1 Hz, since pitch is perceived so.
"""

import torch
from torch import Tensor

from autofx_core.features.columns import Block, number_columns
from autofx_core.features.mel import decibels
from autofx_core.features.timbre.spectrogram import (
    FLOOR_DB,
    HERTZ_PER_BIN,
    N_BANDS,
    Spectrogram,
    quantile,
    summarize,
)

TREBLE_HZ = 2000.0


def describe(sound: Spectrogram) -> Block:
    """Sum up the bands, and the shape of the spectrum."""
    return _levels(sound.bands_db) | summarize(_shapes(sound))


def _levels(bands_db: Tensor) -> Block:
    by_band = bands_db.transpose(1, 2)
    low, high = quantile(by_band, 0.1, 0.9)
    statistics = {
        "mean": by_band.mean(-1),
        "std": by_band.std(-1),
        "p10": low,
        "p90": high,
        "step": torch.diff(by_band, dim=-1).abs().mean(-1),
    }
    block: Block = {}
    for name, values in statistics.items():
        block |= number_columns(f"band_{{}}_{name}_db", range(N_BANDS), values)
    return block


def _shapes(sound: Spectrogram) -> Block:
    """Tracks of the spectrum's shape, each (batch, frames).

    With p the power and o the octaves of a bin: centroid c = Σ o·p / Σ p, spread
    (Σ o²·p / Σ p − c²)^½, flatness the geometric over the arithmetic mean of p, tilt the
    least-squares slope of the bands' levels over half their range, treble the share of the power
    above 2 kHz.
    """
    power = sound.power[..., 1:] + 1e-12
    octaves = (HERTZ_PER_BIN * torch.arange(1, power.shape[-1] + 1, device=power.device)).log2()
    treble = (octaves >= torch.tensor(TREBLE_HZ).log2()).to(power.dtype)
    total, first, second, high = (
        power @ torch.stack([torch.ones_like(octaves), octaves, octaves**2, treble], dim=1)
    ).unbind(-1)
    centroid = first / total
    place = torch.linspace(-1, 1, N_BANDS, device=power.device)
    return {
        "centroid_octaves": centroid,
        "spread_octaves": (second / total - centroid**2).clamp(min=0).sqrt(),
        "flatness_db": decibels(power).mean(-1) - decibels(total / power.shape[-1]),
        "tilt_db": sound.bands_db @ (place / place.square().sum()),
        "treble_db": decibels(high / total).clamp(min=FLOOR_DB),
    }
