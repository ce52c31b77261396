"""How far a sound is from a reference.

==========================  ==================================================================
`mrstft_distance`           log-magnitude spectra at six resolutions (Yamamoto et al. 2020)
`log_mel_distance`          mean difference of mel spectra in dB
==========================  ==================================================================

Both sounds are first brought to the same level: the reference to peak 1, the other to the
reference's root mean square. A phase term, as in the original's loss, is left out: wrapped phases
differ by chance, which makes the dry sound look like a good match.
"""

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ, for_analysis
from autofx_core.features.mel import log_mel
from autofx_core.features.stft import power_spectrum

MRSTFT_SIZES = (64, 128, 256, 512, 1024, 2048)
MAGNITUDE_FLOOR = 1e-4  # auraloss clamps the squared magnitude at 1e-8
MEL_BANDS = 64
MEL_N_FFT = 2048
MEL_RANGE_DB = 80.0


def measure_distances(
    reference: np.ndarray, other: np.ndarray, sample_rate: int
) -> dict[str, float]:
    """Measure the distances of a sound to the reference, by name.

    Parameters
    ----------
    reference, other : ndarray, shape (channels, samples), float32
    sample_rate
        Of both, in Hz.
    """
    if np.array_equal(reference, other):
        return {"mrstft": 0.0, "log_mel_db": 0.0}
    return {
        "mrstft": mrstft_distance(reference, other, sample_rate),
        "log_mel_db": log_mel_distance(reference, other, sample_rate),
    }


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
    sample_rate
        Of both, in Hz.

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
    return log_mel_change(reference, other).abs().mean((1, 2))


def log_mel_change(reference: Tensor, other: Tensor) -> Tensor:
    """Compute by how much mel spectra of equally loud sounds differ, band by band.

    Levels that lie more than 80 dB below the reference's highest count as that.

    Parameters
    ----------
    reference, other : Tensor, shape (batch, samples), float32, 22.05 kHz, the reference at peak 1

    Returns
    -------
    Tensor, shape (batch, frames, 64), in dB, positive where the other sound is louder
    """
    gain = (reference.square().mean(1) / other.square().mean(1).clamp(min=1e-12)).sqrt()
    before, after = (
        log_mel(
            power_spectrum(wave, n_fft=MEL_N_FFT, hop_length=MEL_N_FFT // 4),
            ANALYSIS_RATE_HZ,
            n_mels=MEL_BANDS,
            least=1e-10,
        )
        for wave in (reference, other * gain[:, None])
    )
    floor = before.amax((1, 2), keepdim=True) - MEL_RANGE_DB
    return torch.maximum(after, floor) - torch.maximum(before, floor)
