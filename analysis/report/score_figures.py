"""The report's figures of scores: per condition, per family, per sound.

Conditions stand side by side where they are few, below each other where they are many or the figure
is narrow. A mean is a diamond with its 95 % interval.
"""

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.scores import Scores, mean_of_present
from analysis.ratings.table import count
from analysis.report.style import (
    COLOURS,
    INK,
    LINE_LENGTH,
    MAX_VECTOR_DOTS,
    NARROW,
    SMALL,
    WIDE,
    Save,
    joined,
    legend_height,
    row_height,
    styled_figure,
    styled_panels,
    wrap_name,
)
from analysis.stats.descriptive import Description

BANDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
MAX_SIDE_BY_SIDE = 8
MAX_POINTS = 400
MAX_PARTICIPANT_POINTS = 1000
MAX_FAMILIES = 24
MAX_SOUND_ROWS = 60
MARKERS = "osD^vPX*<>"


class ScoreAxes:
    """Axes with conditions along one direction and scores along the other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    rows : bool
        Whether conditions are rows, from the top, and scores run to the right.
    """

    def __init__(self, axes, *, rows: bool) -> None:
        self.axes, self.rows = axes, rows
        self._ends = (0.0, 1.0)

    def plot(self, places, scores, *style, **options) -> None:
        """Draw a line or points at (place of the condition, score)."""
        xy = (scores, places) if self.rows else (places, scores)
        self.axes.plot(*xy, *style, **options)

    def fill(self, scores: np.ndarray, low: np.ndarray, high: np.ndarray, **options) -> None:
        """Fill between two places along the scores.

        Parameters
        ----------
        scores, low, high : ndarray, shape (points,), float
            Scores, and the places between which the area lies.
        **options
            Passed on to Matplotlib.
        """
        fill = self.axes.fill_between if self.rows else self.axes.fill_betweenx
        fill(scores, low, high, **options)

    def label_places(self, names: list[str]) -> None:
        """Name the conditions."""
        self._ends = (-0.6, len(names) - 0.4)
        if self.rows:
            self.axes.tick_params(axis="y", left=False)
            self.axes.set_ylim(self._ends[::-1])
            self.axes.set_yticks(range(len(names)), [wrap_name(name) for name in names])
            return
        self.axes.set_xlim(self._ends)
        self.axes.set_xticks(range(len(names)), [wrap_name(name) for name in names])
        if max(min(len(name), LINE_LENGTH) for name in names) * len(names) > 60:
            for text in self.axes.get_xticklabels():
                text.set(rotation=30, ha="right", rotation_mode="anchor")

    def label_scores(self, scale: tuple[float, float], *, bands: bool) -> None:
        """Label the score axis, with the five bands of the MUSHRA scale where it has them."""
        (low, high), axes = scale, self.axes
        ends = (low - 0.03 * (high - low), high + 0.03 * (high - low))
        axes.set(**({"xlim": ends, "xlabel": "Score"} if self.rows else {"ylim": ends}))
        if not self.rows:
            axes.set_ylabel("Score")
        if (low, high) != (0.0, 100.0):
            return
        (axes.set_xticks if self.rows else axes.set_yticks)(range(0, 101, 20))
        edges = joined([(self._ends, [edge, edge]) for edge in range(20, 100, 20)])
        self.plot(*edges, color=INK, alpha=0.15, lw=0.6, zorder=0)
        if bands:
            far = axes.secondary_xaxis("top") if self.rows else axes.secondary_yaxis("right")
            (far.set_xticks if self.rows else far.set_yticks)(range(10, 100, 20), BANDS)
            far.tick_params(length=0, labelsize=SMALL)
            far.spines["top" if self.rows else "right"].set_visible(False)


