"""The report's figures of scores and differences, and the table of all figures.

``FIGURES`` drives the page and the files: name, title, caption, and how it is drawn. A drawing
function takes the findings and a function that saves the figure; where the data do not call for
the figure it saves none.
Conventions: horizontal axes carry conditions, vertical ones the scale; a mean is a diamond with its
95 % interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.scores import mean_of_present
from analysis.ratings.table import count
from analysis.report import diagnostic_figures as diagnostics
from analysis.report.style import (
    ACCENT,
    COLOURS,
    INK,
    LINE_LENGTH,
    Save,
    styled_figure,
    styled_panels,
    wrap_name,
)
from analysis.stats.crossed import Estimate

BANDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
MAX_POINTS = 400
MAX_PARTICIPANT_POINTS = 1000
MAX_FOREST_ROWS = 45
MAX_SOUND_ROWS = 60
MARKERS = "osD^vPX*<>"


@dataclass(frozen=True)
class Figure:
    """A figure's place in the report; see the module for ``draw``."""

    name: str
    title: str
    caption: str
    draw: Callable[[Findings, Save], None]


def draw_conditions(findings: Findings, save: Save) -> None:
    """Draw the scores per condition over all items."""
    width = max(5.2, len(findings.descriptions) + 1.6)
    with styled_figure(width, 4.0, simulated=findings.simulated) as (figure, axes):
        _draw_scores(axes, findings, findings.scores, findings.descriptions)
        save(figure)


def draw_families(findings: Findings, save: Save) -> None:
    """Draw the same for each family, side by side."""
    n = len(findings.families)
    if not n:
        return
    with styled_panels(n, 3.6, 3.6, simulated=findings.simulated) as (figure, panels):
        for axes, family in zip(panels, findings.families, strict=True):
            scores = findings.scores.in_family(family.family)
            _draw_scores(axes, findings, scores, family.descriptions, bands=False)
            axes.set_title(wrap_name(f"{family.family} ({count(family.n_items, 'sound')})"))
            axes.set_ylabel("Score" if axes.get_subplotspec().is_first_col() else "")
            axes.tick_params(axis="x", labelrotation=55)
        save(figure)


def _draw_scores(axes, findings: Findings, scores, descriptions, *, bands: bool = True) -> None:
    """Draw box, violin and points per condition, and the mean with its crossed interval."""
    rng = np.random.default_rng(findings.options.seed)
    for x, d in enumerate(descriptions):
        table, tint = scores.of(d.condition), COLOURS[d.kind]
        values = table[np.isfinite(table)]
        _violin(axes, x, values, findings.ratings.scale, tint)
        shown = values if len(values) <= MAX_POINTS else participant_points(table)
        x_points = x + rng.uniform(-0.16, 0.16, len(shown))
        axes.plot(x_points, shown, ".", ms=2.5, color=tint, alpha=0.5, mew=0, rasterized=True)
        _box(axes, x, values)
        if np.isfinite(d.mean.se):
            span = [d.mean.ci_low, d.mean.ci_high]
            axes.plot([x + 0.28] * 2, span, color=tint, lw=2.2, zorder=4)
        axes.plot(x + 0.28, d.mean.estimate, "D", ms=4.5, color=tint, mec=INK, mew=0.6, zorder=5)
    _label_scale(axes, findings, bands=bands)
    names = [findings.label(d.condition) for d in descriptions]
    slanted = max(min(len(name), LINE_LENGTH) for name in names) * len(names) > 60
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_xticks(range(len(names)), [wrap_name(name) for name in names])
    if slanted:
        for text in axes.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")


def _box(axes, x: int, values: np.ndarray) -> None:
    """Draw median, quartiles (type 7) and whiskers to the last value within 1.5 IQR."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (q3 - q1)
    low = values[values >= q1 - reach].min()
    high = values[values <= q3 + reach].max()
    axes.vlines([x, x], [low, q3], [q1, high], color=INK, lw=0.9, zorder=3)
    axes.hlines([low, high], x - 0.07, x + 0.07, color=INK, lw=0.9, zorder=3)
    edges = ([x - 0.17, x + 0.17, x + 0.17, x - 0.17, x - 0.17], [q1, q1, q3, q3, q1])
    axes.plot(*edges, color=INK, lw=0.9, zorder=3)
    axes.hlines(median, x - 0.17, x + 0.17, color=INK, lw=2.0, zorder=3)


def _violin(axes, x: int, values: np.ndarray, scale: tuple[float, float], tint: str) -> None:
    """Shade the density: Gaussian kernel, reflected at the scale's ends so that none leaks out."""
    low, high = scale
    grid, centres = np.linspace(low, high, 101), np.linspace(low, high, 201)
    width = max(1.06 * values.std() * len(values) ** -0.2, 0.02 * (high - low))
    bins = np.round((values - low) / (high - low) * 200).astype(int)
    counts = np.bincount(bins, minlength=201)
    density = sum(
        np.exp(-0.5 * ((grid[:, None] - mirrored[None, :]) / width) ** 2) @ counts
        for mirrored in (centres, 2 * low - centres, 2 * high - centres)
    )
    half = 0.42 * density / density.max()
    axes.fill_betweenx(grid, x - half, x + half, color=tint, alpha=0.2, lw=0, zorder=1)


