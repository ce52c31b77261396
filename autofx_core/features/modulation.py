"""How a sound's level, phase and pitch move: the tracks whose periods betray a modulation effect.

Source: AutoFX (report, section on regression features): the two strongest spectral lines of each
track, as amplitude and frequency.

What differs from the original, and why:

- its soft argmax read a weak peak at bin 40 as bin 253; a parabola through the peak finds it;
- it zeroed the lowest 16 bins (up to 1.3 Hz), which hid slow oscillators; here only the bins that
  the window cannot tell from a constant are left out;
- its phase track ignored partials below 215 Hz; here it starts at 75 Hz;
- its level track had 21.5 frames a second, which hid rates above 10.8 Hz; here it has 86.
"""

import torch
from torch import Tensor

from autofx_core.features.columns import Block
from autofx_core.features.peaks import interpolate_peak
from autofx_core.features.stft import spectrum

LEVEL_FRAME = 1024
TRACK_HOP = 256
PHASE_N_FFT = 2048
LOWEST_PARTIAL_HZ = 75.0
HIGHEST_PARTIAL_HZ = 2750.0
QUIET = 1 / 8  # of the partial's maximum: below it its phase is noise
LINE_N_FFT = 1024
LINE_HALF_WIDTH = 32


def level_track(wave: Tensor) -> Tensor:
    """Root mean square of frames of 1024 samples every 256, shape (batch, frames)."""
    return wave.unfold(-1, LEVEL_FRAME, TRACK_HOP).square().mean(-1).sqrt()


def phase_track(wave: Tensor, sample_rate: int) -> Tensor:
    """Phase of the strongest partial, unwrapped, without its linear trend.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32

    Returns
    -------
    Tensor, shape (batch, frames), in radians; 0 where the partial is quiet
    """
    hertz_per_bin = sample_rate / PHASE_N_FFT
    first = round(LOWEST_PARTIAL_HZ / hertz_per_bin)
    last = round(HIGHEST_PARTIAL_HZ / hertz_per_bin)
    partials = spectrum(wave, n_fft=PHASE_N_FFT, hop_length=TRACK_HOP)[..., first:last]
    magnitudes = (partials.real.square() + partials.imag.square()).sqrt()
    strongest = magnitudes.sum(1).argmax(-1)
    index = strongest[:, None, None].expand(-1, partials.shape[1], 1)
    real, imag, magnitude = (
        part.gather(-1, index)[..., 0] for part in (partials.real, partials.imag, magnitudes)
    )
    loud = magnitude >= QUIET * magnitude.amax(-1, keepdim=True)
    # Between frames the bin's own frequency turns the phase by this much; what is left is small.
    turn = 2 * torch.pi * TRACK_HOP * (strongest + first)[:, None] / PHASE_N_FFT
    step = torch.diff(torch.atan2(imag, real), dim=-1) - turn
    step = torch.remainder(step + torch.pi, 2 * torch.pi) - torch.pi
    step = torch.where(loud[:, 1:] & loud[:, :-1], step, torch.zeros_like(step))
    return _without_trend(torch.nn.functional.pad(step.cumsum(-1), (1, 0)), loud)


def _without_trend(track: Tensor, use: Tensor) -> Tensor:
    """Subtract the least-squares line through the used frames; the others become 0."""
    weight = use.to(track.dtype)
    time = torch.arange(track.shape[-1], dtype=track.dtype, device=track.device)
    count = weight.sum(-1, keepdim=True).clamp(min=1)
    time = time - (weight * time).sum(-1, keepdim=True) / count
    centred = track - (weight * track).sum(-1, keepdim=True) / count
    slope = (weight * time * centred).sum(-1, keepdim=True) / (
        (weight * time * time).sum(-1, keepdim=True).clamp(min=1e-9)
    )
    return weight * (centred - slope * time)


def strongest_lines(track: Tensor) -> Block:
    """Find the two strongest lines in a track's spectrum.

    Parameters
    ----------
    track : Tensor, shape (batch, frames), frames ≤ 1024 are used

    Returns
    -------
    dict of Tensor, shape (batch,)
        ``value_1``, ``line_1``, ``value_2``, ``line_2``: amplitudes in the track's unit, and
        frequencies as shares of half the frame rate.
    """
    track = track[..., :LINE_N_FFT]
    frames = track.shape[-1]
    window = torch.hann_window(frames, dtype=track.dtype, device=track.device)
    lines = torch.fft.rfft((track - track.mean(-1, keepdim=True)) * window, LINE_N_FFT).abs()
    bins = torch.arange(lines.shape[-1], device=track.device)
    unresolved = 2 * LINE_N_FFT // frames  # half the main lobe of the Hann window
    lines = torch.where(bins > unresolved, lines * (4 / frames), torch.zeros_like(lines))
    value_1, line_1 = _peak(lines)
    rest = torch.where(
        (bins - line_1[:, None]).abs() > LINE_HALF_WIDTH, lines, torch.zeros_like(lines)
    )
    value_2, line_2 = _peak(rest)
    half = LINE_N_FFT // 2
    return {
        "value_1": value_1,
        "line_1": line_1 / half,
        "value_2": value_2,
        "line_2": line_2 / half,
    }


def _peak(lines: Tensor) -> tuple[Tensor, Tensor]:
    index = lines[..., 1:-1].argmax(-1, keepdim=True) + 1
    around = [lines.gather(-1, index + shift)[..., 0] for shift in (-1, 0, 1)]
    return around[1], index[..., 0] + interpolate_peak(*around)
