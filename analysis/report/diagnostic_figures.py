"""Figures that check the data: distributions, agreement, screening, order, objective distances."""

import numpy as np
from scipy import special

from analysis.analyse import Findings
from analysis.ratings.scores import mean_of_present
from analysis.report.style import (
    ACCENT,
    COLOURS,
    INK,
    NARROW,
    SMALL,
    WARNING,
    WIDE,
    Save,
    joined,
    legend_height,
    styled_figure,
    wrap_name,
)
from analysis.stats.crossed import MIN_PARTICIPANTS
from analysis.stats.reliability import participant_correlations
from analysis.stats.residuals import crossed_residuals, spread_over
from analysis.stats.screening import ScreeningResult
from stimuli_gen.contract import BS1534_THRESHOLD

LINES = ("-", "--", "-.", ":")
MAX_NAMED = 40
MAX_NAMED_COLUMNS = {False: 25, True: 14}
"""Names that fit below a matrix, by whether it is narrow."""
MAX_CELLS = 150
MIN_POSITIONS = 3
MAX_QUANTILES = 200


def draw_distribution(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the empirical distribution function of every condition."""
    low, high = findings.ratings.scale
    names = [wrap_name(findings.label(d.condition)) for d in findings.descriptions]
    legend = legend_height(names)
    size = (NARROW, 2.6 + legend) if narrow else (WIDE, max(3.6, 0.4 + legend))
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        used: dict[str, int] = {}
        for name, d in zip(names, findings.descriptions, strict=True):
            table = findings.scores.of(d.condition)
            values, counts = np.unique(np.round(table[np.isfinite(table)], 2), return_counts=True)
            tint = COLOURS[d.kind]
            n = used[tint] = used.get(tint, -1) + 1
            axes.step(
                [low, *values, high],
                [0, *np.cumsum(counts) / counts.sum(), 1],
                where="post",
                color=tint,
                ls=LINES[n % len(LINES)],
                lw=1.2 + 0.5 * (n // len(LINES)),
                label=name,
            )
        axes.set(xlim=(low, high), ylim=(0, 1.01), xlabel="Score", ylabel="Share of ratings")
        place = "outside lower left" if narrow else "outside right center"
        figure.legend(loc=place, fontsize=SMALL)
        save(figure)


def draw_agreement(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the matrix of correlations between participants."""
    if len(findings.everyone.participants) < MIN_PARTICIPANTS:
        return
    r = participant_correlations(findings.everyone)
    others = np.where(np.eye(len(r), dtype=bool), np.nan, r)
    order = np.argsort(-mean_of_present(others, axis=1), kind="stable")  # NaN goes last
    names = [findings.everyone.participants[n] for n in order]
    shown = _in_groups(r[np.ix_(order, order)])
    size = (NARROW, 3.2) if narrow else (6.0, 5.0)
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        image = axes.imshow(
            shown,
            vmin=min(0.0, np.nan_to_num(shown, nan=0.0).min()),
            vmax=1,
            cmap="Blues",
            interpolation="nearest",
        )
        if len(names) <= MAX_NAMED_COLUMNS[narrow]:
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=SMALL)
            axes.set_yticks(range(len(names)), names, fontsize=SMALL)
        else:
            axes.set(xticks=[], yticks=[], xlabel=f"{len(names)} participants")
        figure.colorbar(image, ax=axes, label="Correlation", shrink=0.8)
        save(figure)


