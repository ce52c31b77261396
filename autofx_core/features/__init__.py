"""The descriptors that AutoFX's networks take, as batched torch functions.

=====================  =====================================================================
`stft`                 short-time Fourier transform
`filterbank`           bands of a spectrum
`spectral`             eight descriptors of each frame's spectrum
`functionals`          six numbers that sum up a track
`mfcc`                 cepstral coefficients
`pitch`                fundamental frequency
`modulation`           level and phase tracks, and their strongest lines
`onsets`               when plucks and echoes begin
`mel`, `peaks`         mel bands in dB; peaks between samples, for all of these
`columns`              features by name
=====================  =====================================================================

Two sets are made from them: `classification_features` (163) and `regression_features` (48), named
in order by `CLASSIFICATION_NAMES` and `REGRESSION_NAMES`. Source: AutoFX (2022), with its defects
repaired; each module says what differs. Input is always a batch of mono waves at 22.05 kHz with
peak 1, shape (batch, samples), float32, all of one length and at least 0.2 s long.
"""

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features import functionals, mfcc, modulation, onsets, pitch, spectral
from autofx_core.features.columns import Block, number_columns, prefix_names, stack_columns

_ALWAYS_ZERO = "flux_min"  # the first frame's flux; AutoFX drops it, too


def describe_for_classification(wave: Tensor) -> Block:
    """Compute the 163 features of the classification set by name."""
    descriptors = spectral.describe(wave, ANALYSIS_RATE_HZ)
    pitch_hz = pitch.note_pitch(wave, ANALYSIS_RATE_HZ)[:, None]
    moments = {name: descriptors.pop(name) for name in spectral.MOMENTS}
    per_pitch = {f"{name}_per_pitch": track / pitch_hz for name, track in moments.items()}
    tracks = moments | per_pitch | descriptors
    stacked = stack_columns(tracks)
    block: Block = {}
    for suffix, of_all in (("", stacked), ("_delta", torch.diff(stacked, dim=-1))):
        names = (f"{name}{suffix}_{f}" for name in tracks for f in functionals.FUNCTIONALS)
        block |= number_columns("{}", names, functionals.functionals(of_all).flatten(1))
    del block[_ALWAYS_ZERO]
    cepstrum, orders = mfcc.mfcc(wave, ANALYSIS_RATE_HZ), range(mfcc.N_COEFFICIENTS)
    block |= number_columns("mfcc_{}_mean", orders, cepstrum.mean(-1))
    return block | number_columns("mfcc_{}_max", orders, cepstrum.amax(-1))


def describe_for_regression(wave: Tensor) -> Block:
    """Compute the 48 features of the regression set by name."""
    level = modulation.level_track(wave)
    phase = modulation.phase_track(wave, ANALYSIS_RATE_HZ)
    pitch_hz, _ = pitch.pitch_track(wave, ANALYSIS_RATE_HZ)
    lines = prefix_names("phase", modulation.strongest_lines(phase))
    lines |= prefix_names("level", modulation.strongest_lines(level))
    block = {name: lines[name] for name in sorted(lines, key=lambda name: name[-1])}
    level_delta = torch.diff(level, dim=-1)
    for name, track in {
        "level_delta": level_delta,
        "phase_delta": torch.diff(phase, dim=-1),
        "pitch_delta": torch.diff(pitch_hz, dim=-1),
        "pitch": pitch_hz,
    }.items():
        block |= prefix_names(name, modulation.strongest_lines(track))
    _, level_std, level_skewness, _ = functionals.standardized_moments(level)
    _, delta_std, delta_skewness, _ = functionals.standardized_moments(level_delta)
    block |= {
        "level_std": level_std,
        "level_delta_std": delta_std,
        "level_skewness": level_skewness,
        "level_delta_skewness": delta_skewness,
    }
    time_s, activation = onsets.onsets(wave, ANALYSIS_RATE_HZ)
    block |= number_columns("onset_{}_time_s", range(onsets.N_ONSETS), time_s)
    block |= number_columns("onset_{}_activation", range(onsets.N_ONSETS), activation)
    cepstrum = mfcc.mfcc(wave, ANALYSIS_RATE_HZ).mean(-1)
    return block | number_columns("mfcc_{}_mean", range(mfcc.N_COEFFICIENTS), cepstrum)


_SILENCE = torch.zeros(1, 8192)

CLASSIFICATION_NAMES = tuple(describe_for_classification(_SILENCE))
"""Names of the 163 features of the classification set, in order."""

REGRESSION_NAMES = tuple(describe_for_regression(_SILENCE))
"""Names of the 48 features of the regression set, in order."""


def classification_features(wave: Tensor) -> Tensor:
    """Compute the 163 features.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1, at least 0.2 s

    Returns
    -------
    Tensor, shape (batch, 163), float32, finite; in the order of `CLASSIFICATION_NAMES`
    """
    return stack_columns(describe_for_classification(wave))


def regression_features(wave: Tensor) -> Tensor:
    """Compute the 48 features.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1, at least 0.2 s

    Returns
    -------
    Tensor, shape (batch, 48), float32, finite; in the order of `REGRESSION_NAMES`
    """
    return stack_columns(describe_for_regression(wave))
