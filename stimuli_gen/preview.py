"""A page for the experimenter: what to expect of the set, and every sound with its picture.

It names the condition of each sound, so it is not for listeners: the listening test serves only
the sounds in the manifest. The pictures are in the page; the sounds are the set's own files.

The page opens from the disk, without a server. There a browser lets a page read no other file,
load no module and add no AudioWorklet, and Web Audio hears nothing of an audio element: the
listening test's engine, which decodes fetched sounds, cannot run. So audio elements play, and a
switch goes on at the same place.
"""

import base64
import io
from html import escape
from itertools import permutations
from pathlib import Path

import numpy as np
import soundfile
from matplotlib import colormaps
from matplotlib.image import imsave

from autofx_core.metrics.audibility import AUDIBLE_DB
from stimuli_gen.manifest import Item, Manifest, Parameters, Reference, Stimulus

PREVIEW_NAME = "preview.html"
WIDTH_PX, HEIGHT_PX = 240, 72
N_FFT = 1024
RANGE_DB = 80.0
LOWEST_HZ, HIGHEST_HZ = 60.0, 16_000.0

NEARER_BY = "log_mel_db"
"""The distance whose shares the page shows: in dB, to be compared with what can be heard."""

_STYLE = """
* { box-sizing: border-box }
body { font: 15px/1.4 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 1320px;
color: #222; background: #fff }
h1 { font-size: 1.4rem } h2 { margin: 2.5rem 0 .3rem; font-size: 1.1rem }
h1, h2, p, li, summary { overflow-wrap: anywhere }
.dim { color: #595959 } .wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: .2rem .6rem; text-align: left; border-top: 1px solid #ddd; white-space: nowrap }
tr:first-child th { white-space: normal; min-width: 4rem }
td { text-align: right }
ul.sounds { list-style: none; padding: 0; margin: .5rem 0 }
ul.sounds li { display: grid; gap: .3rem 1rem; padding: .5rem 0; border-top: 1px solid #ddd;
align-items: center; grid-template-columns: 11rem 240px 240px minmax(10rem, 1fr) 13rem }
ul.sounds li > * { min-width: 0 }
svg, img { display: block; width: 100%; height: 72px }
.effect { font-size: 13px }
audio { width: 100%; height: 2.2rem }
button { font: inherit; padding: .5rem .8rem; min-height: 2.75rem; text-align: left; width: 100%;
border: 1px solid #667; border-radius: .4rem; background: #f3f4f8; cursor: pointer }
button[aria-pressed=true] { background: #334; color: #fff }
.place { display: flex; gap: .8rem; align-items: center; position: sticky; bottom: 0;
background: #fffd; padding: .4rem 0 } .place input { flex: 1; min-height: 2.75rem }
@media (max-width: 1100px) { ul.sounds li { grid-template-columns: 1fr 1fr }
ul.sounds .effect, ul.sounds .numbers, ul.sounds .play { grid-column: 1 / -1 } }
"""

