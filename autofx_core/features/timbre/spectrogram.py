"""What every block of the timbre set looks at: one spectrogram of the sound, and its statistics.

Frames of 2048 samples every 256 (86 a second at 22.05 kHz). Power is such that a sine of amplitude
1 has 0 dB in its bin.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.mfcc import mel_filters
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
class Hearing:
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


def hear(wave: Tensor) -> Hearing:
    """Analyse waves of shape (batch, samples)."""
    power = power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH) / _SINE
    filters = mel_filters(power.shape[-1], ANALYSIS_RATE_HZ, N_BANDS).to(wave.device)
    bands_db = decibels(power @ filters)
    floor = bands_db.amax((1, 2), keepdim=True) + FLOOR_DB
    return Hearing(wave, power, torch.maximum(bands_db, floor))


def decibels(power: Tensor) -> Tensor:
    """Ten times the decimal logarithm of a power, at least −120 dB."""
    return 10 * power.clamp(min=1e-12).log10()


def quantile(track: Tensor, share: float) -> Tensor:
    """Take the value that `share` of the frames (last axis) stay below."""
    rank = round(share * (track.shape[-1] - 1))
    return track.sort(dim=-1).values[..., rank]


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


def peaks(track: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the highest local maxima of a track.

    Parameters
    ----------
    track : Tensor, shape (batch, frames)

    Returns
    -------
    place, height : Tensors, shape (batch, count)
        By height; places in frames, between them by a parabola; where there are fewer maxima,
        height 0 at place 0.
    """
    left, middle, right = track[:, :-2], track[:, 1:-1], track[:, 2:]
    is_peak = (middle > left) & (middle >= right) & (middle > 0)
    height, index = torch.where(is_peak, middle, torch.zeros_like(middle)).topk(count, dim=-1)
    a, b, c = (side.gather(-1, index) for side in (left, middle, right))
    offset = (0.5 * (a - c) / (a - 2 * b + c).clamp(max=-1e-9)).clamp(-0.5, 0.5)
    place = torch.where(height > 0, index + 1 + offset, torch.zeros_like(height))
    return place, height
