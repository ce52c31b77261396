"""Paper and ink of the figures: size, style, colours, and encoding that repeats byte for byte.

Matplotlib is imported when the first figure is drawn, not before. Conventions: one neutral ink,
which the page replaces by the reader's own text colour (light or dark); reference and anchors are
grey, estimated conditions blue, random orange; colour carries nothing that position does not. A
figure of simulated participants is marked as such.
"""

import io
import textwrap
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
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


def wrap_name(name: str) -> str:
    """Break a long name into lines, so that a figure keeps room for its data."""
    return "\n".join(textwrap.wrap(name, LINE_LENGTH, break_long_words=True)) or name


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

    style = {**STYLE, "font.sans-serif": find_fonts()}
    with mpl.rc_context(style), warnings.catch_warnings():
        # The report lists the characters that no font has; see `missing_characters`.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        if simulated:
            figure.suptitle("Simulated participants", fontsize=8, color=WARNING)
        yield figure, figure.subplots(**layout)


@contextmanager
def styled_panels(n: int, width: float, height: float, *, simulated: bool = False):
    """Yield a figure and its panels, at most three in a row.

    Parameters
    ----------
    n : int
        Number of panels.
    width, height : float
        Size of a panel in inches.
    simulated : bool
        Whether to mark the participants as simulated.
    """
    columns = min(n, 3)
    rows = -(-n // columns)
    layout = {"ncols": columns, "nrows": rows, "sharey": True, "squeeze": False}
    with styled_figure(width * columns, height * rows, simulated=simulated, **layout) as (
        figure,
        panels,
    ):
        for spare in panels.flat[n:]:
            spare.remove()
        yield figure, list(panels.flat[:n])


def encode(figure, *, dpi: int = 300) -> dict[str, bytes]:
    """Encode a figure as ``svg``, ``pdf`` and ``png``, without dates; it is laid out once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        return _encode(figure, dpi)


def _encode(figure, dpi: int) -> dict[str, bytes]:
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    encoded = {}
    for kind, metadata in (("svg", {"Date": None}), ("pdf", {"CreationDate": None}), ("png", {})):
        buffer = io.BytesIO()
        paper = "white" if kind == "png" else "none"
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata, facecolor=paper)
        encoded[kind] = buffer.getvalue()
    return encoded
