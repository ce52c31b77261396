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
from autofx_core.features.timbre.spectrogram import FLOOR_DB, decibels, slope_per_s

HOP_LENGTH = 128
TRACK_RATE_HZ = ANALYSIS_RATE_HZ / HOP_LENGTH
N_SEGMENTS = 12
FALLS_DB = (3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 40.0)
_SMOOTHING = 5  # values: 29 ms, two periods of a low E
_THIRDS = ("first", "middle", "last")
_SINGLE = (
    *(f"segment_{k}_db" for k in range(N_SEGMENTS)),
    *(f"decay_{third}_db_per_s" for third in _THIRDS),
    *(f"unevenness_{third}_db" for third in _THIRDS),
    *(f"energy_falls_{fall:g}_db_after_log_s" for fall in FALLS_DB),
    "centre_of_energy_s",
    "attack_log_s",
    "quietest_db",
    "rises_db_per_s",
)

NAMES = tuple(f"{side}_{name}" for side in ("level", "treble") for name in _SINGLE)


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


def describe(tracks: Tensor) -> Tensor:
    """Sum up level tracks of shape (batch, 2, values) as shape (batch, len(NAMES))."""
    level_db = decibels(tracks)
    loudest = level_db.amax(-1, keepdim=True)
    level_db = (level_db - loudest).clamp(min=FLOOR_DB)
    segments = torch.nn.functional.adaptive_avg_pool1d(level_db, N_SEGMENTS)
    thirds = level_db.tensor_split(3, dim=-1)
    slopes = [slope_per_s(third, TRACK_RATE_HZ) for third in thirds]
    rests = [_unevenness(third) for third in thirds]
    energy = tracks / tracks.sum(-1, keepdim=True).clamp(min=1e-12)
    to_come_db = decibels(energy.flip(-1).cumsum(-1).flip(-1))
    falls = [((to_come_db > -fall).sum(-1) / TRACK_RATE_HZ + 1e-3).log10() for fall in FALLS_DB]
    time_s = torch.arange(tracks.shape[-1], device=tracks.device) / TRACK_RATE_HZ
    attack = ((level_db > -3.0).to(torch.uint8).argmax(-1) / TRACK_RATE_HZ + 5e-3).log10()
    rises = torch.diff(level_db, dim=-1).clamp(min=0).mean(-1) * TRACK_RATE_HZ
    single = [
        *slopes,
        *rests,
        *falls,
        (energy * time_s).sum(-1),
        attack,
        level_db.amin(-1),
        rises,
    ]
    return torch.cat([segments, torch.stack(single, dim=-1)], dim=-1).flatten(1)


def _unevenness(level_db: Tensor) -> Tensor:
    """Measure the deviation in dB from the straight line of an even decay."""
    frames = level_db.shape[-1]
    time = torch.linspace(-1, 1, frames, dtype=level_db.dtype, device=level_db.device)
    centred = level_db - level_db.mean(-1, keepdim=True)
    slope = (centred * time).sum(-1, keepdim=True) / time.square().sum()
    return (centred - slope * time).square().mean(-1).sqrt()
