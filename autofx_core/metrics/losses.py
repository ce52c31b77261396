"""How far estimates lie from the truth: losses to train by, distances to report.

==========================  ==================================================================
`c2_mse`                    training loss: squared error in the unit of the report's Table C.2
`absolute_errors`           honest error per parameter, over the sounds of its own effect
`mrstft_distance`           log-magnitude spectra at six resolutions (Yamamoto et al. 2020)
`log_mel_distance`          mean difference of mel spectra in dB
==========================  ==================================================================

The report's Table C.2 averages over all fifteen outputs although a sound has the parameters of one
effect only, which makes the errors look about three times smaller. `c2_mse` keeps that unit to be
comparable; everything else here counts the parameters that exist.

Distances compare sound with sound, so both are first brought to the same level: the reference to
peak 1, the other to the reference's root mean square. A phase term, as in the original's loss, is
left out: wrapped phases differ by chance, and made the dry sound look like a good match.
"""

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ, for_analysis
from autofx_core.effects.table import EFFECTS, N_PARAMETERS, SLICES
from autofx_core.features.mfcc import mel_filters
from autofx_core.features.stft import power_spectrum

MRSTFT_SIZES = (64, 128, 256, 512, 1024, 2048)
MAGNITUDE_FLOOR = 1e-4  # auraloss clamps the squared magnitude at 1e-8
MEL_BANDS = 64
MEL_N_FFT = 2048
MEL_RANGE_DB = 80.0


def _own_parameters() -> Tensor:
    own = torch.zeros(len(EFFECTS), N_PARAMETERS)
    for row, family in enumerate(EFFECTS):
        own[row, SLICES[family]] = 1.0
    return own


OWN_PARAMETERS = _own_parameters()
"""Which of the fifteen outputs belong to each family, shape (families, 15), 0 or 1."""


def c2_mse(estimate: Tensor, target: Tensor, family: Tensor) -> Tensor:
    """Squared error in the unit of Table C.2: zeros for foreign parameters, mean over all 15.

    Parameters
    ----------
    estimate, target : Tensor, shape (batch, 15), normalised, in [0, 1]
    family : Tensor, shape (batch,), int64, index into `EFFECTS`
    """
    own = OWN_PARAMETERS.to(estimate.device)[family]
    return ((estimate - target) * own).square().mean()


def absolute_errors(
    estimate: Tensor, target: Tensor, family: Tensor
) -> dict[str, dict[str, float]]:
    """Mean absolute error of each normalised parameter over the sounds of its own effect.

    Returns
    -------
    dict
        family → parameter name → error in [0, 1]; a family without sounds is left out.
    """
    errors = {}
    for row, (name, effect) in enumerate(EFFECTS.items()):
        own = family == row
        if own.any():
            error = (estimate - target)[own, SLICES[name]].abs().mean(0)
            pairs = zip(effect.parameters, error.tolist(), strict=True)
            errors[name] = {parameter.name: value for parameter, value in pairs}
    return errors


def _aligned(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Both as mono 22.05 kHz, equally long, the reference at peak 1, the other at its level."""
    first, second = (for_analysis(wave, sample_rate) for wave in (reference, other))
    length = max(first.size, second.size)
    first, second = (np.pad(wave, (0, length - wave.size)) for wave in (first, second))
    level = np.sqrt(np.mean(first**2) / max(np.mean(second**2), 1e-12))
    return torch.from_numpy(first)[None], torch.from_numpy(second * np.float32(level))[None]


def mrstft_distance(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Mean absolute difference of log-magnitude spectra, averaged over six resolutions.

    Parameters
    ----------
    reference, other : ndarray, shape (channels, samples), float32
    sample_rate
        In Hz, of both.

    Returns
    -------
    float
        In nepers, 0 for equal sounds (up to a gain).

    References
    ----------
    Yamamoto, Song, Kim: "Parallel WaveGAN" (ICASSP 2020), eq. 5; sizes 64 to 2048, hop a quarter,
    as AutoFX used it.
    """
    pair = torch.cat(_aligned(reference, other, sample_rate))
    distances = []
    for size in MRSTFT_SIZES:
        power = power_spectrum(pair, n_fft=size, hop_length=size // 4)
        first, second = 0.5 * power.clamp(min=MAGNITUDE_FLOOR**2).log()
        distances.append((first - second).abs().mean())
    return float(torch.stack(distances).mean())


def log_mel_distance(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Mean absolute difference of 64-band mel spectra, limited to 80 dB below the reference's peak.

    Parameters
    ----------
    reference, other : ndarray, shape (channels, samples), float32

    Returns
    -------
    float
        In dB, 0 for equal sounds (up to a gain).
    """
    return float(log_mel_distances(*_aligned(reference, other, sample_rate)))


def log_mel_distances(reference: Tensor, other: Tensor) -> Tensor:
    """Compute `log_mel_distance` for a batch at 22.05 kHz.

    Parameters
    ----------
    reference, other : Tensor, shape (batch, samples), float32, the reference at peak 1

    Returns
    -------
    Tensor, shape (batch,), in dB
    """
    level = reference.square().mean(1) / other.square().mean(1).clamp(min=1e-12)
    decibels = []
    for wave in (reference, other * level.sqrt()[:, None]):
        power = power_spectrum(wave, n_fft=MEL_N_FFT, hop_length=MEL_N_FFT // 4)
        mel = power @ mel_filters(power.shape[-1], ANALYSIS_RATE_HZ, MEL_BANDS)
        decibels.append(10 * mel.clamp(min=1e-10).log10())
    floor = decibels[0].amax((1, 2), keepdim=True) - MEL_RANGE_DB
    first, second = (torch.maximum(spectrum, floor) for spectrum in decibels)
    return (first - second).abs().mean((1, 2))
