"""The pair set: what an effect did, from the processed sound and the clean one together.

Two models are fitted to every sound by least squares, whatever its effect, much as
`matching.least_squares` does it exactly; here the fits only have to be quick, for a network.

* *Drive*: if the sound were tanh(drive · clean) through a linear system, how much of it would that
  explain, drive by drive; and at the likeliest drive, what is the system's response, band by band,
  and how much of each band does it explain?
* *Echo*: if it were y[t] = a·x[t] + b·x[t − n] + feedback·y[t − n], which delays n explain it best:
  one of those that colour the note, and two of those that are separate echoes?

Conventions: waves of shape (batch, samples), float32, 22.05 kHz, aligned, peak 1; the drive is
right only if the clean sound entered the effect at that level.

References
----------
Bendat, Piersol: *Random Data* (4th ed., 2010), ch. 6: response and coherence of a linear system.
"""

import math
from functools import cache

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES
from autofx_core.features.columns import Block, number_columns, stack_columns

DRIVES_DB = tuple(range(0, 61, 5))
DRIVE_SAMPLES = 16_384
BANDS_PER_OCTAVE = 4
BAND_EDGES_HZ = tuple(50.0 * 2 ** (n / BANDS_PER_OCTAVE) for n in range(31))
DULLER = 4  # echoes are looked for at a quarter of the rate
ECHO_FFT = 72_000  # of the padded sound at the full rate: 35,000 samples and all delays
LONGEST_S = 1.0
APART_S = 0.005
COMB_S = (
    0.03  # shorter delays colour a note; they explain any note a little, so they are fitted apart
)
PRE_EMPHASIS = 0.9  # tells apart delays that differ by a period of the note
RIDGE = 1e-6
FLOOR = 1e-7

N_BANDS = len(BAND_EDGES_HZ) - 1


@cache
def _fade() -> Tensor:
    """Right half of a Hann window: sounds begin at once, and end in the middle of the note."""
    return torch.hann_window(2 * DRIVE_SAMPLES, periodic=False)[DRIVE_SAMPLES:]


@cache
def _bands() -> Tensor:
    """Which bins belong to which band, shape (bins, bands)."""
    frequency = torch.fft.rfftfreq(DRIVE_SAMPLES, 1 / ANALYSIS_RATE_HZ)
    edges = torch.tensor(BAND_EDGES_HZ)
    inside = (frequency[:, None] >= edges[:-1]) & (frequency[:, None] < edges[1:])
    return inside.float()


def describe(wave: Tensor, clean: Tensor) -> Block:
    """Compute the pair set by name; see `pair_features` for the arguments."""
    return _fit_drive(wave, clean) | _fit_echoes(wave, clean)


def _fit_drive(wave: Tensor, clean: Tensor) -> Block:
    """Explain the sound as tanh(drive · clean) through any linear system, drive by drive.

    With U the spectrum of tanh(drive · clean), Y that of the sound, and sums over the bins of a
    band, the coherence |Σ U*·Y|² / (Σ |U|² · Σ |Y|²) is the share of the band's power that a linear
    system explains, and |Σ U*·Y| / Σ |U|² its gain. What is unexplained is the mean of
    log(1 − coherence) over the bands, weighted by Y's power.
    """
    gains = 10 ** (torch.tensor(DRIVES_DB) / 20)
    excerpt = clean[:, None, :DRIVE_SAMPLES]
    driven = torch.fft.rfft(torch.tanh(gains[:, None] * excerpt) * _fade())
    sound = torch.fft.rfft(wave[:, None, :DRIVE_SAMPLES] * _fade())
    bands = _bands()
    real, imaginary = driven.real, driven.imag
    power = (real.square() + imaginary.square()) @ bands
    sound_power = (sound.real.square() + sound.imag.square()) @ bands
    cross = (real * sound.real + imaginary * sound.imag) @ bands
    quadrature = (real * sound.imag - imaginary * sound.real) @ bands
    common = cross.square() + quadrature.square()
    explained = common / (power * sound_power + FLOOR**2)
    weight = sound_power / (sound_power.sum(-1, keepdim=True) + FLOOR) + 0.1 / N_BANDS
    unexplained = ((1 - explained).clamp(min=FLOOR).log() * weight).sum(-1)
    likeliest = unexplained.argmin(1, keepdim=True)
    row = likeliest[:, :, None].expand(-1, -1, N_BANDS)
    response = 0.5 * ((common + FLOOR**2) / (power.square() + FLOOR**2)).log()
    response = response.gather(1, row)[:, 0].clamp(-10, 10)
    return (
        number_columns("unexplained_at_{}_db", DRIVES_DB, unexplained)
        | {"likeliest_drive": likeliest[:, 0].float()}
        | number_columns("response_band_{}", range(N_BANDS), response)
        | number_columns("explained_band_{}", range(N_BANDS), explained.gather(1, row)[:, 0])
    )


