"""Figures that check the data: distributions, agreement, screening, order, objective distances."""

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.scores import mean_of_present
from analysis.report.style import (
    ACCENT,
    COLOURS,
    INK,
    WARNING,
    Save,
    styled_figure,
    styled_panels,
    wrap_name,
)
from analysis.stats.crossed import MIN_PARTICIPANTS
from analysis.stats.objective_distances import pairs_of
from analysis.stats.reliability import participant_correlations
from analysis.stats.screening import ScreeningResult
from stimuli_gen.contract import BS1534_THRESHOLD

LINES = ("-", "--", "-.", ":")
MAX_NAMED = 40
MAX_CELLS = 150
MIN_POSITIONS = 3


def draw_distribution(findings: Findings, save: Save) -> None:
    """Draw the empirical distribution function of every condition."""
    low, high = findings.ratings.scale
    with styled_figure(6.4, 3.6, simulated=findings.simulated) as (figure, axes):
        used: dict[str, int] = {}
        for d in findings.descriptions:
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
                label=wrap_name(findings.label(d.condition)),
            )
        axes.set(xlim=(low, high), ylim=(0, 1.01), xlabel="Score", ylabel="Share of ratings")
        figure.legend(loc="outside right center", fontsize=8)
        save(figure)


def draw_agreement(findings: Findings, save: Save) -> None:
    """Draw the matrix of correlations between participants."""
    if len(findings.everyone.participants) < MIN_PARTICIPANTS:
        return
    r = participant_correlations(findings.everyone)
    others = np.where(np.eye(len(r), dtype=bool), np.nan, r)
    order = np.argsort(-mean_of_present(others, axis=1), kind="stable")  # NaN goes last
    names = [findings.everyone.participants[n] for n in order]
    shown = _in_groups(r[np.ix_(order, order)])
    with styled_figure(5.6, 4.6, simulated=findings.simulated) as (figure, axes):
        image = axes.imshow(
            shown,
            vmin=min(0.0, np.nan_to_num(shown, nan=0.0).min()),
            vmax=1,
            cmap="Blues",
            interpolation="nearest",
        )
        if len(names) <= MAX_NAMED:
            size = 8 if len(names) <= 25 else 6
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
            axes.set_yticks(range(len(names)), names, fontsize=size)
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


def draw_screening(findings: Findings, save: Save) -> None:
    """Draw each participant's hidden-reference scores and flags."""
    if not findings.screening.results:
        return
    scores = findings.everyone
    reference = scores.of(scores.of_kind("reference")[0])
    ordered = sorted(
        enumerate(findings.screening.results), key=lambda v: (-v[1].reference_below, v[0])
    )
    many = len(ordered) > MAX_NAMED
    with styled_figure(8, 3.2, simulated=findings.simulated) as (figure, axes):
        for x, (row, result) in enumerate(ordered):
            values = reference[row][np.isfinite(reference[row])]
            flagged = result.bs1534 or result.rank
            axes.plot(
                np.full(len(values), x),
                values,
                "x" if flagged else ".",
                ms=4,
                color=WARNING if flagged else INK,
                alpha=0.6,
                rasterized=many,
            )
        axes.axhline(BS1534_THRESHOLD, color=INK, lw=0.8, ls="--")
        lowest = min(BS1534_THRESHOLD - 20, np.nanmin(reference))
        axes.set(ylim=(lowest - 3, 103), ylabel="Score of the hidden reference")
        if many:
            axes.set(xticks=[], xlabel=f"{len(ordered)} participants, worst first")
        else:
            names = [v.participant + _marks(v) for _, v in ordered]
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        save(figure)


def _marks(result: ScreeningResult) -> str:
    """Mark a flagged participant: † by BS.1534-3, ‡ by rank."""
    return (" †" if result.bs1534 else "") + (" ‡" if result.rank else "")


def draw_order(findings: Findings, save: Save) -> None:
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
    with styled_figure(8, 2.8, simulated=findings.simulated, ncols=2) as (figure, panels):
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


def draw_objective(findings: Findings, save: Save) -> None:
    """Draw mean score against each objective distance."""
    shown, stimuli = findings.objective[:6], findings.stimuli
    if not shown or stimuli is None:
        return
    kinds = dict(zip(findings.scores.conditions, findings.scores.kinds, strict=True))
    with styled_panels(len(shown), 2.9, 2.8, simulated=findings.simulated) as (figure, panels):
        for axes, found in zip(panels, shown, strict=True):
            pairs = pairs_of(findings.scores, stimuli.distances, found.predictor)
            axes.scatter(
                [p[2] for p in pairs],
                [p[3] for p in pairs],
                s=14,
                c=[COLOURS[kinds[p[1]]] for p in pairs],
                alpha=0.7,
                lw=0,
            )
            axes.set(xlabel=found.predictor, ylim=findings.ratings.scale)
            axes.set_title(f"mean ρ = {found.rho.estimate:.2f}".replace("-", "−"))
        panels[0].set_ylabel("Mean score")
        save(figure)


def draw_parameter_errors(findings: Findings, save: Save) -> None:
    """Draw the correlation of every parameter's error with the scores."""
    found = findings.parameter_errors
    if not found:
        return
    height = 0.9 + 0.24 * len(found)
    with styled_figure(7, height, simulated=findings.simulated) as (figure, axes):
        for y, correlation in enumerate(found):
            rho = correlation.rho
            if np.isfinite(rho.se):
                low, high = np.clip([rho.ci_low, rho.ci_high], -1, 1)
                axes.plot([low, high], [y, y], color=ACCENT, lw=2.2)
            axes.plot(rho.estimate, y, "D", ms=5, color=ACCENT, mec=INK, mew=0.5)
        axes.axvline(0, color=INK, lw=0.8)
        names = [f"{c.family}: {c.predictor}" if c.family else c.predictor for c in found]
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(-1, 1), ylim=(len(found) - 0.5, -0.5))
        axes.set_xlabel("Spearman's ρ of error and score within trials, with 95 % interval")
        save(figure)
