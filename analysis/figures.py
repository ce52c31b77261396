"""The report's figures, each a function from findings to a Matplotlib figure.

Matplotlib is imported when the first figure is drawn, not before. One table, ``FIGURES``, drives
the page and the files. Conventions: horizontal axes carry conditions, vertical ones the scale;
reference and anchors are grey, estimated conditions blue, random orange; a mean is a diamond with
its crossed 95 % interval; colours carry no information that position does not. Drawing uses one
neutral ink colour, which the page replaces by the reader's own text colour (light or dark).
"""

import io
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from analysis.findings import Findings

INK = "#1a1a1e"
COLOURS = {
    "estimated": "#3b7dd8",
    "random": "#e08a1e",
    "reference": "#8a8f98",
    "anchor": "#8a8f98",
    "control": "#7a6fb0",
    "": "#2f9e77",
}
BANDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
MAX_POINTS = 400
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.titlesize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "autofx",
    "pdf.fonttype": 42,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Figure:
    """A figure's place in the report; ``wanted`` tells whether the data call for it."""

    name: str
    title: str
    caption: str
    draw: Callable
    wanted: Callable[[Findings], bool]


@contextmanager
def canvas(width: float, height: float, **layout):
    """Yield a figure and its axes in the report's style, in inches, and close it afterwards."""
    import matplotlib as mpl  # noqa: PLC0415 - only when a figure is drawn
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    with mpl.rc_context(STYLE):
        figure = Canvas(figsize=(width, height))
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(**layout)


def save(figure, kind: str, *, dpi: int = 300) -> bytes:
    """Encode a figure as ``svg``, ``pdf`` or ``png`` without a date, so that bytes repeat."""
    buffer = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def colour(kind: str) -> str:
    """Colour of a kind of condition."""
    return COLOURS[kind]


def draw_scores(axes, findings: Findings, scores, descriptions) -> None:
    """Box, violin and points per condition, the mean with its crossed interval on top."""
    rng = np.random.default_rng(findings.options.seed)
    for x, d in enumerate(descriptions):
        table = scores.of(d.condition)
        values = table[np.isfinite(table)]
        tint = colour(d.kind)
        _violin(axes, x, values, findings.ratings.scale, tint)
        shown = values if len(values) <= MAX_POINTS else _listener_points(table)
        spread = rng.uniform(-0.16, 0.16, len(shown))
        axes.plot(
            x + spread, shown, ".", ms=2.5, color=tint, alpha=0.45, mew=0, rasterized=True, zorder=2
        )
        box = axes.boxplot(
            [values],
            positions=[x],
            widths=0.34,
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            zorder=3,
        )
        for part in ("whiskers", "caps", "medians", "boxes"):
            for line in box[part]:
                line.set(color=INK, linewidth=1.8 if part == "medians" else 0.9)
        box["boxes"][0].set(facecolor="none")
        mean = d.mean
        if np.isfinite(mean.se):
            axes.plot([x + 0.27] * 2, [mean.ci_low, mean.ci_high], color=tint, lw=2.2, zorder=4)
        axes.plot(x + 0.27, mean.estimate, "D", ms=4.5, color=tint, mec=INK, mew=0.6, zorder=5)
    label_scale(axes, findings)
    axes.set_xlim(-0.6, len(descriptions) - 0.4)
    names = [findings.label(d.condition) for d in descriptions]
    axes.set_xticks(range(len(names)), names, rotation=25 if len(names) > 6 else 0, ha="center")


def _violin(axes, x: int, values: np.ndarray, scale, tint: str) -> None:
    """Density by a Gaussian kernel, reflected at the scale's ends so that none leaks out."""
    low, high = scale
    grid = np.linspace(low, high, 101)
    width = max(1.06 * values.std() * len(values) ** -0.2, 0.02 * (high - low))
    bins = np.round((values - low) / (high - low) * 200).astype(int)
    counts = np.bincount(bins, minlength=201)
    centres = np.linspace(low, high, 201)
    density = sum(
        np.exp(-0.5 * ((grid[:, None] - mirrored[None, :]) / width) ** 2) @ counts
        for mirrored in (centres, 2 * low - centres, 2 * high - centres)
    )
    half = 0.42 * density / density.max()
    axes.fill_betweenx(grid, x - half, x + half, color=tint, alpha=0.18, lw=0, zorder=1)


def _listener_points(table: np.ndarray) -> np.ndarray:
    """Average by listener, where single ratings are too many to be drawn."""
    present = np.isfinite(table)
    n = present.sum(axis=1)
    sums = np.where(present, table, 0.0).sum(axis=1)
    return (sums[n > 0] / n[n > 0])[:1000]


def label_scale(axes, findings: Findings) -> None:
    """Draw the vertical score axis, with the five bands of the MUSHRA scale where it has them."""
    low, high = findings.ratings.scale
    pad = 0.03 * (high - low)
    axes.set_ylim(low - pad, high + pad)
    axes.set_ylabel("Score")
    if (low, high) != (0.0, 100.0):
        return
    axes.set_yticks(range(0, 101, 20))
    for edge in range(20, 100, 20):
        axes.axhline(edge, color=INK, alpha=0.13, lw=0.6, zorder=0)
    bands = axes.secondary_yaxis("right")
    bands.set_yticks(range(10, 100, 20), BANDS)
    bands.tick_params(length=0, labelsize=8)
    bands.spines["right"].set_visible(False)


def draw_conditions(findings: Findings, save_as: Callable) -> None:
    """Scores per condition over all items."""
    with canvas(max(5.2, 1.0 * len(findings.descriptions) + 1.6), 4.0) as (figure, axes):
        draw_scores(axes, findings, findings.scores, findings.descriptions)
        save_as(figure)


def draw_differences(findings: Findings, save_as: Callable) -> None:
    """Primary differences, listener by listener and item by item, with the crossed interval."""
    c = findings.primary
    table = findings.scores.difference(c.a, c.b)
    with canvas(7.2, 3.4, ncols=2, sharey=True) as (figure, panels):
        for axes, what, cells in (
            (panels[0], "Listeners", table),
            (panels[1], "Items", table.T),
        ):
            means = np.sort(np.nanmean(cells[np.isfinite(cells).any(axis=1)], axis=1))
            axes.axhspan(c.crossed.ci_low, c.crossed.ci_high, color=COLOURS["estimated"], alpha=0.2)
            axes.axhline(c.crossed.estimate, color=COLOURS["estimated"], lw=1.4)
            axes.axhline(0, color=INK, lw=0.8)
            axes.plot(means, "o", ms=3.5, color=INK, alpha=0.75, mew=0, rasterized=len(means) > 300)
            axes.set_xlabel(f"{what} ({len(means)}), sorted")
            axes.set_xticks([])
        panels[0].set_ylabel(f"{findings.label(c.a)} − {findings.label(c.b)} / points")
        save_as(figure)


FIGURES = (
    Figure(
        "conditions",
        "Scores per condition",
        "Box: median and quartiles; whiskers: 1.5 × IQR; shade: density; dots: ratings; "
        "diamond: mean with its 95 % interval for new listeners and new sounds.",
        draw_conditions,
        lambda findings: True,
    ),
    Figure(
        "differences",
        "The primary difference, by listener and by item",
        "Each dot is one listener's or one item's mean difference; line and band: the estimate "
        "with its crossed 95 % interval.",
        draw_differences,
        lambda findings: findings.primary is not None,
    ),
)
