"""Frame-wise descriptors of the magnitude spectrum.

Source: Peeters, "A large set of audio features for sound description" (CUIDADO, 2004), as used by
AutoFX: Hann window of 8192 samples, hop 512, frequencies from 0 to half the sample rate.

With A the magnitudes of a frame, a = A / ΣA, and f the bins' frequencies in Hz:

=============  ==============================================================================
centroid       c = Σ f·a
spread         (Σ (f − c)²·a)^½
skewness       sign·|Σ (f − c)³·a|^⅓
kurtosis       (Σ (f − c)⁴·a)^¼
flux           Σ |A_m − A_{m−1}|, 0 for the first frame
rolloff        lowest f below which 95 % of the energy ΣA² lies
slope          least-squares slope of A over f, per Hz
flatness       geometric / arithmetic mean of A over all bins but the last
=============  ==============================================================================

What differs from the original, and why: it left the moments as Hz², Hz³ and Hz⁴, which spread over
many decades and overwhelmed the scaler; their roots carry the same information in Hz, so that
dividing all four by the pitch means something. It added noise against empty spectra, which made
the features random; here a constant does that.
"""

import torch
from torch import Tensor

from autofx_core.features.stft import power_spectrum

N_FFT = 8192
HOP_LENGTH = 512
ROLLOFF_SHARE = 0.95
FLOOR = 1e-7  # added to magnitudes: far below the quantisation noise of 16 bits

MOMENTS = ("centroid", "spread", "skewness", "kurtosis")
SHAPES = ("flux", "rolloff", "slope", "flatness")


def magnitudes(wave: Tensor) -> Tensor:
    """Short-time magnitude spectrum.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, full scale ±1

    Returns
    -------
    Tensor, shape (batch, frames, 4097), with frames = 1 + samples // 512
    """
    return power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH).sqrt() + FLOOR


def describe(magnitude: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Compute the eight descriptors of every frame.

    Parameters
    ----------
    magnitude : Tensor, shape (batch, frames, bins), > 0
    sample_rate
        In Hz.

    Returns
    -------
    moments : Tensor, shape (batch, 4, frames), in Hz, in the order of `MOMENTS`
    shapes : Tensor, shape (batch, 4, frames), in the order of `SHAPES`
    """
    bins = magnitude.shape[-1]
    nyquist_hz = sample_rate / 2
    # Raw moments of all frames in one product. Double precision, since the central moments of a
    # pure tone are small differences between large raw ones.
    unit = torch.linspace(0, 1, bins, dtype=torch.float64, device=magnitude.device)
    powers = torch.stack([unit**power for power in range(5)], dim=1)
    total, first, second, third, fourth = (magnitude.double() @ powers).unbind(-1)
    m1, m2, m3, m4 = (raw / total for raw in (first, second, third, fourth))
    variance = (m2 - m1**2).clamp(min=0)
    cubed = m3 - 3 * m1 * m2 + 2 * m1**3
    fourth_central = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4).clamp(min=0)
    moments = nyquist_hz * torch.stack(
        [m1, variance.sqrt(), cubed.sign() * cubed.abs() ** (1 / 3), fourth_central**0.25], dim=1
    )
    slope = (bins * first - unit.sum() * total) / (bins * (unit**2).sum() - unit.sum() ** 2)
    shapes = torch.stack(
        [
            _flux(magnitude),
            _rolloff(magnitude, sample_rate),
            (slope / nyquist_hz).to(magnitude.dtype),
            _flatness(magnitude),
        ],
        dim=1,
    )
    return moments.to(magnitude.dtype), shapes


def _flux(magnitude: Tensor) -> Tensor:
    change = torch.diff(magnitude, dim=1).abs().sum(-1)
    return torch.nn.functional.pad(change, (1, 0))


def _rolloff(magnitude: Tensor, sample_rate: int) -> Tensor:
    energy = (magnitude * magnitude).cumsum(-1)
    below = (energy < ROLLOFF_SHARE * energy[..., -1:]).sum(-1)
    return below * (sample_rate / 2 / (magnitude.shape[-1] - 1))


def _flatness(magnitude: Tensor) -> Tensor:
    inner = magnitude[..., :-1]
    return inner.log().mean(-1).exp() / inner.mean(-1)
