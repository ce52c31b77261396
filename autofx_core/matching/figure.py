"""Picture of a match: the sounds, and where the knobs stand.

Left, a spectrogram each of the clean sound, the reference and the match, of equal colours; right, a
dial for each parameter: its range, the interval of its settings, and the estimate. Hollow
dials cannot be heard on this sound.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from autofx_core.audio import for_analysis
from autofx_core.effects.table import Effect, Parameter

N_FFT = 1024
RANGE_DB = 80.0
LOWEST_HZ, HIGHEST_HZ = 60.0, 11_025.0
LONGEST_S = 20.0
INK, PALE = "#1f3b57", "#b9c6d3"


def draw_match(
    path: Path,
    sounds: Mapping[str, np.ndarray],
    sample_rate: int,
    effect: Effect,
    parameters: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    inaudible: list[str],
    title: str,
) -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    path
        Of the PNG file.
    sounds
        Name → ndarray, shape (channels, samples); the first 20 s are shown.
    sample_rate
        Of all, in Hz.
    effect
        Whose dials are drawn.
    parameters, intervals, inaudible
        Its estimated settings, their intervals, and the parameters that cannot be heard.
    title
        Of the figure, and of the PNG file.
    """
    figure = Figure(figsize=(11, 1.2 + 2.0 * len(sounds)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.5, 1))[0]
    panels = left.subplots(len(sounds), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, wave) in zip(panels, sounds.items(), strict=True):
        _draw_spectrogram(panel, wave, sample_rate)
        panel.set_title(name, loc="left", fontsize="medium")
    panels[-1].set_xlabel("time in s")
    dials = right.subplots(len(effect.parameters), 1, squeeze=False)[:, 0]
    for dial, p in zip(dials, effect.parameters, strict=True):
        _draw_dial(dial, p, parameters[p.name], intervals.get(p.name), p.name not in inaudible)
    figure.savefig(path, dpi=110, metadata={"Title": title})


def _draw_spectrogram(panel: Axes, wave: np.ndarray, sample_rate: int) -> None:
    mono = for_analysis(wave[:, : int(LONGEST_S * sample_rate)], sample_rate)
    strongest_db = _strongest_db(mono)
    panel.specgram(
        mono + 1e-6 * np.random.default_rng(0).standard_normal(mono.size),  # silence has no dB
        NFFT=N_FFT,
        noverlap=3 * N_FFT // 4,
        Fs=2 * HIGHEST_HZ,
        scale="dB",
        cmap="magma",
        vmin=strongest_db - RANGE_DB,
        vmax=strongest_db,
    )
    panel.set(yscale="log", ylim=(LOWEST_HZ, HIGHEST_HZ), ylabel="Hz")


def _draw_dial(
    dial: Axes,
    parameter: Parameter,
    value: float,
    interval: tuple[float, float] | None,
    audible: bool,
) -> None:
    dial.hlines(0, parameter.low, parameter.high, color=PALE, linewidth=2)
    if interval:
        dial.hlines(0, *interval, color=INK if audible else PALE, linewidth=7)
    dial.plot(value, 0, "o", color=INK, markerfacecolor=INK if audible else "white", markersize=9)
    unit = f" {parameter.unit}" if parameter.unit else ""
    label = f"{parameter.name} {value:.4g}{unit}{'' if audible else ' (not audible here)'}"
    dial.set_title(label, loc="left", fontsize="small")
    dial.set(yticks=[], xticks=[parameter.low, parameter.high], ylim=(-1, 1))
    dial.tick_params(labelsize="x-small", length=0)
    dial.spines[:].set_visible(False)


def _strongest_db(mono: np.ndarray) -> float:
    """Level of the strongest bin of a spectrogram as matplotlib scales it, for any sound."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(mono, (0, N_FFT)), N_FFT)[
        :: N_FFT // 2
    ]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT))) ** 2
    scale = 2 * HIGHEST_HZ * np.sum(np.hanning(N_FFT) ** 2)
    return float(10 * np.log10(2 * power.max() / scale + 1e-20))