def _fit_echoes(wave: Tensor, clean: Tensor) -> Block:
    """Explain the sound y as an echo of the clean sound x, for every delay n at once.

    y[t] = a·x[t] + b·x[t − n] + feedback·y[t − n] is linear in a, b and feedback; with
    a = g·(1 − mix) and b = g·(mix − feedback·(1 − mix)), the mix is (b + feedback·a) over that and
    a. The best three delays are a comb's, and the two best echoes' that are 5 ms apart.
    """
    rate_hz = ANALYSIS_RATE_HZ / DULLER
    fits = _fit_every_delay(*_emphasize(wave, clean), clean.shape[-1] // DULLER)
    unexplained = fits["unexplained"]
    delay = torch.arange(unexplained.shape[1])
    comb = delay < COMB_S * rate_hz
    of_echoes = unexplained.masked_fill(comb, 2.0)
    echo = of_echoes.argmin(1, keepdim=True)
    near = (delay - echo).abs() < APART_S * rate_hz
    choices = {
        "comb": unexplained.masked_fill(~comb | (delay == 0), 2.0).argmin(1, keepdim=True),
        "echo": echo,
        "second_echo": of_echoes.masked_fill(near, 2.0).argmin(1, keepdim=True),
    }
    block: Block = {}
    for name, n in choices.items():
        at = {key: values.gather(1, n)[:, 0] for key, values in fits.items()}
        block |= {
            f"{name}_unexplained": at["unexplained"].log().float(),
            f"{name}_delay_s": (n[:, 0] / rate_hz).float(),
            f"{name}_feedback": at["feedback"].float(),
            f"{name}_mix": at["mix"].float(),
        }
    return block


def _emphasize(wave: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Spectra of the clean sound and the other at a quarter of the rate, 1 − 0.9·z⁻¹ applied.

    In double precision: where an echo explains nearly all, the rest is a small difference.
    """
    n_fft = ECHO_FFT // DULLER
    bins = n_fft // 2 + 1
    phase = torch.arange(bins, dtype=torch.float64) * (2 * math.pi / n_fft)
    emphasis = torch.complex(1 - PRE_EMPHASIS * phase.cos(), PRE_EMPHASIS * phase.sin())
    x, y = (torch.fft.rfft(s.double(), n=ECHO_FFT)[:, :bins] * emphasis for s in (clean, wave))
    return x, y


def _fit_every_delay(x: Tensor, y: Tensor, length: int) -> dict[str, Tensor]:
    """Solve the three normal equations for every delay.

    Parameters
    ----------
    x, y : Tensor, shape (batch, bins), complex128
        Spectra of the padded sounds.
    length
        Samples of the sounds themselves.

    Returns
    -------
    dict of Tensor, shape (batch, delays), float64
        `unexplained`, the share of y's energy; `feedback` and `mix`, in [0, 1].
    """
    n_fft = ECHO_FFT // DULLER
    lags = round(LONGEST_S * ANALYSIS_RATE_HZ / DULLER)
    # The sums of products of the equations' terms are correlations, by the Fourier transform.
    xx, xy, yx, yy = (
        torch.fft.irfft(first * second.conj(), n=n_fft)[:, :lags]
        for first, second in ((x, x), (x, y), (y, x), (y, y))
    )
    x_wave, y_wave = (torch.fft.irfft(s, n=n_fft) for s in (x, y))
    early_xx, early_xy, early_yy = (
        (first * second)[:, :length].cumsum(1).flip(1)[:, :lags]
        for first, second in ((x_wave, x_wave), (x_wave, y_wave), (y_wave, y_wave))
    )
    energy = yy[:, :1]
    ridge = RIDGE * (xx[:, :1] + energy) + FLOOR**2
    # Gauss's elimination: G = L·D·Lᵀ, z = L⁻¹·target, explained = Σ z²/D.
    d1 = xx[:, :1] + ridge
    l21, l31 = xx / d1, xy / d1
    d2 = early_xx + ridge - l21 * xx
    l32 = (early_xy - l21 * xy) / d2
    d3 = early_yy + ridge - l31 * xy - l32.square() * d2
    z1 = xy[:, :1]
    z2 = yx - l21 * z1
    z3 = yy - l31 * z1 - l32 * z2
    explained = z1.square() / d1 + z2.square() / d2 + z3.square() / d3
    unexplained = (1 - explained / (energy + FLOOR**2)).clamp(min=FLOOR)
    feedback = z3 / d3
    b = z2 / d2 - l32 * feedback
    a = z1 / d1 - l21 * b - l31 * feedback
    feedback = feedback.clamp(0, 1)
    dry, wet = a.clamp(min=0), (b + feedback * a).clamp(min=0)
    return {
        "unexplained": unexplained,
        "feedback": feedback,
        "mix": wet / (dry + wet + FLOOR),
    }


PAIR_NAMES = tuple(describe(*torch.zeros(2, 1, ANALYSIS_SAMPLES)))
"""Names of all features, in order."""


def pair_features(wave: Tensor, clean: Tensor) -> Tensor:
    """Compute the pair set.

    Parameters
    ----------
    wave, clean : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1
        The sound, and the same without the effect.

    Returns
    -------
    Tensor, shape (batch, 86), float32, finite; in the order of `PAIR_NAMES`
    """
    return stack_columns(describe(wave, clean))
