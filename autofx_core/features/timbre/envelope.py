"""Level over time: attack, decay in dB per second, what is left at the end.

Two level tracks of 172 values a second, of the wave and of its first difference, which weighs the
treble: echoes and reverberation show there first, since a string's treble dies quickly.

References
----------
Schroeder: "New method of measuring reverberation time" (JASA 37, 1965): the energy still to come.
"""

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.columns import Block, number_columns
from autofx_core.features.mel import decibels
from autofx_core.features.timbre.spectrogram import FLOOR_DB, detrended, slope_per_s

HOP_LENGTH = 128
TRACK_RATE_HZ = ANALYSIS_RATE_HZ / HOP_LENGTH
N_SEGMENTS = 12
FALLS_DB = (3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 40.0)
_SMOOTHING = 5  # values: 29 ms, two periods of a low E


def level_tracks(wave: Tensor) -> Tensor:
    """Mean square of 128 samples at a time, of the wave and of its first difference.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples)

    Returns
    -------
    Tensor, shape (batch, 2, samples // 128), smoothed over 29 ms
    """
    difference = torch.nn.functional.pad(torch.diff(wave, dim=-1), (1, 0))
    both = torch.stack([wave, difference], dim=1)
    whole = both[..., : wave.shape[-1] // HOP_LENGTH * HOP_LENGTH]
    squares = whole.unflatten(-1, (-1, HOP_LENGTH)).square().mean(-1)
    return torch.nn.functional.avg_pool1d(
        squares, _SMOOTHING, stride=1, padding=_SMOOTHING // 2, count_include_pad=False
    )


def describe(tracks: Tensor) -> Block:
    """Sum up the tracks that `level_tracks` gave."""
    level_db = decibels(tracks)
    level_db = (level_db - level_db.amax(-1, keepdim=True)).clamp(min=FLOOR_DB)
    segments = torch.nn.functional.adaptive_avg_pool1d(level_db, N_SEGMENTS)
    thirds = dict(zip(("first", "middle", "last"), level_db.tensor_split(3, dim=-1), strict=True))
    energy = tracks / tracks.sum(-1, keepdim=True).clamp(min=1e-12)
    time_s = torch.arange(tracks.shape[-1], device=tracks.device) / TRACK_RATE_HZ
    attack_s = (level_db > -3.0).to(torch.uint8).argmax(-1) / TRACK_RATE_HZ
    rises = torch.diff(level_db, dim=-1).clamp(min=0)
    both_sides = (
        number_columns("segment_{}_db", range(N_SEGMENTS), segments)
        | {f"decay_{k}_db_per_s": slope_per_s(v, TRACK_RATE_HZ) for k, v in thirds.items()}
        | {f"unevenness_{k}_db": detrended(v).square().mean(-1).sqrt() for k, v in thirds.items()}
        | _falls(energy)
        | {
            "centre_of_energy_s": (energy * time_s).sum(-1),
            "attack_log_s": (attack_s + 5e-3).log10(),
            "quietest_db": level_db.amin(-1),
            "rises_db_per_s": rises.mean(-1) * TRACK_RATE_HZ,
        }
    )
    return {
        f"{side}_{name}": values[:, row]
        for row, side in enumerate(("level", "treble"))
        for name, values in both_sides.items()
    }


def _falls(energy: Tensor) -> Block:
    """Find after which times the energy still to come has fallen by so much (Schroeder 1965)."""
    to_come_db = decibels(energy.flip(-1).cumsum(-1).flip(-1))
    return {
        f"energy_falls_{fall:g}_db_after_log_s": (
            (to_come_db > -fall).sum(-1) / TRACK_RATE_HZ + 1e-3
        ).log10()
        for fall in FALLS_DB
    }