def draw_conditions(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the scores per condition over all items."""
    n = len(findings.descriptions)
    rows = narrow or n > MAX_SIDE_BY_SIDE
    height = 1.2 + n * row_height(
        [findings.label(d.condition) for d in findings.descriptions], 0.36
    )
    size = (NARROW if narrow else WIDE, height) if rows else (max(5.2, WIDE * n / 8), 4.0)
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        place = ScoreAxes(axes, rows=rows)
        _draw_scores(place, findings, findings.scores, findings.descriptions)
        save(figure)


def draw_families(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the same for each family."""
    families = findings.families[:MAX_FAMILIES]
    if not families:
        return
    names = [findings.label(d.condition) for d in findings.descriptions]
    height = 0.75 + len(names) * row_height(names, 0.25)
    with styled_panels(len(families), height, simulated=findings.simulated, narrow=narrow) as (
        figure,
        panels,
    ):
        conditions = [d.condition for d in findings.descriptions]
        for axes, family in zip(panels, families, strict=True):
            place = ScoreAxes(axes, rows=True)
            scores = findings.scores.in_family(family.family)
            _draw_scores(place, findings, scores, family.descriptions, conditions, bands=False)
            axes.set_title(wrap_name(f"{family.family} ({count(family.n_items, 'sound')})"))
            axes.label_outer()
        if len(families) < len(findings.families):
            figure.supxlabel(f"{len(families)} of {len(findings.families)} families")
        save(figure)


def _draw_scores(
    place: ScoreAxes,
    findings: Findings,
    scores: Scores,
    descriptions: tuple[Description, ...],
    conditions: list[str] | None = None,
    *,
    bands: bool = True,
) -> None:
    """Draw box, violin and points per condition, and the mean with its crossed interval."""
    rng = np.random.default_rng(findings.options.seed)
    scale = findings.ratings.scale
    conditions = conditions or [d.condition for d in descriptions]
    boxes, medians = [], []
    for kind in dict.fromkeys(d.kind for d in descriptions):
        dots, violins, spans, means = [], [], [], []
        for d in (d for d in descriptions if d.kind == kind):
            x, table = conditions.index(d.condition), scores.of(d.condition)
            values = table[np.isfinite(table)]
            shown = values if len(values) <= MAX_POINTS else participant_points(table)
            dots.append((x + rng.uniform(-0.16, 0.16, len(shown)), shown))
            violins.append(_violin(x, values, scale))
            box, median = _box(x, values)
            boxes.append(box)
            medians.append(median)
            ends = np.clip([d.mean.ci_low, d.mean.ci_high], *scale)
            spans.append(([x + 0.28] * 2, ends))
            means.append(([x + 0.28], [d.mean.estimate]))
        tint = COLOURS[kind]
        grid, low, high = joined(violins)
        place.fill(grid, low, high, color=tint, alpha=0.2, lw=0, zorder=1)
        many = max(len(shown) for _, shown in dots) > MAX_VECTOR_DOTS
        style = {"ms": 2.5, "color": tint, "alpha": 0.5, "mew": 0, "rasterized": many}
        place.plot(*joined(dots), ".", **style)
        place.plot(*joined(spans), color=tint, lw=2.2, zorder=4)
        place.plot(*joined(means), "D", ms=4.5, color=tint, mec=INK, mew=0.6, zorder=5)
    place.plot(*joined(boxes), color=INK, lw=0.9, zorder=3)
    place.plot(*joined(medians), color=INK, lw=2.0, solid_capstyle="butt", zorder=3)
    place.label_places([findings.label(c) for c in conditions])
    place.label_scores(scale, bands=bands)


def _box(x: int, values: np.ndarray) -> tuple[tuple, tuple]:
    """Return box with whiskers, and median: quartiles of type 7, whiskers within 1.5 IQR."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (q3 - q1)
    low = values[values >= q1 - reach].min()
    high = values[values <= q3 + reach].max()
    gap, (left, right), (from_, to) = np.nan, (x - 0.17, x + 0.17), (x - 0.07, x + 0.07)
    places = [x, x, gap, x, x, gap, from_, to, gap, from_, to, gap, left, right, right, left, left]
    ends = [low, q1, gap, q3, high, gap, low, low, gap, high, high, gap, q1, q1, q3, q3, q1]
    return (places, ends), ([left, right], [median] * 2)


def _violin(x: int, values: np.ndarray, scale: tuple[float, float]) -> tuple:
    """Return the outline of the density: Gaussian kernel, reflected at the scale's ends."""
    low, high = scale
    grid, centres = np.linspace(low, high, 81), np.linspace(low, high, 201)
    width = max(1.06 * values.std() * len(values) ** -0.2, 0.02 * (high - low))
    bins = np.round((values - low) / (high - low) * 200).astype(int)
    counts = np.bincount(bins, minlength=201)
    density = sum(
        np.exp(-0.5 * ((grid[:, None] - mirrored[None, :]) / width) ** 2) @ counts
        for mirrored in (centres, 2 * low - centres, 2 * high - centres)
    )
    half = 0.42 * density / density.max()
    return grid, x - half, x + half


def participant_points(table: np.ndarray) -> np.ndarray:
    """Average by participant, where single ratings are too many to be drawn."""
    means = mean_of_present(table, axis=1)
    return means[np.isfinite(means)][:MAX_PARTICIPANT_POINTS]


def draw_sounds(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the mean of every sound under every condition, a row for each sound."""
    items = list(dict.fromkeys(s.item for s in findings.sounds))
    shown = {item: row for row, item in enumerate(items[:MAX_SOUND_ROWS])}
    conditions = [d.condition for d in findings.descriptions]
    kinds = dict(zip(findings.scores.conditions, findings.scores.kinds, strict=True))
    legend = legend_height([wrap_name(findings.label(c)) for c in conditions])
    height = 0.8 + row_height(list(shown), max(0.34, 0.05 * len(conditions))) * len(shown)
    size = (NARROW, height + legend) if narrow else (WIDE, max(height, legend, 2.0))
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        for n, condition in enumerate(conditions):
            means = [s for s in findings.sounds if s.condition == condition and s.item in shown]
            rows = np.array([shown[s.item] for s in means]) + 0.6 * (
                (n + 0.5) / len(conditions) - 0.5
            )
            tint = COLOURS[kinds[condition]]
            ends = np.array([(s.mean.ci_low, s.mean.ci_high) for s in means]).reshape(-1, 2)
            ends = np.clip(ends, *findings.ratings.scale)
            axes.hlines(rows, ends[:, 0], ends[:, 1], color=tint, lw=0.8, alpha=0.7)
            marker = MARKERS[n % len(MARKERS)]
            values = [s.mean.estimate for s in means]
            name = wrap_name(findings.label(condition))
            axes.plot(values, rows, marker, ms=4, color=tint, label=name)
        axes.set_yticks(range(len(shown)), [wrap_name(name) for name in shown])
        axes.set(ylim=(len(shown) - 0.4, -0.6), xlim=findings.ratings.scale, xlabel="Mean score")
        if len(items) > len(shown):
            axes.set_title(f"{len(shown)} of {len(items)} sounds; all are in the table")
        figure.legend(loc="outside lower left" if narrow else "outside right upper", fontsize=SMALL)
        save(figure)
