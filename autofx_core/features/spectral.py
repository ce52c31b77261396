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

import functools
import math

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from autofx_core.features.stft import power_spectrum

N_FFT = 8192
HOP_LENGTH = 512
BLOCK_BINS = 241  # 4097 = 17 · 241: frames are summed up by blocks, then over the blocks
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
    return power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH).sqrt_().add_(FLOOR)


@functools.cache
def _powers(blocks: int, block_bins: int) -> tuple[Tensor, Tensor]:
    """Weights that turn a frame into its raw moments Σ u^n·A, n = 0 … 4, with u from 0 to 1.

    Returns
    -------
    inside : Tensor, shape (5, block_bins), float32
        Moments within a block about its middle.
    across : Tensor, shape (5 · blocks, 5), float64
        The frame's moments from those of its blocks, by the binomial theorem.
    """
    half = (block_bins - 1) / 2
    place = torch.linspace(-1, 1, block_bins, dtype=torch.float64)
    inside = torch.stack([place**n for n in range(5)]).float()
    last_bin = blocks * block_bins - 1
    middle = (torch.arange(blocks, dtype=torch.float64) * block_bins + half) / last_bin
    across = torch.zeros(blocks, 5, 5, dtype=torch.float64)
    for n in range(5):
        for k in range(n + 1):
            across[:, k, n] = math.comb(n, k) * middle ** (n - k) * (half / last_bin) ** k
    return inside, across.flatten(0, 1)


def describe(magnitude: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Compute the eight descriptors of every frame.

    Parameters
    ----------
    magnitude : Tensor, shape (batch, frames, 4097), float32, > 0
    sample_rate
        In Hz.

    Returns
    -------
    moments : Tensor, shape (batch, 4, frames), in Hz, in the order of `MOMENTS`
    shapes : Tensor, shape (batch, 4, frames), in the order of `SHAPES`
    """
    bins = magnitude.shape[-1]
    blocks = magnitude.unflatten(-1, (-1, BLOCK_BINS))
    # The central moments of a pure tone are small differences between large raw ones. Single
    # precision is enough within a block, where little is lost; across the blocks it is not.
    inside, across = (w.to(magnitude.device) for w in _powers(bins // BLOCK_BINS, BLOCK_BINS))
    raw = linear(blocks, inside).flatten(-2).double() @ across
    total, first, second, third, fourth = raw.unbind(-1)
    m1, m2, m3, m4 = (moment / total for moment in (first, second, third, fourth))
    variance = (m2 - m1**2).clamp(min=0)
    cubed = m3 - 3 * m1 * m2 + 2 * m1**3
    fourth_central = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4).clamp(min=0)
    nyquist_hz = sample_rate / 2
    moments = nyquist_hz * torch.stack(
        [m1, variance.sqrt(), cubed.sign() * cubed.abs() ** (1 / 3), fourth_central**0.25], dim=1
    )
    unit_sum, unit_squares = bins / 2, bins * (2 * bins - 1) / (6 * (bins - 1))
    slope = (bins * first - unit_sum * total) / (bins * unit_squares - unit_sum**2)
    shapes = torch.stack(
        [
            _flux(magnitude),
            _rolloff(blocks, sample_rate),
            (slope / nyquist_hz).to(magnitude.dtype),
            _flatness(magnitude, total.to(magnitude.dtype)),
        ],
        dim=1,
    )
    return moments.to(magnitude.dtype), shapes


def _flux(magnitude: Tensor) -> Tensor:
    change = (magnitude[:, 1:] - magnitude[:, :-1]).abs_().sum(-1)
    return pad(change, (1, 0))


def _rolloff(blocks: Tensor, sample_rate: int) -> Tensor:
    """Find the block in which the energy is reached, then the bin in that block."""
    energy = blocks * blocks
    reached = energy.sum(-1).cumsum(-1)
    wanted = ROLLOFF_SHARE * reached[..., -1:]
    block = (reached < wanted).sum(-1, keepdim=True)
    before = pad(reached, (1, 0)).gather(-1, block)
    index = block[..., None].expand(-1, -1, -1, energy.shape[-1])
    inside = energy.gather(2, index)[:, :, 0].cumsum(-1)
    below = block[..., 0] * BLOCK_BINS + (before + inside < wanted).sum(-1)
    return below * (sample_rate / 2 / (blocks[0, 0].numel() - 1))


def _flatness(magnitude: Tensor, total: Tensor) -> Tensor:
    """Divide the means; four factors share a logarithm, which still cannot over- or underflow."""
    bins = magnitude.shape[-1] - 1
    a, b, c, d = magnitude[..., :-1].chunk(4, dim=-1)
    log_mean = (a * b).mul_(c * d).log_().sum(-1) / bins
    return log_mean.exp() * bins / (total - magnitude[..., -1])
