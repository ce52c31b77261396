"""Short-time Fourier transform: periodic Hann window, centred frames, zero padding.

Frames come before bins and lie together in memory, which is how every descriptor reads them.
"""

import functools

import torch
from torch import Tensor


@functools.cache
def keep_freed_memory() -> None:
    """Have memory that is freed kept for what comes next, where the C library is glibc.

    It returns large pieces to the system, and to be given them anew costs more than many a
    descriptor. A piece is large if it exceeds the largest one that was freed so far, up to
    32 MiB (mallopt(3), "dynamic mmap threshold"); this one is never touched.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


@functools.cache
def _hann_window(n_fft: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Periodic Hann window, made once; shape (n_fft,)."""
    # torch gives a part of a longer window, which a program that is exported would keep whole.
    return torch.hann_window(n_fft, dtype=dtype, device=device).clone()


def frames(wave: Tensor, *, n_fft: int, hop_length: int) -> Tensor:
    """Divide a batch of waves into centred frames.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples)
    n_fft, hop_length
        Length of a frame, and samples from one to the next.

    Returns
    -------
    Tensor, shape (batch, 1 + samples // hop_length, n_fft), in the padded waves' memory
    """
    keep_freed_memory()
    padded = torch.nn.functional.pad(wave, (n_fft // 2, n_fft // 2))
    return padded.unfold(-1, n_fft, hop_length)


def transform(framed: Tensor) -> Tensor:
    """Window frames and transform them; shape (..., 1 + n_fft // 2), complex64."""
    return torch.fft.rfft(framed * _hann_window(framed.shape[-1], framed.dtype, framed.device))


def spectrum(wave: Tensor, *, n_fft: int, hop_length: int) -> Tensor:
    """Transform a batch of waves.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32
    n_fft, hop_length
        Length of a frame, and samples from one to the next.

    Returns
    -------
    Tensor, shape (batch, frames, 1 + n_fft // 2), complex64; frames = 1 + samples // hop_length
    """
    return transform(frames(wave, n_fft=n_fft, hop_length=hop_length))


def power(framed: Tensor) -> Tensor:
    """Squared magnitudes of `transform`, float32 (five times faster than the complex modulus)."""
    # In place, here and below: to touch fresh memory costs more than the arithmetic.
    squares = torch.view_as_real(transform(framed)).square_()
    return squares[..., 0] + squares[..., 1]


def power_spectrum(wave: Tensor, *, n_fft: int, hop_length: int) -> Tensor:
    """Compute the squared magnitudes of `spectrum`.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32
    n_fft, hop_length
        Length of a frame, and samples from one to the next.

    Returns
    -------
    Tensor, shape (batch, frames, 1 + n_fft // 2), float32
    """
    return power(frames(wave, n_fft=n_fft, hop_length=hop_length))
