"""Combs: the ripples that delays of 1–23 ms draw on short-time spectra, and how they move.

A chorus or flanger adds the sound to itself some milliseconds later, which gives the spectrum of
each frame a ripple; its oscillator moves the ripple, while a note's own partials keep theirs. Each
frame's log spectrum is transformed again; a line's mean over time is the *static* ripple, what it
deviates from that the *moving* one. Strengths are decimal logarithms of dB.
"""

import functools
import itertools

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.timbre.spectrogram import FLOOR_DB, Hearing, decibels, peaks

STEP = 2  # frames
SHORTEST_MS, LONGEST_MS = 0.35, 23.0
N_SPANS = 18
N_PEAKS = 2
_RANGE_DB = 60.0  # below its maximum a frame's spectrum is noise

NAMES = (
    *(f"static_comb_span_{k}" for k in range(N_SPANS)),
    *(f"moving_comb_span_{k}" for k in range(N_SPANS)),
    *(f"moving_comb_{k}_log_ms" for k in range(N_PEAKS)),
    *(f"moving_comb_{k}" for k in range(N_PEAKS)),
    "moving_share",
)


@functools.cache
def _edges(lines: int) -> list[int]:
    """Lines between which the spans lie, evenly spaced in the logarithm of the delay."""
    ratio = (LONGEST_MS / SHORTEST_MS) ** (1 / N_SPANS)
    per_ms = ANALYSIS_RATE_HZ / 2 / 1000  # one line for every second sample of delay
    edges = [round(SHORTEST_MS * ratio**k * per_ms) for k in range(N_SPANS + 1)]
    for k in range(1, len(edges)):
        edges[k] = max(edges[k], edges[k - 1] + 1)
    return [min(edge, lines) for edge in edges]


def describe(sound: Hearing) -> Tensor:
    """Sum up the combs, shape (batch, len(NAMES))."""
    level = decibels(sound.power[:, ::STEP, 1:])
    loudest = level.amax((1, 2), keepdim=True)
    floor = torch.maximum(level.amax(-1, keepdim=True) - _RANGE_DB, loudest + FLOOR_DB)
    level = torch.maximum(level, floor)
    level = level - level.mean(-1, keepdim=True)
    window = torch.hann_window(level.shape[-1], dtype=level.dtype, device=level.device)
    lines = torch.fft.rfft(level * window) * (4 / level.shape[-1])
    real, imag = lines.real, lines.imag
    mean_square = (real.square() + imag.square()).mean(1)
    static = real.mean(1).square() + imag.mean(1).square()
    moving = (mean_square - static).clamp(min=0).sqrt()
    static = static.sqrt()
    edges = _edges(static.shape[-1])
    spans = list(itertools.pairwise(edges))
    place, height = peaks(moving[:, edges[0] : edges[-1]], N_PEAKS)
    delay_ms = (place + edges[0]) * (2000 / ANALYSIS_RATE_HZ)
    share = moving[:, edges[0] :].square().sum(1) / mean_square[:, edges[0] :].sum(1).clamp(
        min=1e-9
    )
    return torch.cat(
        [
            _log(torch.stack([static[:, a:b].mean(1) for a, b in spans], dim=1)),
            _log(torch.stack([moving[:, a:b].mean(1) for a, b in spans], dim=1)),
            delay_ms.log10(),
            _log(height),
            share[:, None],
        ],
        dim=1,
    )


def _log(strength: Tensor) -> Tensor:
    return (strength + 0.01).log10()
