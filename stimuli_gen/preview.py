"""A page for the experimenter: every sound with its picture, settings, distances and loudness.

It names the condition of each sound, so it is not for listeners: the listening test serves only
the sounds in the manifest. The pictures are in the page; the sounds are the set's own files.
"""

import base64
import io
from html import escape
from pathlib import Path

import numpy as np
import soundfile
from matplotlib import colormaps
from matplotlib.image import imsave

from stimuli_gen.manifest import Item, Manifest, Parameters, Reference, Stimulus

PREVIEW_NAME = "preview.html"
WIDTH_PX, HEIGHT_PX = 240, 72
N_FFT = 1024
RANGE_DB = 80.0
LOWEST_HZ, HIGHEST_HZ = 60.0, 16_000.0

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: stimuli</title><style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #222; background: #fff }}
h2 {{ margin: 2rem 0 .3rem; font-size: 1.1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .25rem .6rem; text-align: left;
border-top: 1px solid #ddd; vertical-align: middle }} audio {{ width: 11rem; height: 2rem }}
td.effect {{ min-width: 16rem; font-size: 12px }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums }}
svg, img {{ display: block; width: {width}px; height: {height}px }} .dim {{ color: #666 }}
ul {{ margin: .2rem 0 }}
</style></head><body>
<h1>{title}</h1>
<p>For the experimenter: this page names the condition of each sound. Spectrograms: {low:.0f} Hz to
{high:.0f} kHz, logarithmic, {range:.0f} dB.</p>
{items}
</body></html>
"""


def write_preview(folder: Path, manifest: Manifest) -> None:
    """Write ``preview.html`` into a stimulus set whose sounds are there."""
    page = _PAGE.format(
        title=escape(manifest.title),
        width=WIDTH_PX,
        height=HEIGHT_PX,
        low=LOWEST_HZ,
        high=HIGHEST_HZ / 1000,
        range=RANGE_DB,
        items="\n".join(_describe_item(folder, manifest, item) for item in manifest.items),
    )
    (folder / PREVIEW_NAME).write_text(page, encoding="utf-8")


def _describe_item(folder: Path, manifest: Manifest, item: Item) -> str:
    labels = {condition.id: condition.label for condition in manifest.conditions}
    distances = list(dict.fromkeys(d for s in item.stimuli for d in s.distances))
    heads = ["", "", "waveform", "spectrogram", "effect", "LUFS", "gain dB", *distances]
    rows = [_row(folder, "open reference", item.reference, distances)]
    rows += [_row(folder, labels[s.condition], s, distances) for s in item.stimuli]
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in item.remarks)
    return (
        f"<h2 id='{escape(item.id)}'>{escape(item.id)}</h2><p class='dim'>{escape(item.family)}, "
        f"{escape(item.reference.origin)}, clean sound {escape(item.clean.source)}"
        f"{', for training' if item.training else ''}</p>"
        f"{f'<ul>{remarks}</ul>' if remarks else ''}<table><tr>"
        + "".join(f"<th>{escape(head)}</th>" for head in heads)
        + "</tr>"
        + "".join(rows)
        + "</table>"
    )


def _row(folder: Path, label: str, entry: Reference | Stimulus, distances: list[str]) -> str:
    frames, sample_rate = soundfile.read(folder / entry.file, always_2d=True)
    wave = frames[:, 0]
    name = escape(entry.file, quote=True)
    cells = [
        f"<th>{escape(label)}</th>",
        f"<td><audio controls preload='none' src='{name}'></audio></td>",
        f"<td>{draw_waveform(wave)}</td>",
        f"<td><img alt='spectrogram' src='{draw_spectrogram(wave, sample_rate)}'></td>",
        f"<td class='effect'>{escape(entry.effect)}<br>{_settings(entry.parameters)}</td>",
    ]
    numbers = [""] * (2 + len(distances))
    if isinstance(entry, Stimulus):
        numbers = [f"{entry.loudness_lufs:.1f}", f"{entry.gain_db:+.1f}"]
        numbers += [f"{entry.distances[d]:.3f}" if d in entry.distances else "" for d in distances]
    cells += [f"<td class='number'>{number}</td>" for number in numbers]
    return f"<tr>{''.join(cells)}</tr>"


def _settings(parameters: Parameters) -> str:
    pairs = (parameters or {}).items()
    text = escape(", ".join(f"{name} {value:.3g}" for name, value in pairs))
    return f"<span class='dim'>{text}</span>"


def draw_waveform(wave: np.ndarray) -> str:
    """Draw a wave, shape (samples,), as an SVG of its highest and lowest points."""
    columns = np.array_split(wave / max(np.abs(wave).max(), 1e-9), WIDTH_PX)
    middle = HEIGHT_PX / 2
    upper = [f"{x},{middle - middle * c.max():.0f}" for x, c in enumerate(columns)]
    lower = [f"{x},{middle - middle * c.min():.0f}" for x, c in enumerate(columns)]
    return (
        f"<svg viewBox='0 0 {WIDTH_PX} {HEIGHT_PX}' role='img' aria-label='waveform'>"
        f"<polygon fill='#446' stroke='#446' points='{' '.join(upper + lower[::-1])}'/></svg>"
    )


def draw_spectrogram(wave: np.ndarray, sample_rate: int) -> str:
    """Draw a wave's spectrogram over a logarithmic frequency axis, as a PNG in a data URI."""
    step = max(1, wave.size // WIDTH_PX)
    padded = np.pad(wave, (0, N_FFT))
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::step][:WIDTH_PX]
    power = np.square(np.abs(np.fft.rfft(windows * np.hanning(N_FFT)))).T
    frequency_hz = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    level_db = 10 * np.log10(np.maximum(power, 1e-20))
    rows = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, sample_rate / 2), HEIGHT_PX)
    picture = level_db[np.searchsorted(frequency_hz, rows).clip(max=frequency_hz.size - 1)]
    top = picture.max()
    file = io.BytesIO()
    imsave(
        file,
        picture,
        vmin=top - RANGE_DB,
        vmax=top,
        cmap=colormaps["magma"],
        origin="lower",
        format="png",
        metadata={"Software": None},  # type: ignore[dict-item]  # None leaves the version out
    )
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
