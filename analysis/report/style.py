"""Paper and ink of the figures: size, style, colours, and encoding that repeats byte for byte.

Matplotlib is imported when the first figure is drawn, not before. Conventions: one neutral ink,
which the page replaces by the reader's own text colour (light or dark); reference and anchors are
grey, estimated conditions blue, random orange; colour carries nothing that position does not. A
figure of simulated participants is marked as such. Every figure is drawn twice: for paper and wide
screens, and narrow for phones, where its text is as large as that around it.
"""

import io
import textwrap
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Save = Callable[[Figure], None]
else:
    Save = Callable

INK = "#1a1a1e"
ACCENT = "#3b7dd8"
WARNING = "#d0543b"
COLOURS = {
    "estimated": ACCENT,
    "random": "#e08a1e",
    "reference": "#8a8f98",
    "anchor": "#8a8f98",
    "control": "#7a6fb0",
    "": "#2f9e77",
}
LINE_LENGTH = 22
WIDE, NARROW = 7.6, 3.4
"""Widths in inches. In a page 320 pixels wide, 8 points of a narrow figure are 10 pixels."""
SMALL = 8.0
"""Smallest text in points."""
MAX_PIXELS = 12e6
MAX_VECTOR_DOTS = 150
FIRST_EXOTIC = 0x2E80  # DejaVu Sans covers what Latin, Greek, Cyrillic, Arabic, … texts need
FURTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Noto Emoji",
    "Symbola",
)
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.titlesize": 9.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "autofx",
    "legend.frameon": False,
}


def wrap_name(name: str, length: int = LINE_LENGTH) -> str:
    """Break a long name into lines, so that a figure keeps room for its data."""
    return "\n".join(textwrap.wrap(name, length, break_long_words=True)) or name


def joined(parts: list) -> list[np.ndarray]:
    """Join the coordinates of several lines, NaN between them, so that they are one artist.

    A large report has thousands of lines, and each artist takes its time.

    Examples
    --------
    >>> joined([([0, 1], [2, 2]), ([0, 1], [3, 3])])[1]
    array([ 2.,  2., nan,  3.,  3., nan])
    """
    return [
        np.concatenate([np.append(np.asarray(part, float), np.nan) for part in coordinate])
        for coordinate in zip(*parts, strict=True)
    ]


def row_height(names: list[str], least: float) -> float:
    """Return the height in inches of a row, such that its wrapped name does not touch the next."""
    lines = max(wrap_name(name).count("\n") + 1 for name in names)
    return max(least, 0.05 + 0.16 * lines)


def legend_height(names: list[str]) -> float:
    """Return the height in inches of a legend with one entry below the other."""
    return 0.3 + 0.15 * sum(1.1 + name.count("\n") for name in names)


def find_fonts() -> list[str]:
    """List the report's fonts: Matplotlib's own, and the installed ones for further scripts."""
    from matplotlib import font_manager  # noqa: PLC0415 - only when a figure is drawn

    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in FURTHER_FONTS if name in installed)]


def missing_characters(texts: list[str]) -> str:
    """Return the characters that none of the report's fonts has, for figures as PNG and PDF."""
    wanted = {c for text in texts for c in text if ord(c) >= FIRST_EXOTIC}
    if not wanted:
        return ""
    from matplotlib import font_manager, ft2font  # noqa: PLC0415 - slow, and rarely needed

    for name in find_fonts():
        font = ft2font.FT2Font(font_manager.findfont(name))
        wanted -= {chr(code) for code in font.get_charmap()}
    return "".join(sorted(wanted))


@contextmanager
def styled_figure(width: float, height: float, *, simulated: bool = False, **layout):
    """Yield a figure and its axes, in the report's style.

    Parameters
    ----------
    width, height : float
        Size in inches.
    simulated : bool
        Whether to mark the participants as simulated.
    **layout
        Passed on to Matplotlib's ``subplots``.
    """
    import matplotlib as mpl  # noqa: PLC0415 - only when a figure is drawn
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style = {**STYLE, "font.family": find_fonts()}  # a family of its own each: glyphs fall back
    with mpl.rc_context(style), warnings.catch_warnings():
        # The report lists the characters that no font has; see `missing_characters`.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        if simulated:
            figure.suptitle("Simulated participants", fontsize=SMALL, color=WARNING)
        yield figure, figure.subplots(**layout)


@contextmanager
def styled_panels(n: int, height: float, *, simulated: bool = False, narrow: bool = False):
    """Yield a figure and its panels: three in a row, or one below the other if narrow.

    Parameters
    ----------
    n : int
        Number of panels.
    height : float
        Height of a panel in inches.
    simulated : bool
        Whether to mark the participants as simulated.
    narrow : bool
        Whether the figure is for a phone.
    """
    columns = 1 if narrow else min(n, 3)
    rows = -(-n // columns)
    layout = {"ncols": columns, "nrows": rows, "sharey": True, "squeeze": False}
    width = NARROW if narrow else max(2.6 * columns, 4.6)
    with styled_figure(width, height * rows, simulated=simulated, **layout) as (
        figure,
        panels,
    ):
        for spare in panels.flat[n:]:
            spare.remove()
        yield figure, list(panels.flat[:n])


def encode(
    figure, *, kinds: tuple[str, ...] = ("svg", "pdf", "png"), dpi: int = 300
) -> dict[str, bytes]:
    """Encode a figure without dates; it is laid out once.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    kinds : tuple of str
        Formats wanted.
    dpi : int
        Of the PNG, and of what is rasterised in the others; less where the figure is very large.
    """
    area = float(figure.get_figwidth() * figure.get_figheight())
    dpi = min(dpi, int((MAX_PIXELS / area) ** 0.5))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
        return {kind: _encode(figure, kind, dpi) for kind in kinds}


def _encode(figure, kind: str, dpi: int) -> bytes:
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    paper = "white" if kind == "png" else "none"
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata, facecolor=paper)
    return buffer.getvalue()
