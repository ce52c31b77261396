"""The shape of the wave itself: clipping squeezes it, asymmetric clipping tilts it.

Frames of 1024 samples without overlap, each scaled to its own root mean square, so that a fading
note counts as much at its end.
"""

import torch
from torch import Tensor

from autofx_core.features.timbre.spectrogram import Hearing, decibels, quantile

FRAME = 1024
QUIET = 1e-3  # root mean square below which a frame is silence, on a wave of peak 1
LEVELS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5)

_TRACKS = ("crest_db", "kurtosis", "asymmetry", "treble_crest_db")
_STATISTICS = ("mean", "std", "p10", "p90", "late_minus_early")

NAMES = (
    *(f"beyond_{level}_rms" for level in LEVELS),
    "wave_skewness",
    "wave_kurtosis",
    "peak_asymmetry_db",
    "rms_db",
    *(f"{track}_{name}" for track in _TRACKS for name in _STATISTICS),
)


def describe(sound: Hearing) -> Tensor:
    """Sum up the wave's shape, shape (batch, len(NAMES))."""
    wave = sound.wave
    frames = wave[:, : wave.shape[1] // FRAME * FRAME].unflatten(1, (-1, FRAME))
    rms = frames.square().mean(-1, keepdim=True).sqrt()
    scaled = frames / rms.clamp(min=QUIET)
    loudness = rms[..., 0] >= QUIET
    count = loudness.sum(1).clamp(min=1)
    size = scaled.abs()
    beyond = [((size > level).float().mean(-1) * loudness).sum(1) / count for level in LEVELS]
    squared = scaled.square()
    kurtosis = squared.square().mean(-1)
    skewness = (squared * scaled).mean(-1)
    slope = torch.diff(frames, dim=-1)
    slope_rms = slope.square().mean(-1).sqrt().clamp(min=1e-5)
    tracks = torch.stack(
        [
            decibels(size.amax(-1).square()).clamp(min=0.0),
            kurtosis,
            skewness.abs(),
            decibels((slope.abs().amax(-1) / slope_rms).square()).clamp(min=0.0),
        ],
        dim=1,
    )
    quarter = max(1, tracks.shape[-1] // 4)
    change = tracks[..., -quarter:].mean(-1) - tracks[..., :quarter].mean(-1)
    low, high = quantile(tracks, 0.1), quantile(tracks, 0.9)
    summed_up = torch.stack([tracks.mean(-1), tracks.std(-1), low, high, change], dim=-1)
    all_over = wave.square().mean(1).clamp(min=1e-8)
    single = [
        (wave**3).mean(1) / all_over**1.5,
        (wave**4).mean(1) / all_over**2,
        decibels(wave.amax(1).square()) - decibels(wave.amin(1).square()),
        decibels(all_over),
    ]
    single[2] = single[2].clamp(-40, 40)
    return torch.cat([torch.stack([*beyond, *single], dim=1), summed_up.flatten(1)], dim=1)
