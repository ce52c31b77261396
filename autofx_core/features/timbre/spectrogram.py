"""The spectrogram that every block of the timbre set reads, and the statistics of its tracks.

Frames of 2048 samples every 256 (86 a second at 22.05 kHz). Power is such that a sine of amplitude
1 has 0 dB in its bin.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.columns import Block
from autofx_core.features.mel import log_mel
from autofx_core.features.stft import power_spectrum

N_FFT = 2048
HOP_LENGTH = 256
FRAME_RATE_HZ = ANALYSIS_RATE_HZ / HOP_LENGTH
HERTZ_PER_BIN = ANALYSIS_RATE_HZ / N_FFT
N_BANDS = 32
FLOOR_DB = -80.0
"""Silence: what lies this far below the loudest band of the sound counts as that."""

_SINE = (N_FFT / 4) ** 2  # power of a sine of amplitude 1 under a Hann window


@dataclass(frozen=True)
class Spectrogram:
    """A batch of sounds and their spectrograms.

    Attributes
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1
    power : Tensor, shape (batch, frames, 1025)
    bands_db : Tensor, shape (batch, frames, 32), mel bands, at least 80 dB below the maximum
    """

    wave: Tensor
    power: Tensor
    bands_db: Tensor

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.power.shape[1]


def compute_spectrogram(wave: Tensor) -> Spectrogram:
    """Analyse waves of shape (batch, samples)."""
    power = power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH) / _SINE
    bands_db = log_mel(power, ANALYSIS_RATE_HZ, n_mels=N_BANDS)
    floor = bands_db.amax((1, 2), keepdim=True) + FLOOR_DB
    return Spectrogram(wave, power, torch.maximum(bands_db, floor))


def quantile(track: Tensor, *shares: float) -> list[Tensor]:
    """Take the values that the shares of the frames (last axis) stay below, one for each share."""
    ranked = track.sort(dim=-1).values
    return [ranked[..., round(share * (track.shape[-1] - 1))] for share in shares]


def summarize(tracks: Block) -> Block:
    """Sum up each track (batch, frames): mean, deviation, quantiles, change from start to end."""
    stacked = torch.stack(list(tracks.values()), dim=1)
    quarter = max(1, stacked.shape[-1] // 4)
    low, high = quantile(stacked, 0.1, 0.9)
    statistics = {
        "mean": stacked.mean(-1),
        "std": stacked.std(-1),
        "p10": low,
        "p90": high,
        "late_minus_early": stacked[..., -quarter:].mean(-1) - stacked[..., :quarter].mean(-1),
    }
    return {
        f"{track}_{name}": values[:, row]
        for row, track in enumerate(tracks)
        for name, values in statistics.items()
    }


def log_amount(amount: Tensor) -> Tensor:
    """Decimal logarithm of a strength that may be 0; 0.01 is what counts as none."""
    return (amount + 0.01).log10()


def detrended(track: Tensor) -> Tensor:
    """Subtract the least-squares line from each track (..., frames)."""
    frames = track.shape[-1]
    time = torch.linspace(-1, 1, frames, dtype=track.dtype, device=track.device)
    slope = (track * time).sum(-1, keepdim=True) / time.square().sum()
    return track - track.mean(-1, keepdim=True) - slope * time


def slope_per_s(track: Tensor, frame_rate_hz: float) -> Tensor:
    """Least-squares slope of each track (..., frames), in its unit per second."""
    frames = track.shape[-1]
    time = torch.arange(frames, dtype=track.dtype, device=track.device) / frame_rate_hz
    time = time - time.mean()
    return (track * time).sum(-1) / time.square().sum()
