"""The report's figures of what predicts the scores: distances and errors of parameters."""

import numpy as np

from analysis.analyse import Findings
from analysis.report.style import (
    ACCENT,
    COLOURS,
    INK,
    NARROW,
    WIDE,
    Save,
    styled_figure,
    styled_panels,
    wrap_name,
)
from analysis.stats.objective_distances import pairs_of


def draw_objective(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw mean score against each objective distance."""
    stimuli = findings.stimuli
    shown = [found for found in findings.objective if not found.family][:6]
    if not shown or stimuli is None:
        return
    kinds = dict(zip(findings.scores.conditions, findings.scores.kinds, strict=True))
    simulated = findings.simulated
    with styled_panels(len(shown), 2.5, simulated=simulated, narrow=narrow) as (figure, panels):
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
        figure.supylabel("Mean score", fontsize="medium")
        save(figure)


def draw_parameter_errors(findings: Findings, save: Save, *, narrow: bool = False) -> None:
    """Draw the correlation of every parameter's error with the scores."""
    found = findings.parameter_errors
    if not found:
        return
    names = [wrap_name(f"{c.family}: {c.predictor}" if c.family else c.predictor) for c in found]
    size = (NARROW if narrow else WIDE, 1.0 + sum(0.1 + 0.15 * (n.count("\n") + 1) for n in names))
    with styled_figure(*size, simulated=findings.simulated) as (figure, axes):
        for y, correlation in enumerate(found):
            rho = correlation.rho
            if np.isfinite(rho.se):
                low, high = np.clip([rho.ci_low, rho.ci_high], -1, 1)
                axes.plot([low, high], [y, y], color=ACCENT, lw=2.2)
            axes.plot(rho.estimate, y, "D", ms=5, color=ACCENT, mec=INK, mew=0.5)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(-1, 1), ylim=(len(found) - 0.5, -0.5))
        label = "Spearman's ρ of error and score within trials, with 95 % interval"
        figure.supxlabel(wrap_name(label, 45), fontsize="medium")
        save(figure)
