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
from autofx_core.features.columns import Block, number_columns
from autofx_core.features.mel import decibels
from autofx_core.features.peaks import highest_peaks
from autofx_core.features.timbre.spectrogram import FLOOR_DB, Spectrogram, log_amount

STEP = 2  # frames
SHORTEST_MS, LONGEST_MS = 0.35, 23.0
N_SPANS = 18
N_PEAKS = 2
_RANGE_DB = 60.0  # below its maximum a frame's spectrum is noise


@functools.cache
def _edges(lines: int) -> list[int]:
    """Lines between which the spans lie, evenly spaced in the logarithm of the delay."""
    ratio = (LONGEST_MS / SHORTEST_MS) ** (1 / N_SPANS)
    per_ms = ANALYSIS_RATE_HZ / 2 / 1000  # one line for every second sample of delay
    edges = [round(SHORTEST_MS * ratio**k * per_ms) for k in range(N_SPANS + 1)]
    for k in range(1, len(edges)):
        edges[k] = max(edges[k], edges[k - 1] + 1)
    return [min(edge, lines) for edge in edges]


def describe(sound: Spectrogram) -> Block:
    """Sum up the combs."""
    lines = _transform_levels(sound.power[:, ::STEP, 1:])
    # Over time t, of each line L(t): E|L|² = |E L|² + Var L, the static and the moving ripple.
    mean_square = (lines.real.square() + lines.imag.square()).mean(1)
    static_square = lines.real.mean(1).square() + lines.imag.mean(1).square()
    static, moving = static_square.sqrt(), (mean_square - static_square).clamp(min=0).sqrt()
    edges = _edges(static.shape[-1])
    place, height = highest_peaks(moving[:, edges[0] : edges[-1]], N_PEAKS)
    delay_ms = (place + edges[0]) * (2000 / ANALYSIS_RATE_HZ)
    block: Block = {}
    for name, strength in (("static", static), ("moving", moving)):
        spans = [strength[:, a:b].mean(1) for a, b in itertools.pairwise(edges)]
        levels = log_amount(torch.stack(spans, dim=1))
        block |= number_columns(f"{name}_comb_span_{{}}", range(N_SPANS), levels)
    block |= number_columns("moving_comb_{}_log_ms", range(N_PEAKS), delay_ms.log10())
    block |= number_columns("moving_comb_{}", range(N_PEAKS), log_amount(height))
    moving_energy, energy = moving[:, edges[0] :].square(), mean_square[:, edges[0] :]
    return block | {"moving_share": moving_energy.sum(1) / energy.sum(1).clamp(min=1e-9)}


def _transform_levels(power: Tensor) -> Tensor:
    """Transform each frame's spectrum in dB, shape (batch, frames, lines), complex64."""
    level = decibels(power)
    loudest = level.amax((1, 2), keepdim=True)
    floor = torch.maximum(level.amax(-1, keepdim=True) - _RANGE_DB, loudest + FLOOR_DB)
    level = torch.maximum(level, floor)
    level = level - level.mean(-1, keepdim=True)
    window = torch.hann_window(level.shape[-1], dtype=level.dtype, device=level.device)
    return torch.fft.rfft(level * window) * (4 / level.shape[-1])
