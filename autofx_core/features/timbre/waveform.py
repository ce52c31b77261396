"""The shape of the wave itself: clipping squeezes it, asymmetric clipping tilts it.

Frames of 1024 samples without overlap, each scaled to its own root mean square, so that a fading
note counts as much at its end.
"""

import torch
from torch import Tensor

from autofx_core.features.columns import Block
from autofx_core.features.mel import decibels
from autofx_core.features.timbre.spectrogram import Spectrogram, summarize

FRAME = 1024
QUIET = 1e-3  # root mean square below which a frame is silence, on a wave of peak 1
LEVELS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5)


def describe(sound: Spectrogram) -> Block:
    """Sum up the wave's shape."""
    wave = sound.wave
    frames = wave[:, : wave.shape[1] // FRAME * FRAME].unflatten(1, (-1, FRAME))
    rms = frames.square().mean(-1, keepdim=True).sqrt()
    scaled = frames / rms.clamp(min=QUIET)
    is_loud = rms[..., 0] >= QUIET
    count = is_loud.sum(1).clamp(min=1)
    size = scaled.abs()
    return (
        {
            f"beyond_{level}_rms": ((size > level).float().mean(-1) * is_loud).sum(1) / count
            for level in LEVELS
        }
        | _whole(wave)
        | summarize(_tracks(frames, scaled))
    )


def _whole(wave: Tensor) -> Block:
    """Moments and level of the whole wave."""
    mean_square = wave.square().mean(1).clamp(min=1e-8)
    asymmetry_db = decibels(wave.amax(1).square()) - decibels(wave.amin(1).square())
    return {
        "wave_skewness": (wave**3).mean(1) / mean_square**1.5,
        "wave_kurtosis": (wave**4).mean(1) / mean_square**2,
        "peak_asymmetry_db": asymmetry_db.clamp(-40, 40),
        "rms_db": decibels(mean_square),
    }


def _tracks(frames: Tensor, scaled: Tensor) -> Block:
    """Shape of each frame (batch, frames, 1024), as it is and scaled to root mean square 1."""
    squared = scaled.square()
    slope = torch.diff(frames, dim=-1)
    slope_rms = slope.square().mean(-1).sqrt().clamp(min=1e-5)
    return {
        "crest_db": decibels(scaled.abs().amax(-1).square()).clamp(min=0.0),
        "kurtosis": squared.square().mean(-1),
        "asymmetry": (squared * scaled).mean(-1).abs(),
        "treble_crest_db": decibels((slope.abs().amax(-1) / slope_rms).square()).clamp(min=0.0),
    }