# One player for each item: a switch goes on at the same place of the sound that was playing.
_SCRIPT = """
for (const item of document.querySelectorAll("section.item")) {
  const place = item.querySelector(".place input")
  const clock = item.querySelector(".place output")
  const players = [...item.querySelectorAll(".play")].map((cell) => {
    const audio = cell.querySelector("audio")
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = cell.dataset.label
    button.setAttribute("aria-pressed", "false")
    audio.controls = false
    audio.hidden = true
    cell.append(button)
    return { audio, button }
  })
  let current = players[0]
  const show = () => {
    const { currentTime, duration } = current.audio
    place.value = duration ? currentTime / duration : 0
    clock.textContent = `${currentTime.toFixed(1)} s`
  }
  const pause = () => players.forEach(({ audio, button }) => {
    audio.pause()
    button.setAttribute("aria-pressed", "false")
  })
  for (const player of players) {
    const { audio, button } = player
    button.addEventListener("click", async () => {
      const wasPlaying = !current.audio.paused
      const from = current.audio.currentTime
      pause()
      document.querySelectorAll("audio").forEach((other) => other.pause())
      if (player === current && wasPlaying) return
      current = player
      if (Math.abs(audio.currentTime - from) > 0.01) audio.currentTime = from
      button.setAttribute("aria-pressed", "true")
      await audio.play().catch(() => button.setAttribute("aria-pressed", "false"))
    })
    audio.addEventListener("timeupdate", () => player === current && show())
    audio.addEventListener("pause", () => button.setAttribute("aria-pressed", "false"))
    audio.addEventListener("ended", () => { audio.currentTime = 0; show() })
  }
  place.addEventListener("input", () => {
    const { audio } = current
    if (audio.duration) audio.currentTime = place.value * audio.duration
    show()
  })
  item.querySelector(".place").hidden = false
}
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: stimuli</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head><body>
<h1>{title}</h1>
<p>For the experimenter: this page names the condition of each sound. Spectrograms: {low:.0f} Hz to
{high:.0f} kHz, logarithmic, {range:.0f} dB. Everything that the sounds were made with is in
<a href="manifest.json">manifest.json</a>.</p>
{shares}
<p>{contents}</p>
{items}
<script>{script}</script>
</body></html>
"""


def write_preview(folder: Path, manifest: Manifest) -> None:
    """Write ``preview.html`` into a stimulus set whose sounds are there."""
    page = _PAGE.format(
        title=escape(manifest.title),
        style=_STYLE,
        script=_SCRIPT,
        low=LOWEST_HZ,
        high=HIGHEST_HZ / 1000,
        range=RANGE_DB,
        shares=_describe_shares(manifest),
        contents=" · ".join(
            f"<a href='#{escape(item.id)}'>{escape(item.id)}</a>" for item in manifest.items
        ),
        items="\n".join(_describe_item(folder, manifest, item) for item in manifest.items),
    )
    (folder / PREVIEW_NAME).write_text(page, encoding="utf-8")


def count_nearer(manifest: Manifest) -> dict[tuple[str, str], float]:
    """Count how often each condition is nearer to the reference than each other.

    Returns
    -------
    dict
        By two conditions: the share of items, training left out, in which the first is nearer, by
        the log-mel distance. Equal distances count half. Empty without distances.
    """
    wins: dict[tuple[str, str], list[float]] = {}
    for item in manifest.items:
        if item.training:
            continue
        near = {
            s.condition: s.distances[NEARER_BY] for s in item.stimuli if NEARER_BY in s.distances
        }
        for a, b in permutations(near, 2):
            wins.setdefault((a, b), []).append(0.5 * ((near[a] < near[b]) + (near[a] <= near[b])))
    return {pair: sum(won) / len(won) for pair, won in wins.items()}