def participant_points(table: np.ndarray) -> np.ndarray:
    """Average by participant, where single ratings are too many to be drawn."""
    means = mean_of_present(table, axis=1)
    return means[np.isfinite(means)][:MAX_PARTICIPANT_POINTS]


def _label_scale(axes, findings: Findings, *, bands: bool) -> None:
    """Draw the score axis, with the five bands of the MUSHRA scale where it has them."""
    low, high = findings.ratings.scale
    pad = 0.03 * (high - low)
    axes.set_ylim(low - pad, high + pad)
    axes.set_ylabel("Score")
    if (low, high) != (0.0, 100.0):
        return
    axes.set_yticks(range(0, 101, 20))
    for edge in range(20, 100, 20):
        axes.axhline(edge, color=INK, alpha=0.15, lw=0.6, zorder=0)
    if bands:
        right = axes.secondary_yaxis("right")
        right.set_yticks(range(10, 100, 20), BANDS)
        right.tick_params(length=0, labelsize=8)
        right.spines["right"].set_visible(False)


def draw_differences(findings: Findings, save: Save) -> None:
    """Draw the primary difference, participant by participant and item by item."""
    c = findings.primary
    if c is None:
        return
    table = findings.scores.difference(c.a, c.b)
    with styled_figure(8, 3.2, simulated=findings.simulated, ncols=2, sharey=True) as (
        figure,
        panels,
    ):
        for axes, what, cells in (
            (panels[0], "Participants", table),
            (panels[1], "Sounds", table.T),
        ):
            means = mean_of_present(cells, axis=1)
            means = np.sort(means[np.isfinite(means)])
            if np.isfinite(c.crossed.se):
                axes.axhspan(c.crossed.ci_low, c.crossed.ci_high, color=ACCENT, alpha=0.2, lw=0)
            axes.axhline(c.crossed.estimate, color=ACCENT, lw=1.4)
            axes.axhline(0, color=INK, lw=0.8)
            axes.plot(means, "o", ms=3.5, color=INK, alpha=0.75, mew=0, rasterized=len(means) > 300)
            axes.set_xlabel(f"{what} ({len(means)}), in order of their difference")
            axes.set_xticks([])
        panels[0].set_ylabel(f"{findings.label(c.a)} − {findings.label(c.b)} / points")
        save(figure)


def draw_forest(findings: Findings, save: Save) -> None:
    """Draw every planned contrast, overall and by family, or all pairs where none is planned."""
    rows = []
    planned = findings.pairs.planned
    pairs = planned or findings.pairs.all
    for c in pairs[:MAX_FOREST_ROWS]:
        name = findings.label(c.a)
        rows.append((name if planned else f"{name} − {findings.label(c.b)}", c.crossed, 0))
        for family in findings.families:
            within = [x for x in family.planned if (x.a, x.b) == (c.a, c.b)]
            rows += [(family.family, x.crossed, 1) for x in within]
    if not rows:
        return
    height = 0.9 + 0.24 * len(rows)
    with styled_figure(7, height, simulated=findings.simulated) as (figure, axes):
        for y, (_, e, level) in enumerate(rows):
            tint = COLOURS["reference"] if level else ACCENT
            if np.isfinite(e.se):
                axes.plot([e.ci_low, e.ci_high], [y, y], color=tint, lw=1.4 if level else 2.2)
            axes.plot(e.estimate, y, "D", ms=3.5 if level else 5, color=tint, mec=INK, mew=0.5)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_yticks(range(len(rows)), [wrap_name(name) for name, *_ in rows])
        for text, (*_, level) in zip(axes.get_yticklabels(), rows, strict=True):
            text.set_fontsize(7.5 if level else 9)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(*_contrast_limits(findings, [e for _, e, _ in rows]))
        if len(pairs) > MAX_FOREST_ROWS:
            axes.set_title(f"{MAX_FOREST_ROWS} of {len(pairs)} pairs; all are in the tables")
        against = f" above {findings.baseline_label}" if planned else ""
        axes.set_xlabel(f"Points{against}, with 95 % interval")
        save(figure)


