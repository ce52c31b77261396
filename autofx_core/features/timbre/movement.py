"""Oscillators: how fast and how strongly level and pitch move, together or each on its own.

Level is followed in 8 groups of mel bands and for the first 8 partials of the note; frequency for
the same partials. Each track's linear trend is removed and its oscillation weighed at 20 rates from
0.1 to 17 Hz. *Common* is what all tracks do at once, *single* what each does: a tremolo moves all
levels together, a vibrato all frequencies; a phaser, flanger or chorus moves each partial at its
own time. Amounts are decimal logarithms of dB and of cents.
"""

import functools

import torch
from torch import Tensor

from autofx_core.features.columns import Block, number_columns, prefix_names
from autofx_core.features.mel import decibels
from autofx_core.features.modulation import strongest_lines
from autofx_core.features.timbre.spectrogram import (
    FRAME_RATE_HZ,
    HERTZ_PER_BIN,
    N_BANDS,
    Spectrogram,
    detrended,
    log_amount,
)

# fmt: off
RATES_HZ = (
    0.1, 0.3, 0.6, 0.9, 1.2, 1.6, 2, 2.5, 3, 3.6, 4.3, 5, 5.8, 6.7, 7.7, 9, 10.5, 12, 14, 17
)
# fmt: on
N_PARTIALS = 8
N_GROUPS = 8
_RANGE_DB = 45.0  # below its own maximum a track is silence, and still


def describe(sound: Spectrogram, pitch_hz: Tensor) -> Block:
    """Sum up the oscillations of notes.

    Parameters
    ----------
    sound
        The notes.
    pitch_hz : Tensor, shape (batch,)
    """
    groups = sound.bands_db.unflatten(2, (N_GROUPS, N_BANDS // N_GROUPS)).mean(-1).transpose(1, 2)
    level, cents, weight = partial_tracks(sound.power, pitch_hz)
    even = torch.full_like(groups[..., 0], 1 / N_GROUPS)
    by_track = {
        "band_level": (detrended(groups), even),
        "partial_level": (detrended(level), weight),
        "partial_pitch": (cents, weight),
    }
    block: Block = {}
    for statistics in (_oscillations, _deviations, _lines):
        for name, weighted in by_track.items():
            block |= prefix_names(name, statistics(*weighted))
    movements = [log_amount(track.std(-1)) for track, _ in by_track.values()]
    partials = range(1, N_PARTIALS + 1)
    return (
        block
        | number_columns("group_{}_moves_db", range(N_GROUPS), movements[0])
        | number_columns("partial_{}_moves_db", partials, movements[1])
        | number_columns("partial_{}_moves_cents", partials, movements[2])
    )


def partial_tracks(power: Tensor, pitch_hz: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the first partials of a note.

    Parameters
    ----------
    power : Tensor, shape (batch, frames, 1025)
    pitch_hz : Tensor, shape (batch,)

    Returns
    -------
    level_db : Tensor, shape (batch, partials, frames)
    cents : Tensor, shape (batch, partials, frames)
        Deviation from the partial's mean frequency, 0 where it is quiet.
    weight : Tensor, shape (batch, partials)
        How much each counts: by the fourth root of its power; sums to 1.
    """
    bins = torch.arange(power.shape[-1], dtype=power.dtype, device=power.device)
    order = torch.arange(1, N_PARTIALS + 1, dtype=power.dtype, device=power.device)
    centre = (pitch_hz[:, None] * order / HERTZ_PER_BIN)[..., None]
    half_width = (pitch_hz / HERTZ_PER_BIN / 2)[:, None, None].clamp(min=3.0, max=20.0)
    distance = (bins - centre) / half_width
    near = torch.where(distance.abs() < 1, 1 - distance.square(), torch.zeros_like(distance))
    energy = (power @ near.transpose(1, 2)).transpose(1, 2)
    moment = (power @ (near * (bins - centre)).transpose(1, 2)).transpose(1, 2)
    loudest = energy.amax(-1, keepdim=True)
    loud = (energy > 10 ** (-_RANGE_DB / 10) * loudest) & (loudest > 1e-9)
    level_db = decibels(energy)
    level_db = torch.maximum(level_db, level_db.amax(-1, keepdim=True) - _RANGE_DB)
    ratio = 1 + moment / energy.clamp(min=1e-12) / centre.clamp(min=1.0)
    cents = 1200 * ratio.clamp(min=0.5, max=2.0).log2()
    count = loud.sum(-1, keepdim=True).clamp(min=1)
    mean = (cents * loud).sum(-1, keepdim=True) / count
    weight = energy.mean(-1).clamp(min=1e-12) ** 0.25
    return level_db, (cents - mean) * loud, weight / weight.sum(-1, keepdim=True)


@functools.cache
def _oscillators(frames: int) -> tuple[Tensor, Tensor]:
    """Windowed cosines and sines at the rates, shape (frames, rates) each."""
    time_s = torch.arange(frames) / FRAME_RATE_HZ
    window = torch.hann_window(frames, periodic=False)
    angle = 2 * torch.pi * time_s[:, None] * torch.tensor(RATES_HZ)
    scale = 2 * window[:, None] / window.sum()
    return scale * angle.cos(), scale * angle.sin()


def _oscillations(tracks: Tensor, weight: Tensor) -> Block:
    """Amplitudes at each rate: of the tracks' weighted sum, and the weighted sum of each track's.

    With z the complex amplitude of a track at a rate and w its weight: |Σ w·z| is common to the
    tracks, Σ w·|z| is what each does on its own.
    """
    cosine, sine = (part.to(tracks.device) for part in _oscillators(tracks.shape[-1]))
    real, imag = tracks @ cosine, tracks @ sine
    each = weight[..., None]
    common = ((real * each).sum(1).square() + (imag * each).sum(1).square()).sqrt()
    single = ((real.square() + imag.square()).sqrt() * each).sum(1)
    rates = [f"{rate:g}" for rate in RATES_HZ]
    return number_columns("common_at_{}_hz", rates, log_amount(common)) | number_columns(
        "single_at_{}_hz", rates, log_amount(single)
    )


def _deviations(tracks: Tensor, weight: Tensor) -> Block:
    """Compute the standard deviation over time of the weighted sum, and of the single tracks."""
    common = (tracks * weight[..., None]).sum(1).std(-1)
    single = (tracks.std(-1) * weight).sum(1)
    return {
        "common_std": log_amount(common),
        "single_std": log_amount(single),
        "agreement": common / (single + 0.01),
    }


def _lines(tracks: Tensor, weight: Tensor) -> Block:
    """Strongest lines of the weighted sum, as logarithms of their amplitudes."""
    lines = strongest_lines((tracks * weight[..., None]).sum(1))
    return {
        name: log_amount(values) if name.startswith("value") else values
        for name, values in lines.items()
    }
