"""How strong an effect is on a sound, and whether it is audible: what it changes beyond the tone.

A tone control changes how much of each band there is, smoothly and all the time; so do pickups,
cabinets and amplifiers, and the sound is still called dry. The strength of an effect is the mean
change of the mel spectrum in dB that no such smooth, constant colouring explains. Nor is mere
lateness an effect: a chorus of wet sound alone that hardly moves plays the same note 10 ms later.
So the sounds are compared twice, as they are and with the lateness taken out, and the smaller
change counts.

Below `AUDIBLE_DB` a change is not audible, whatever the pedal, and the sound is labelled dry; from
there to `UNAMBIGUOUS_DB` it is ambiguous, and left out of training and of the accuracies, which
state its share. The same threshold holds for the log-mel distance of two sounds, by which
`matching` decides whether a difference is audible.
"""

import functools
import math

import torch
from torch import Tensor

from autofx_core.metrics.distances import MEL_BANDS, log_mel_change

AUDIBLE_DB = 0.5
UNAMBIGUOUS_DB = 0.75
_SMOOTHNESS = 4  # terms of the cosine series that a tone control may draw over the mel bands


@functools.cache
def _tone_controls() -> Tensor:
    """Orthonormal cosines over the mel bands, shape (bands, terms)."""
    place = torch.arange(MEL_BANDS) + 0.5
    cosines = torch.cos(math.pi / MEL_BANDS * place[:, None] * torch.arange(_SMOOTHNESS))
    return cosines / cosines.norm(dim=0)


def strength_db(clean: Tensor, wet: Tensor) -> Tensor:
    """Measure how strongly sounds were changed beyond their tone and their beginning.

    Parameters
    ----------
    clean, wet : Tensor, shape (batch, samples), float32, 22.05 kHz, the clean ones at peak 1

    Returns
    -------
    Tensor, shape (batch,), in dB; 0 for equal sounds, up to a gain
    """
    late = lateness(clean, wet)
    place = torch.arange(clean.shape[1])
    before_end = place < (clean.shape[1] - late)[:, None]
    on_time = wet.gather(1, (place + late[:, None]).clamp(max=clean.shape[1] - 1))
    aligned = _change_db(clean * before_end, on_time * before_end)
    return torch.minimum(_change_db(clean, wet), aligned)


def lateness(clean: Tensor, wet: Tensor) -> Tensor:
    """Delay of wet sounds in samples, shape (batch,), where they correlate best with the clean."""
    n_fft = 1 << (2 * clean.shape[1] - 1).bit_length()
    product = torch.fft.rfft(wet, n_fft) * torch.fft.rfft(clean, n_fft).conj()
    return torch.fft.irfft(product, n_fft)[:, : clean.shape[1]].abs().argmax(1)


def _change_db(clean: Tensor, wet: Tensor) -> Tensor:
    """Mean change in dB that no cosine series over the bands, constant in time, explains."""
    change = log_mel_change(clean, wet)
    controls = _tone_controls()
    tone = change.mean(1, keepdim=True) @ controls @ controls.T
    return (change - tone).abs().mean((1, 2))