def _contrast_limits(findings: Findings, estimates: list[Estimate]) -> tuple[float, float]:
    """Limits of an axis of differences: the length of the scale, on the sides that are needed.

    An axis fitted to the data would make small differences look large.
    """
    low, high = findings.ratings.scale
    length = high - low
    ends = [end for e in estimates for end in (e.ci_low, e.ci_high, e.estimate)]
    below, above = (any(sign * end > 0 for end in ends) for sign in (-1, 1))
    return (-length if below else -0.05 * length, length if above else 0.05 * length)


def draw_sounds(findings: Findings, save: Save) -> None:
    """Draw the mean of every sound under every condition, a row for each sound."""
    items = list(dict.fromkeys(s.item for s in findings.sounds))
    shown = {item: row for row, item in enumerate(items[:MAX_SOUND_ROWS])}
    conditions = [d.condition for d in findings.descriptions]
    kinds = dict(zip(findings.scores.conditions, findings.scores.kinds, strict=True))
    with styled_figure(7.5, 1.6 + 0.34 * len(shown), simulated=findings.simulated) as (
        figure,
        axes,
    ):
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
            axes.plot(
                values, rows, marker, ms=4, color=tint, label=wrap_name(findings.label(condition))
            )
        axes.set_yticks(range(len(shown)), [wrap_name(name) for name in shown])
        axes.set(ylim=(len(shown) - 0.4, -0.6), xlim=findings.ratings.scale, xlabel="Mean score")
        if len(items) > len(shown):
            axes.set_title(f"{len(shown)} of {len(items)} sounds; all are in the table")
        figure.legend(loc="outside right upper", fontsize=8)
        save(figure)


FIGURES = (
    Figure(
        "conditions",
        "Scores per condition",
        "Box: median and quartiles; whiskers: 1.5 × interquartile range; shade: density; dots: "
        "ratings (participant means where there are many); diamond: mean with its 95 % interval "
        "(for whom it holds is in the table). Colours are kinds: blue estimated, orange random, "
        "grey reference and anchors, purple control, green unknown.",
        draw_conditions,
    ),
    Figure(
        "families",
        "Scores per condition, by effect family",
        "As above, within each family.",
        draw_families,
    ),
    Figure(
        "differences",
        "The primary difference, by participant and by sound",
        "Each dot is one participant's or one sound's mean difference; line and band: the estimate "
        "with its 95 % interval.",
        draw_differences,
    ),
    Figure(
        "forest",
        "Contrasts",
        "Differences with 95 % intervals, not corrected for multiplicity; small grey ones are "
        "within a family. For whom each holds is in the tables.",
        draw_forest,
    ),
    Figure(
        "sounds",
        "Every sound by name",
        "Mean of each condition on each sound, with its 95 % interval for new listeners and this "
        "sound.",
        draw_sounds,
    ),
    Figure(
        "distribution",
        "Empirical distributions",
        "Share of ratings at or below each score; a jump at the right edge is a ceiling.",
        diagnostics.draw_distribution,
    ),
    Figure(
        "agreement",
        "Agreement between participants",
        "Correlation of every two participants over the stimuli both rated, ordered by their mean "
        "correlation with the others.",
        diagnostics.draw_agreement,
    ),
    Figure(
        "screening",
        "Hidden reference, participant by participant",
        "Scores of the hidden reference; the line is the limit of BS.1534-3. Participants that a "
        "rule flags are crossed out: † by BS.1534-3, ‡ by the rank rule.",
        diagnostics.draw_screening,
    ),
    Figure(
        "order",
        "Order of trials",
        "Left: scores less their stimulus's mean, averaged by position of the trial; right: time "
        "per trial (median, quartiles). A slope is learning or fatigue.",
        diagnostics.draw_order,
    ),
    Figure(
        "objective",
        "Objective distance and score",
        "One dot a stimulus; correlations are within trials (see the table).",
        diagnostics.draw_objective,
    ),
    Figure(
        "parameter-errors",
        "Which parameter's error lowers the score",
        "Rank correlation of a parameter's absolute error with the scores, within trials; left of "
        "0: the larger the error, the lower the score. Parameters err together, so a correlation "
        "is no proof of a cause.",
        diagnostics.draw_parameter_errors,
    ),
)