def _in_groups(matrix: np.ndarray) -> np.ndarray:
    """Average neighbours of a matrix that has more rows than a figure can show."""
    edges = np.linspace(0, len(matrix), min(len(matrix), MAX_CELLS) + 1).astype(int)[:-1]
    valid = np.isfinite(matrix)
    sums, counts = (
        np.add.reduceat(np.add.reduceat(part, edges, axis=0), edges, axis=1)
        for part in (np.where(valid, matrix, 0.0), valid.astype(float))
    )
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def draw_screening(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw each participant's hidden-reference scores and flags."""
    if not findings.screening.results:
        return
    scores = findings.everyone
    reference = scores.of(scores.of_kind("reference")[0])
    ordered = sorted(
        enumerate(findings.screening.results), key=lambda v: (-v[1].reference_below, v[0])
    )
    many = len(ordered) > MAX_NAMED
    size = (NARROW if narrow else WIDE, 1.0 + 0.15 * min(len(ordered), MAX_NAMED))
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        for flagged, marker, tint in ((False, ".", INK), (True, "x", WARNING)):
            dots = [
                (reference[row], np.full(reference.shape[1], y))
                for y, (row, result) in enumerate(ordered)
                if (result.bs1534 or result.rank) is flagged
            ]
            if dots:
                style = {"ms": 4, "color": tint, "alpha": 0.6, "rasterized": many}
                axes.plot(*joined(dots), marker, **style)
        axes.axvline(BS1534_THRESHOLD, color=INK, lw=0.8, ls="--")
        lowest = min(BS1534_THRESHOLD - 20, np.nanmin(reference))
        axes.set(xlim=(lowest - 3, 103), xlabel="Score of the hidden reference")
        axes.set_ylim(len(ordered) - 0.4, -0.6)
        if many:
            axes.set(yticks=[], ylabel=f"{len(ordered)} participants, worst first")
        else:
            names = [v.participant + _marks(v) for _, v in ordered]
            axes.set_yticks(range(len(names)), names, fontsize=SMALL)
        save(figure)


def _marks(result: ScreeningResult) -> str:
    """Mark a flagged participant: † by BS.1534-3, ‡ by rank."""
    return (" †" if result.bs1534 else "") + (" ‡" if result.rank else "")


def draw_order(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw scores and times against the trial's position."""
    table = findings.ratings.table
    if table["trial_position"].nunique() < MIN_POSITIONS:
        return
    table = table[~table["training"] & table["trial_position"].notna()]
    centred = table["score"] - table.groupby(["item", "condition"])["score"].transform("mean")
    by_position = centred.groupby(table["trial_position"]).agg(["mean", "std", "count"])
    times = (
        table.groupby(["participant_code", "item"])[["trial_position", "trial_time_s"]]
        .first()
        .dropna()
    )
    size = (NARROW, 4.6) if narrow else (WIDE, 2.8)
    layout = {"nrows": 2} if narrow else {"ncols": 2}
    with styled_figure(*size, simulated=findings.simulated, **layout) as (figure, panels):
        spread = by_position["std"] / np.sqrt(by_position["count"])
        panels[0].errorbar(
            by_position.index, by_position["mean"], spread, fmt="o-", ms=3, lw=1, color=ACCENT
        )
        panels[0].axhline(0, color=INK, lw=0.8)
        panels[0].set(xlabel="Position of the trial", ylabel="Score − mean / points")
        if len(times):
            grouped = times.groupby("trial_position")["trial_time_s"]
            low, middle, high = (grouped.quantile(q) for q in (0.25, 0.5, 0.75))
            panels[1].fill_between(middle.index, low, high, color=ACCENT, alpha=0.25, lw=0)
            panels[1].plot(middle.index, middle, "o-", ms=3, lw=1, color=ACCENT)
        panels[1].set(xlabel="Position of the trial", ylabel="Time per trial / s")
        panels[1].set_ylim(bottom=0)
        save(figure)


def draw_residuals(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the residuals' quantiles against the normal ones, and their spread by each factor."""
    scores = findings.scores
    residuals = crossed_residuals(scores)
    values = np.sort(residuals[np.isfinite(residuals)])
    if min(residuals.shape[:2]) < MIN_PARTICIPANTS or not values.any():
        return
    size = (NARROW, 8.4) if narrow else (WIDE, 5.2)
    layout = {"nrows": 4} if narrow else {"nrows": 2, "ncols": 2}
    with styled_figure(*size, simulated=findings.simulated, **layout) as (figure, panels):
        normal, by_participant, by_sound, by_condition = panels.flat
        shares = np.linspace(0, 1, min(len(values), MAX_QUANTILES) + 2)[1:-1]
        expected = values.std() * special.ndtri(shares)
        normal.plot(expected, np.quantile(values, shares), ".", ms=3, color=INK, alpha=0.7)
        normal.axline((0, 0), slope=1, color=ACCENT, lw=1)
        normal.set(xlabel="Normal quantiles / points", ylabel="Residuals / points")
        for axes, axis, what in ((by_participant, 0, "Participants"), (by_sound, 1, "Sounds")):
            spread = spread_over(residuals, axis)
            spread = spread[:, np.argsort(spread[2] - spread[0], kind="stable")]
            _draw_spread(axes, spread)
            axes.set(xticks=[], xlabel=f"{what} ({residuals.shape[axis]}), in order of spread")
        _draw_spread(by_condition, spread_over(residuals, 2))
        by_condition.set(xticks=[], xlabel="Conditions, in the order of the table")
        for axes in (by_participant, by_sound, by_condition):
            axes.set_ylabel("Residuals / points")
        save(figure)


def _draw_spread(axes, spread: np.ndarray) -> None:
    places = np.arange(spread.shape[1])
    ends = joined([([x, x], spread[[0, 2], x]) for x in places])
    axes.plot(*ends, color=ACCENT, lw=1.6, alpha=0.8)
    axes.plot(places, spread[1], ".", ms=4, color=INK)
    axes.axhline(0, color=INK, lw=0.8)
