"""The relation set: what an effect did, from the processed sound and the clean one together.

Both questions are put to every sound, whatever its effect, and answered by least squares, much as
`inversion` does it exactly; here the answers only have to be quick, and a network reads them.

* *Drive*: if the sound were tanh(drive · clean) through a linear system, how much of it would that
  explain, drive by drive; and at the likeliest drive, what is the system's response, band by band,
  and how much of each band does it explain?
* *Echo*: if it were y[t] = a·x[t] + b·x[t − n] + feedback·y[t − n], which delays n explain it best:
  one of those that colour the note, and two of those that are heard as echoes?

Conventions: waves of shape (batch, samples), float32, 22.05 kHz, aligned, peak 1; the drive knows
the clean sound's level only if it entered the effect like that.

References
----------
Bendat, Piersol: *Random Data* (4th ed., 2010), ch. 6: response and coherence of a linear system.
"""

import math
from functools import cache

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ

DRIVES_DB = tuple(range(0, 61, 5))
DRIVE_SAMPLES = 16_384
BANDS_PER_OCTAVE = 4
BAND_EDGES_HZ = tuple(50.0 * 2 ** (n / BANDS_PER_OCTAVE) for n in range(31))
DULLER = 4  # echoes are looked for at a quarter of the rate
ECHO_FFT = 72_000  # of the padded sound at the full rate: 35,000 samples and all delays
LONGEST_S = 1.0
APART_S = 0.005
COMB_S = 0.03  # shorter delays colour a note: asked for apart, as they explain any note a little
PRE_EMPHASIS = 0.9  # tells apart delays that differ by a period of the note
RIDGE = 1e-6
FLOOR = 1e-7

N_BANDS = len(BAND_EDGES_HZ) - 1
PAIR_NAMES = (
    *(f"unexplained_at_{drive}_db" for drive in DRIVES_DB),
    "likeliest_drive",
    *(f"response_band_{band}" for band in range(N_BANDS)),
    *(f"explained_band_{band}" for band in range(N_BANDS)),
    *(
        f"{echo}_{name}"
        for echo in ("comb", "echo", "second_echo")
        for name in ("unexplained", "delay_s", "feedback", "mix")
    ),
)
"""Names of all features, in order."""


def pair_features(wave: Tensor, clean: Tensor) -> Tensor:
    """Compute the relation set.

    Parameters
    ----------
    wave, clean : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1

    Returns
    -------
    Tensor, shape (batch, len(PAIR_NAMES)), float32, finite; in the order of `PAIR_NAMES`
    """
    return torch.cat([_ask_for_drive(wave, clean), _ask_for_echo(wave, clean)], dim=1)


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


def _ask_for_drive(wave: Tensor, clean: Tensor) -> Tensor:
    gains = 10 ** (torch.tensor(DRIVES_DB) / 20)
    excerpt = clean[:, None, :DRIVE_SAMPLES]
    driven = torch.fft.rfft(torch.tanh(gains[:, None] * excerpt) * _fade())
    heard = torch.fft.rfft(wave[:, None, :DRIVE_SAMPLES] * _fade())
    bands = _bands()
    real, imaginary = driven.real, driven.imag
    power = (real.square() + imaginary.square()) @ bands
    own_power = (heard.real.square() + heard.imag.square()) @ bands
    cross = (real * heard.real + imaginary * heard.imag) @ bands
    quadrature = (real * heard.imag - imaginary * heard.real) @ bands
    common = cross.square() + quadrature.square()
    explained = common / (power * own_power + FLOOR**2)
    weight = own_power / (own_power.sum(-1, keepdim=True) + FLOOR) + 0.1 / N_BANDS
    left = ((1 - explained).clamp(min=FLOOR).log() * weight).sum(-1)
    likeliest = left.argmin(1, keepdim=True)
    row = likeliest[:, :, None].expand(-1, -1, N_BANDS)
    response = 0.5 * ((common + FLOOR**2) / (power.square() + FLOOR**2)).log()
    return torch.cat(
        [
            left,
            likeliest.float(),
            response.gather(1, row)[:, 0].clamp(-10, 10),
            explained.gather(1, row)[:, 0],
        ],
        dim=1,
    )


def _ask_for_echo(wave: Tensor, clean: Tensor) -> Tensor:
    rate_hz = ANALYSIS_RATE_HZ / DULLER
    lags = round(LONGEST_S * rate_hz)
    bins = ECHO_FFT // DULLER // 2 + 1
    phase = torch.arange(bins, dtype=torch.float64) * (2 * math.pi / (ECHO_FFT // DULLER))
    emphasis = torch.complex(1 - PRE_EMPHASIS * phase.cos(), PRE_EMPHASIS * phase.sin())
    # In double precision: where an echo explains nearly all, the rest is a small difference.
    x, y = (torch.fft.rfft(s.double(), n=ECHO_FFT)[:, :bins] * emphasis for s in (clean, wave))
    xx, xy, yx, yy = (
        torch.fft.irfft(first * second.conj(), n=ECHO_FFT // DULLER)[:, :lags]
        for first, second in ((x, x), (x, y), (y, x), (y, y))
    )
    x_wave, y_wave = (torch.fft.irfft(s, n=ECHO_FFT // DULLER) for s in (x, y))
    length = clean.shape[-1] // DULLER
    early_xx, early_xy, early_yy = (
        (first * second)[:, :length].cumsum(1).flip(1)[:, :lags]
        for first, second in ((x_wave, x_wave), (x_wave, y_wave), (y_wave, y_wave))
    )
    energy = yy[:, :1]
    ridge = RIDGE * (xx[:, :1] + energy) + FLOOR**2
    # Gauss's elimination of the three unknowns, for all delays at once.
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
    mix = wet / (dry + wet + FLOOR)
    delay = torch.arange(lags)
    comb = delay < COMB_S * rate_hz
    left = unexplained.masked_fill(comb, 2.0)
    echo = left.argmin(1, keepdim=True)
    near = (delay - echo).abs() < APART_S * rate_hz
    choices = (
        unexplained.masked_fill(~comb | (delay == 0), 2.0).argmin(1, keepdim=True),
        echo,
        left.masked_fill(near, 2.0).argmin(1, keepdim=True),
    )
    columns = [
        column
        for n in choices
        for column in (
            unexplained.gather(1, n).log(),
            n / rate_hz,
            feedback.gather(1, n),
            mix.gather(1, n),
        )
    ]
    return torch.cat([column.float() for column in columns], dim=1)
