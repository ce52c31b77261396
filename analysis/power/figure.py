"""The planner's figure: power against the number of participants."""

from analysis.power.planning import Plan
from analysis.report.diagnostic_figures import LINES
from analysis.report.style import ACCENT, INK, Save, styled_figure


def draw_power(plans: list[Plan], gap: float, save: Save) -> None:
    """Draw power against participants, a line for each number of sounds.

    Parameters
    ----------
    plans : list of Plan
        The designs computed.
    gap : float
        Difference to find, points.
    save : callable
        Saves the figure.
    """
    with styled_figure(6, 3.6) as (figure, axes):
        for n, items in enumerate(sorted({p.design.items for p in plans})):
            line = [p for p in plans if p.design.items == items]
            style = {"color": ACCENT, "ls": LINES[n % len(LINES)]}
            axes.plot(
                [p.design.participants for p in line],
                [p.power for p in line],
                marker="o",
                ms=3,
                lw=1.3,
                label=f"{items} sounds, {line[0].minutes:.0f} min",
                **style,
            )
            axes.plot(
                [p.design.participants for p in line],
                [p.simulated_power for p in line],
                "x",
                ms=5,
                color=INK,
                label="" if n else "by simulation",
            )
        axes.axhline(0.8, color=INK, lw=0.8, ls=":")
        axes.set(ylim=(0, 1.02), xlabel="Participants", ylabel=f"Power to find {gap:g} points")
        figure.legend(loc="outside right center", fontsize=8)
        save(figure)
