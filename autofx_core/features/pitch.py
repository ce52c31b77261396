"""Fundamental frequency of a note, frame by frame.

Source: McLeod and Wyvill, "A smarter way to find pitch" (ICMC 2005): the normalised square
difference function n(τ) = 2 Σ x_j·x_{j+τ} / Σ (x_j² + x_{j+τ}²); the pitch is the first of its
peaks that comes near to the highest.

What differs from the original: its normalised cross-correlation began at 85 Hz, above the guitar's
low E (82.4 Hz), and the mean over frames took octave errors along. Here the range is 70–1400 Hz,
and one number for a sound is the median over the loud frames.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from autofx_core.features.peaks import first_high_peak

LOWEST_HZ = 70.0
HIGHEST_HZ = 1400.0
FRAME_S = 0.046
NEAR_THE_HIGHEST = 0.9
PERIODIC = 1e-3  # what is less similar to itself, such as silence, reads as the lowest pitch
LOUD_FRAME = 0.05  # of the loudest frame's energy


def pitch_track(wave: Tensor, sample_rate: int, *, hop_s: float = 0.01) -> tuple[Tensor, Tensor]:
    """Follow the pitch of a sound.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32
    sample_rate
        In Hz.
    hop_s
        Time between frames in s.

    Returns
    -------
    pitch_hz : Tensor, shape (batch, frames), within 70–1400 Hz
    energy : Tensor, shape (batch, frames), mean square of each frame
    """
    frame = round(FRAME_S * sample_rate)
    longest = int(sample_rate / LOWEST_HZ) + 1
    shortest = int(sample_rate / HIGHEST_HZ)
    hop = max(1, int(hop_s * sample_rate))
    wanted = frame + longest
    n_fft = _transform_length(wanted)
    padded = pad(wave, (0, max(0, wanted - wave.shape[-1])))
    frames = padded.unfold(-1, wanted, hop)
    product = torch.fft.rfft(frames, n_fft) * torch.fft.rfft(frames[..., :frame], n_fft).conj()
    correlation = torch.fft.irfft(product, n_fft)[..., : longest + 1]
    # Energy up to each sample, in double precision since it is only used in differences.
    until = pad(padded.double().square_().cumsum_(-1), (1, 0))
    energy = (until[..., frame:] - until[..., :-frame]).to(wave.dtype)
    lagged = energy.unfold(-1, longest + 1, hop)
    here = lagged[..., :1]
    similarity = (2 * correlation).div_((here + lagged).add_(1e-9))
    period, _ = first_high_peak(similarity, first=shortest, near=NEAR_THE_HIGHEST, least=PERIODIC)
    return (sample_rate / period).clamp(LOWEST_HZ, HIGHEST_HZ), here[..., 0] / frame


def _transform_length(wanted: int) -> int:
    """Choose a length that is quick to transform: a power of two, or three quarters of one."""
    length = 1 << (wanted - 1).bit_length()
    if torch.compiler.is_exporting():  # ONNX runtimes are slow at all but powers of two
        return length
    return 3 * length // 4 if 3 * length >= 4 * wanted else length


def note_pitch(wave: Tensor, sample_rate: int) -> Tensor:
    """Name one pitch for each sound: the median over its loud frames.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32

    Returns
    -------
    Tensor, shape (batch,), in Hz
    """
    pitch_hz, energy = pitch_track(wave, sample_rate, hop_s=0.02)
    loud = energy >= LOUD_FRAME * energy.amax(-1, keepdim=True)
    ranked = torch.where(loud, pitch_hz, torch.full_like(pitch_hz, torch.inf)).sort(-1).values
    middle = (loud.sum(-1, keepdim=True) - 1) // 2
    return ranked.gather(-1, middle)[..., 0]
