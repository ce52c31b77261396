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
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import pad

from autofx_core.features import stft
from autofx_core.features.columns import Block

N_FFT = 8192
HOP_LENGTH = 512
BLOCK_BINS = 241  # 4097 = 17 · 241: frames are summed up by blocks, then over the blocks
FRAMES_AT_ONCE = 64  # of all sounds together: what fits the processor's caches and is used again
ROLLOFF_SHARE = 0.95
FLOOR = 1e-7  # added to magnitudes: far below the quantisation noise of 16 bits

MOMENTS = ("centroid", "spread", "skewness", "kurtosis")


def magnitudes(wave: Tensor) -> Iterator[Tensor]:
    """Yield the short-time magnitude spectrum, some frames at a time.

    To touch fresh memory for all frames, in every step anew, costs more than the transform.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, full scale ±1

    Yields
    ------
    Tensor, shape (batch, frames, 4097), > 0; 1 + samples // 512 frames in all
    """
    frames = stft.frames(wave, n_fft=N_FFT, hop_length=HOP_LENGTH)
    exporting = torch.compiler.is_exporting()  # a program for any number of sounds has one step
    at_once = frames.shape[1] if exporting else max(1, FRAMES_AT_ONCE // len(wave))
    for some in frames.split(at_once, dim=1):
        yield stft.power(some).sqrt_().add_(FLOOR)


@functools.cache
def _powers() -> tuple[Tensor, Tensor]:
    """Weights that turn a frame into its raw moments Σ u^n·A, n = 0 … 4, with u from 0 to 1.

    Returns
    -------
    inside : Tensor, shape (5, 241), float32
        Moments within a block about its middle.
    across : Tensor, shape (5 · 17, 5), float64
        The frame's moments from those of its blocks, by the binomial theorem.
    """
    blocks, half = (N_FFT // 2 + 1) // BLOCK_BINS, (BLOCK_BINS - 1) / 2
    place = torch.linspace(-1, 1, BLOCK_BINS, dtype=torch.float64)
    inside = torch.stack([place**n for n in range(5)]).float()
    last_bin = N_FFT // 2
    middle = (torch.arange(blocks, dtype=torch.float64) * BLOCK_BINS + half) / last_bin
    across = torch.zeros(5, blocks, 5, dtype=torch.float64)
    for n in range(5):
        for k in range(n + 1):
            across[k, :, n] = math.comb(n, k) * middle ** (n - k) * (half / last_bin) ** k
    return inside, across.flatten(0, 1)


def describe(wave: Tensor, sample_rate: int) -> Block:
    """Compute the eight descriptors of every frame.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, full scale ±1
    sample_rate
        In Hz.

    Returns
    -------
    dict of Tensor, shape (batch, frames), float32
        The descriptors of the table above by name, first the `MOMENTS`.
    """
    summaries, before = [], None
    for magnitude in magnitudes(wave):
        summaries.append(_summarize(magnitude, before))
        before = magnitude[:, -1]
    in_blocks, rest = torch.cat(summaries, dim=1).tensor_split([-4], dim=-1)
    flux, rolloff_bin, log_sum, last = rest.unbind(-1)
    bins = N_FFT // 2 + 1
    # The central moments of a pure tone are small differences between large raw ones. Single
    # precision is enough within a block, where little is lost; across the blocks it is not.
    across = _powers()[1].to(wave.device)
    total, first, second, third, fourth = (in_blocks.double() @ across).unbind(-1)
    m1, m2, m3, m4 = (moment / total for moment in (first, second, third, fourth))
    variance = (m2 - m1**2).clamp(min=0)
    cubed = m3 - 3 * m1 * m2 + 2 * m1**3
    fourth_central = (m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4).clamp(min=0)
    nyquist_hz = sample_rate / 2
    unit_sum, unit_squares = bins / 2, bins * (2 * bins - 1) / (6 * (bins - 1))
    slope = (bins * first - unit_sum * total) / (bins * unit_squares - unit_sum**2)
    tracks = {
        "centroid": nyquist_hz * m1,
        "spread": nyquist_hz * variance.sqrt(),
        "skewness": nyquist_hz * (cubed.sign() * cubed.abs() ** (1 / 3)),
        "kurtosis": nyquist_hz * fourth_central**0.25,
        "flux": flux,
        "rolloff": rolloff_bin * (nyquist_hz / (bins - 1)),
        "slope": slope / nyquist_hz,
        "flatness": (log_sum / (bins - 1)).exp() * (bins - 1) / (total.to(wave.dtype) - last),
    }
    return {name: track.to(wave.dtype) for name, track in tracks.items()}


def _summarize(magnitude: Tensor, before: Tensor | None) -> Tensor:
    """Reduce frames to all that the descriptors need of them.

    Parameters
    ----------
    magnitude : Tensor, shape (batch, frames, 4097)
    before : Tensor, shape (batch, 4097)
        The frame before, if there is one.

    Returns
    -------
    Tensor, shape (batch, frames, 5 · 17 + 4)
        Raw moments within the blocks; flux; the bin of the rolloff; the sum of the logarithms of
        all bins but the last; the last bin.
    """
    blocks = magnitude.unflatten(-1, (-1, BLOCK_BINS))
    # The wide factor on the right: that way round the product takes half the time.
    raw = _powers()[0].to(magnitude.device) @ blocks.reshape(-1, BLOCK_BINS).T
    raw = raw.unflatten(1, blocks.shape[:3]).movedim(0, 2).flatten(2)
    columns = [_flux(magnitude, before), _rolloff(blocks), _log_sum(magnitude), magnitude[..., -1:]]
    return torch.cat([raw, *columns], dim=-1)


def _flux(magnitude: Tensor, before: Tensor | None) -> Tensor:
    change = (magnitude[:, 1:] - magnitude[:, :-1]).abs_().sum(-1, keepdim=True)
    if before is None:
        return pad(change, (0, 0, 1, 0))
    first = (magnitude[:, 0] - before).abs_().sum(-1, keepdim=True)
    return torch.cat([first[:, None], change], dim=1)


def _rolloff(blocks: Tensor) -> Tensor:
    """Find the block in which the energy is reached, then the bin in that block."""
    energy = blocks * blocks
    reached = energy.sum(-1).cumsum(-1)
    wanted = ROLLOFF_SHARE * reached[..., -1:]
    block = (reached < wanted).sum(-1, keepdim=True)
    before = pad(reached, (1, 0)).gather(-1, block)
    index = block[..., None].expand(-1, -1, -1, energy.shape[-1])
    inside = energy.gather(2, index)[:, :, 0].cumsum(-1)
    return block * BLOCK_BINS + (before + inside < wanted).sum(-1, keepdim=True)


def _log_sum(magnitude: Tensor) -> Tensor:
    """Sum up logarithms; four factors share one, which still cannot over- or underflow."""
    a, b, c, d = magnitude[..., :-1].chunk(4, dim=-1)
    return (a * b).mul_(c * d).log_().sum(-1, keepdim=True)
