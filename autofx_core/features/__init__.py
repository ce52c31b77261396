"""The descriptors that AutoFX hears a sound by, as batched torch functions.

=====================  =====================================================================
`stft`                 short-time Fourier transform
`filterbank`           bands of a spectrum
`spectral`             eight descriptors of each frame's spectrum
`functionals`          six numbers that sum up a track
`mfcc`                 cepstral coefficients
`pitch`                fundamental frequency
`modulation`           level and phase tracks, and their strongest lines
`onsets`               when plucks and echoes begin
=====================  =====================================================================

Two sets are made from them: `classification_features` (163) and `regression_features` (48), named
in order by `CLASSIFICATION_NAMES` and `REGRESSION_NAMES`. Source: AutoFX (2022), with its defects
mended; each module says what differs. Input is always a batch of mono waves at 22.05 kHz with
peak 1, shape (batch, samples), float32, all of one length and at least 0.2 s long.
"""

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features import functionals as _functionals
from autofx_core.features import mfcc as _mfcc
from autofx_core.features import modulation, onsets, pitch, spectral

_FRAME_NAMES = (
    *spectral.MOMENTS,
    *(f"{name}_per_pitch" for name in spectral.MOMENTS),
    *spectral.SHAPES,
)
_ALWAYS_ZERO = "flux_min"  # the first frame's flux; AutoFX drops it, too

CLASSIFICATION_NAMES = (
    *(
        name
        for track in (*_FRAME_NAMES, *(f"{name}_delta" for name in _FRAME_NAMES))
        for functional in _functionals.FUNCTIONALS
        if (name := f"{track}_{functional}") != _ALWAYS_ZERO
    ),
    *(f"mfcc_{k}_mean" for k in range(_mfcc.N_COEFFICIENTS)),
    *(f"mfcc_{k}_max" for k in range(_mfcc.N_COEFFICIENTS)),
)
"""Names of the 163 features of the classification set, in order."""

_KEPT = [
    i for i in range(24 * 6) if i != 6 * _FRAME_NAMES.index("flux") + 4
]  # every functional of every track but flux_min

_LINES = ("value_1", "line_1", "value_2", "line_2")
REGRESSION_NAMES = (
    *("phase_value_1", "phase_line_1", "level_value_1", "level_line_1"),
    *("phase_value_2", "phase_line_2", "level_value_2", "level_line_2"),
    *(
        f"{track}_{line}"
        for track in ("level_delta", "phase_delta", "pitch_delta", "pitch")
        for line in _LINES
    ),
    *("level_std", "level_delta_std", "level_skewness", "level_delta_skewness"),
    *(f"onset_{k}_time_s" for k in range(onsets.N_ONSETS)),
    *(f"onset_{k}_activation" for k in range(onsets.N_ONSETS)),
    *(f"mfcc_{k}_mean" for k in range(_mfcc.N_COEFFICIENTS)),
)
"""Names of the 48 features of the regression set, in order."""


def classification_features(wave: Tensor) -> Tensor:
    """Compute the 163 features.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1

    Returns
    -------
    Tensor, shape (batch, 163), float32, finite; in the order of `CLASSIFICATION_NAMES`
    """
    moments, shapes = spectral.describe(wave, ANALYSIS_RATE_HZ)
    pitch_hz = pitch.note_pitch(wave, ANALYSIS_RATE_HZ)
    tracks = torch.cat([moments, moments / pitch_hz[:, None, None], shapes], dim=1)
    summed_up = [_functionals.functionals(t) for t in (tracks, torch.diff(tracks, dim=-1))]
    blocks = torch.cat(summed_up, dim=1).flatten(1)[:, _KEPT]
    cepstrum = _mfcc.mfcc(wave, ANALYSIS_RATE_HZ)
    return torch.cat([blocks, cepstrum.mean(-1), cepstrum.amax(-1)], dim=1)


def regression_features(wave: Tensor) -> Tensor:
    """Compute the 48 features.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1

    Returns
    -------
    Tensor, shape (batch, 48), float32, finite; in the order of `REGRESSION_NAMES`
    """
    level = modulation.level_track(wave)
    phase = modulation.phase_track(wave, ANALYSIS_RATE_HZ)
    pitch_hz, _ = pitch.pitch_track(wave, ANALYSIS_RATE_HZ)
    level_delta = torch.diff(level, dim=-1)
    phase_lines = modulation.strongest_lines(phase)
    level_lines = modulation.strongest_lines(level)
    lines = [*phase_lines[:2], *level_lines[:2], *phase_lines[2:], *level_lines[2:]]
    for track in (level_delta, torch.diff(phase, dim=-1), torch.diff(pitch_hz, dim=-1), pitch_hz):
        lines.extend(modulation.strongest_lines(track))
    _, level_std, level_skewness, _ = _functionals.standardized_moments(level)
    _, delta_std, delta_skewness, _ = _functionals.standardized_moments(level_delta)
    time_s, activation = onsets.onsets(wave, ANALYSIS_RATE_HZ)
    cepstrum = _mfcc.mfcc(wave, ANALYSIS_RATE_HZ)
    single = torch.stack([*lines, level_std, delta_std, level_skewness, delta_skewness], dim=1)
    return torch.cat([single, time_s, activation, cepstrum.mean(-1)], dim=1)