def _describe_shares(manifest: Manifest) -> str:
    """Show what to expect before anybody listens: mean distances, and who is nearer how often."""
    shares = count_nearer(manifest)
    if not shares:
        return ""
    kinds = {condition.id: condition.kind for condition in manifest.conditions}
    compared = [c for c in manifest.conditions if c.kind != "reference"]
    rows = []
    for row in compared:
        measured = [
            stimulus.distances[NEARER_BY]
            for item in manifest.items
            for stimulus in item.stimuli
            if not item.training and stimulus.condition == row.id
        ]
        within = sum(distance < AUDIBLE_DB for distance in measured) / len(measured)
        cells = [f"{sum(measured) / len(measured):.2f} dB", f"{within:.0%}"]
        cells += ["" if c is row else f"{shares[row.id, c.id]:.0%}" for c in compared]
        label = f"{escape(row.label)} <span class='dim'>{kinds[row.id]}</span>"
        rows.append(f"<tr><th>{label}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    heads = ["", "mean distance", f"within {AUDIBLE_DB:g} dB"]
    heads += [f"nearer than {escape(c.label)}" for c in compared]
    n_items = sum(not item.training for item in manifest.items)
    return (
        f"<p>What to expect: how near each condition comes to the reference in {n_items} items, by "
        "the log-mel distance, and in which share of items it is nearer than another condition. "
        "Listeners may order the sounds otherwise, but where two conditions are equally near or "
        f"closer than {AUDIBLE_DB:g} dB, few will hear a difference.</p>"
        f"<div class='wide' tabindex='0'><table id='shares'><tr>"
        f"{''.join(f'<th>{head}</th>' for head in heads)}</tr>{''.join(rows)}</table></div>"
    )


def _describe_item(folder: Path, manifest: Manifest, item: Item) -> str:
    labels = {condition.id: condition.label for condition in manifest.conditions}
    sounds = [_describe_sound(folder, "Open reference", item.reference)]
    sounds += [_describe_sound(folder, labels[s.condition], s) for s in item.stimuli]
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in item.remarks)
    return (
        f"<section class='item' id='{escape(item.id)}'><h2>{escape(item.id)}</h2>"
        f"<p class='dim'>{escape(item.family)}, {escape(item.reference.origin)}, clean sound "
        f"{escape(item.clean.source)}{_attribute(item)}"
        f"{', for training' if item.training else ''}</p>"
        f"{f'<ul>{remarks}</ul>' if remarks else ''}<ul class='sounds'>{''.join(sounds)}</ul>"
        "<p class='place' hidden><input type='range' min='0' max='1' step='any' value='0' "
        f"aria-label='Place in the sounds of {escape(item.id)}'><output>0.0 s</output></p>"
        f"{_describe_parameters(item, labels)}</section>"
    )


def _attribute(item: Item) -> str:
    whose = item.clean.attribution
    if whose is None:
        return ""
    named = [whose.collection, whose.author or "author unknown", whose.licence or "licence unknown"]
    return f" ({escape(', '.join(named))})"


def _describe_sound(folder: Path, label: str, entry: Reference | Stimulus) -> str:
    frames, sample_rate = soundfile.read(folder / entry.file, always_2d=True)
    wave = frames[:, 0]
    name = escape(entry.file, quote=True)
    numbers = []
    if isinstance(entry, Stimulus):
        numbers = [f"{entry.loudness_lufs:.1f} LUFS, gain {entry.gain_db:+.1f} dB"]
        numbers += [f"{escape(d)} {value:.3f}" for d, value in entry.distances.items()]
    return (
        f"<li><div class='play' data-label='{escape(label, quote=True)}'>"
        f"<noscript>{escape(label)}</noscript>"
        f"<audio controls preload='none' src='{name}'></audio></div>"
        f"<div>{draw_waveform(wave)}</div>"
        f"<div><img alt='spectrogram' src='{draw_spectrogram(wave, sample_rate)}'></div>"
        f"<div class='effect'>{escape(entry.effect)}<br>{_settings(entry.parameters)}</div>"
        f"<div class='numbers dim'>{'<br>'.join(numbers)}</div></li>"
    )


def _settings(parameters: Parameters) -> str:
    pairs = (parameters or {}).items()
    text = escape(", ".join(f"{name} {value:.3g}" for name, value in pairs))
    return f"<span class='dim'>{text}</span>"


def _describe_parameters(item: Item, labels: dict[str, str]) -> str:
    """Set every condition's settings beside the reference's, one row a parameter."""
    columns = {"Open reference": item.reference.parameters or {}}
    columns |= {labels[s.condition]: s.parameters for s in item.stimuli if s.parameters}
    names = list(dict.fromkeys(name for values in columns.values() for name in values))
    if not names:
        return ""
    heads = "".join(f"<th>{escape(label)}</th>" for label in columns)
    rows = []
    for name in names:
        values = (column.get(name) for column in columns.values())
        cells = "".join(f"<td>{'' if v is None else f'{v:.4g}'}</td>" for v in values)
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    anchor = f"{escape(item.id)}-parameters"
    return (
        f"<details id='{anchor}'><summary><a href='#{anchor}'>Parameters of {escape(item.id)}</a>"
        f"</summary><div class='wide' tabindex='0'><table><tr><th></th>{heads}</tr>"
        f"{''.join(rows)}</table></div></details>"
    )


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
