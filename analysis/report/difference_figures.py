"""The report's figures of differences between conditions."""

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.scores import mean_of_present
from analysis.report.style import (
    ACCENT,
    COLOURS,
    INK,
    MAX_VECTOR_DOTS,
    NARROW,
    SMALL,
    WIDE,
    Save,
    joined,
    styled_figure,
    wrap_name,
)
from analysis.stats.crossed import Estimate

MAX_FOREST_ROWS = 90


def draw_differences(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the primary difference, participant by participant and item by item."""
    c = findings.primary
    if c is None:
        return
    table = findings.scores.difference(c.a, c.b)
    size = (NARROW, 4.6) if narrow else (WIDE, 3.2)
    layout = {"nrows": 2} if narrow else {"ncols": 2}
    with styled_figure(*size, simulated=findings.simulated, sharey=True, **layout) as (
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
            many = len(means) > MAX_VECTOR_DOTS
            axes.plot(means, "o", ms=3.5, color=INK, alpha=0.75, mew=0, rasterized=many)
            axes.set_xlabel(f"{what} ({len(means)}), in order of their difference")
            axes.set_xticks([])
        name = f"{findings.label(c.a)} − {findings.label(c.b)}"
        figure.supylabel(wrap_name(f"{name} / points"), fontsize="medium")
        save(figure)


def draw_forest(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw every planned contrast, overall and by family, or all pairs where none is planned."""
    planned = findings.pairs.planned
    pairs = planned or findings.pairs.all
    rows: list[tuple[str, Estimate, int]] = []
    shown = 0
    for c in pairs:
        name = findings.label(c.a)
        group = [(name if planned else f"{name} − {findings.label(c.b)}", c.crossed, 0)]
        for family in findings.families:
            within = [x for x in family.planned if (x.a, x.b) == (c.a, c.b)]
            group += [(family.family, x.crossed, 1) for x in within]
        if rows and len(rows) + len(group) > MAX_FOREST_ROWS:
            break
        rows += group
        shown += 1
    if not rows:
        return
    names = [wrap_name(name) for name, *_ in rows]
    height = 0.9 + sum(0.1 + 0.15 * (n.count("\n") + 1) for n in names)
    with styled_figure(NARROW if narrow else WIDE, height, simulated=findings.simulated) as (
        figure,
        axes,
    ):
        for level, tint, width, size in ((0, ACCENT, 2.2, 5), (1, COLOURS["reference"], 1.4, 3.5)):
            found = [(y, e) for y, (_, e, of) in enumerate(rows) if of == level]
            if found:
                spans = joined([([e.ci_low, e.ci_high], [y, y]) for y, e in found])
                axes.plot(*spans, color=tint, lw=width)
                means = [e.estimate for _, e in found]
                axes.plot(means, [y for y, _ in found], "D", ms=size, color=tint, mec=INK, mew=0.5)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_yticks(range(len(rows)), names)
        for text, (*_, level) in zip(axes.get_yticklabels(), rows, strict=True):
            text.set_fontsize(SMALL if level else 9)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(*_contrast_limits(findings, [e for _, e, _ in rows]))
        if shown < len(pairs):
            axes.set_title(f"{shown} of {len(pairs)} pairs; all are in the tables", loc="right")
        against = f" above {findings.baseline_label}" if planned else ""
        label = wrap_name(f"Points{against}, with 95 % interval", 45)
        figure.supxlabel(label, fontsize="medium")
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
