"""``python -m analysis.power``: how many listeners and sounds a test needs, and how long it takes.

The difference of two conditions over L listeners and I items has
``SE² = 2 (σ_L²/L + σ_I²/I + σ²/(L·i))``: σ_L and σ_I are the standard deviations of the listener ×
condition and item × condition effects, σ the residual one, i the items each listener rates. Power
is that of the crossed quasi-t (noncentral t, Satterthwaite's degrees of freedom), with α shared by
the planned comparisons; simulation with the same test checks the formula.

Conventions: standard deviations and gaps are in points of the 0–100 scale. The defaults (8, 8, 13)
are typical of seven public MUSHRA data sets.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from scipy import special

from analysis.ratings.readers import Mapping, read_database, read_file, read_mapping
from analysis.ratings.scores import Scores, tabulate
from analysis.ratings.table import RatingsError
from analysis.report.tables import Table
from analysis.stats.crossed import estimate_mean

SETTING_UP_S = 300.0
BETWEEN_TRIALS_S = 10.0
EPILOG = "Example: python -m analysis.power --gap 10 --listeners 12,17,24 --items 10,20,30"


@dataclass(frozen=True)
class Spread:
    """Standard deviations of one condition's effects, in points."""

    listener: float = 8.0
    item: float = 8.0
    residual: float = 13.0


@dataclass(frozen=True)
class Plan:
    """One design and what it can find.

    Attributes
    ----------
    power : float
        Probability to find the gap, by formula.
    simulated_power : float
        The same by simulation; NaN if not asked for.
    detectable : float
        Smallest gap found with probability 0.8, points.
    minutes : float
        Length of one sitting, instructions and training included.
    """

    listeners: int
    items: int
    per_listener: int
    power: float
    simulated_power: float
    detectable: float
    minutes: float


def standard_error(
    listeners: int, items: int, spread: Spread, *, per_listener: int | None = None
) -> tuple[float, float]:
    """Find the standard error and degrees of freedom of a difference of two conditions.

    Parameters
    ----------
    per_listener : int, optional
        Items each listener rates, all of them where absent.
    """
    per_listener = per_listener or items
    raters = listeners * per_listener / items
    residual = 2 * spread.residual**2
    ms_l = 2 * per_listener * spread.listener**2 + residual
    ms_i = 2 * raters * spread.item**2 + residual
    cells = listeners * per_listener
    variance = 2 * (
        spread.listener**2 / listeners + spread.item**2 / items + spread.residual**2 / cells
    )
    if per_listener < items:
        return float(np.sqrt(variance)), float(min(listeners, items) - 1)
    df_l, df_i = listeners - 1, items - 1
    df = (ms_l + ms_i - residual) ** 2 / (
        ms_l**2 / df_l + ms_i**2 / df_i + residual**2 / (df_l * df_i)
    )
    return float(np.sqrt(variance)), float(df)


def power_of(gap: float, se: float, df: float, *, alpha: float = 0.05) -> float:
    """Probability that a two-sided t-test finds a true difference of ``gap`` points."""
    critical = special.stdtrit(df, 1 - alpha / 2)
    shift = abs(gap) / se
    wrong_side = np.nan_to_num(special.nctdtr(df, shift, -critical))  # NaN once it is negligible
    return float(1 - special.nctdtr(df, shift, critical) + wrong_side)


def detectable_gap(se: float, df: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """Find the smallest gap that is found with probability ``power``, by bisection."""
    low, high = 0.0, 20 * se
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if power_of(middle, se, df, alpha=alpha) > power else (middle, high)
        )
    return high


def simulate_differences(
    rng: np.random.Generator,
    listeners: int,
    items: int,
    spread: Spread,
    *,
    gap: float = 0.0,
    missing: float = 0.0,
) -> np.ndarray:
    """Draw paired differences, shape (listeners, items), a share ``missing`` of them NaN."""
    root = np.sqrt(2)
    table = (
        gap
        + root * spread.listener * rng.standard_normal((listeners, 1))
        + root * spread.item * rng.standard_normal((1, items))
        + root * spread.residual * rng.standard_normal((listeners, items))
    )
    if missing:
        table[rng.random(table.shape) < missing] = np.nan
    return table


def assign_items(listeners: int, items: int, per_listener: int) -> np.ndarray:
    """Share items out in turn, so that each is rated about equally often; a boolean table."""
    rated = np.zeros((listeners, items), bool)
    turn = np.arange(listeners * per_listener) % items
    rated[np.repeat(np.arange(listeners), per_listener), turn] = True
    return rated


def simulate_power(
    gap: float,
    design: tuple[int, int, int],
    spread: Spread,
    *,
    alpha: float,
    simulations: int,
    seed: int,
) -> float:
    """Share of simulated experiments (listeners, items, items each) in which the test finds it."""
    listeners, items, per_listener = design
    rng = np.random.default_rng(seed)
    rated = assign_items(listeners, items, per_listener)
    hits = 0
    for _ in range(simulations):
        table = simulate_differences(rng, listeners, items, spread, gap=gap)
        hits += estimate_mean(np.where(rated, table, np.nan)).p_value < alpha
    return hits / simulations


def sitting_minutes(trials: int, conditions: int, seconds_per_stimulus: float) -> float:
    """Length of a sitting: instructions and training, then every stimulus of every trial."""
    trial_s = conditions * seconds_per_stimulus + BETWEEN_TRIALS_S
    return (SETTING_UP_S + trials * trial_s) / 60


def spread_from_pilot(scores: Scores) -> Spread:
    """Estimate the standard deviations from a pilot, averaged over pairs of tested conditions.

    Sounds spread around the mean of their effect family, as in the analysis.

    Raises
    ------
    RatingsError
        Unless at least two such conditions were rated by three listeners on two items, completely.
    """
    tested = scores.of_kind("estimated", "random", "control", "")
    found = [
        estimate
        for a, b in itertools.combinations(tested, 2)
        for estimate in [estimate_mean(scores.difference(a, b), scores.families)]
        if np.isfinite(estimate.sd_residual)
    ]
    if not found:
        raise RatingsError(
            "the pilot holds no complete pair of tested conditions: at least 3 listeners must have "
            "rated the same 2 items; leave out those who did not finish"
        )
    return Spread(
        *(
            float(np.sqrt(np.mean([getattr(e, f"sd_{part}") ** 2 for e in found]) / 2))
            for part in ("listener", "item", "residual")
        )
    )


def seconds_from_pilot(table, conditions: int) -> float | None:
    """Median time a pilot's listeners took per stimulus, or None where it was not stored."""
    trials = table.groupby(["listener", "item"])["trial_time_s"].first().dropna()
    return float(trials.median() / conditions) if len(trials) else None


def _whole_numbers(_context, option, text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of whole numbers, e.g. 10,20") from None
    least = {"listeners": 3, "items": 2}[option.name]
    if min(numbers) < least:
        raise click.BadParameter(f"{min(numbers)} is too few; at least {least}")
    return numbers


@click.command(epilog=EPILOG)
@click.option("--gap", default=10.0, show_default=True, help="Difference to find, in points.")
@click.option("--listeners", default="8,12,17,24,32", show_default=True, callback=_whole_numbers)
@click.option("--items", default="6,10,20,30", show_default=True, callback=_whole_numbers)
@click.option("--per-listener", type=click.IntRange(min=1), help="Items each rates, if not all.")
@click.option("--conditions", default=7, show_default=True, help="Stimuli in a trial.")
@click.option("--planned", default=1, show_default=True, help="Planned comparisons sharing α.")
@click.option("--seconds-per-stimulus", type=float, default=12.0, show_default=True)
@click.option("--pilot", metavar="FILE", type=click.Path(path_type=Path), help="Pilot ratings.")
@click.option("--pilot-database", metavar="URL", help="Pilot ratings in a database.")
@click.option("--map", "map_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--simulations", default=500, show_default=True, help="0 leaves the check out.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Also write files here."
)
def main(**given) -> None:
    """Plan a listening test: power and length for numbers of listeners and sounds."""
    try:
        spread, seconds, source = _spread(given)
        plans = plan(given, spread, seconds)
        table = _table(plans, given, spread, seconds, source)
        if given["output"]:
            _write(table, plans, given)
    except RatingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(_as_text(table))
    if given["output"]:
        click.echo(f"\nWritten to {given['output']}: power.csv, .tex, .svg, .pdf, .png")


def _spread(given: dict) -> tuple[Spread, float, str]:
    seconds = given["seconds_per_stimulus"]
    if not (given["pilot"] or given["pilot_database"]):
        return Spread(), seconds, "typical values"
    mapping = read_mapping(given["map_file"]) if given["map_file"] else Mapping()
    if given["pilot"]:
        ratings = read_file(given["pilot"], mapping)
    else:
        ratings = read_database(given["pilot_database"], mapping)
    scores = tabulate(ratings)
    measured = seconds_from_pilot(ratings.table, len(scores.conditions))
    who = ", simulated listeners" if ratings.table["simulated"].any() else ""
    return spread_from_pilot(scores), measured or seconds, f"pilot {ratings.source}{who}"


def plan(given: dict, spread: Spread, seconds: float) -> list[Plan]:
    """Work out every combination of listeners and items."""
    alpha = 0.05 / given["planned"]
    plans = []
    for listeners, items in itertools.product(given["listeners"], given["items"]):
        each = min(given["per_listener"] or items, items)
        se, df = standard_error(listeners, items, spread, per_listener=each)
        simulated = float("nan")
        if given["simulations"]:
            simulated = simulate_power(
                given["gap"],
                (listeners, items, each),
                spread,
                alpha=alpha,
                simulations=given["simulations"],
                seed=given["seed"],
            )
        plans.append(
            Plan(
                listeners,
                items,
                each,
                power_of(given["gap"], se, df, alpha=alpha),
                simulated,
                detectable_gap(se, df, alpha=alpha),
                sitting_minutes(each, given["conditions"], seconds),
            )
        )
    return plans


def _table(plans: list[Plan], given: dict, spread: Spread, seconds: float, source: str) -> Table:
    return Table(
        "power",
        f"Power to find a gap of {given['gap']:g} points at α = .05 over {given['planned']} "
        f"planned comparison(s); SDs {spread.listener:.1f} (listener × condition), "
        f"{spread.item:.1f} (item × condition), {spread.residual:.1f} (residual) from {source}; "
        f"{given['conditions']} stimuli a trial, {seconds:.0f} s each, "
        f"plus {SETTING_UP_S / 60:.0f} min setting up",
        ("Listeners", "Sounds", "Each rates", "Power", "Simulated", "Gap at .80", "Minutes"),
        tuple(
            (
                str(p.listeners),
                str(p.items),
                str(p.per_listener),
                f"{p.power:.2f}",
                f"{p.simulated_power:.2f}" if np.isfinite(p.simulated_power) else "–",
                f"{p.detectable:.1f}",
                f"{p.minutes:.0f}",
            )
            for p in plans
        ),
        (),
    )


def _as_text(table: Table) -> str:
    """Lay a table out in columns for the terminal."""
    rows = [table.header, *table.rows]
    widths = [max(len(row[n]) for row in rows) for n in range(len(table.header))]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([table.caption, "", *lines])


def _write(table: Table, plans: list[Plan], given: dict) -> None:
    from analysis.report.diagnostic_figures import draw_power  # noqa: PLC0415
    from analysis.report.style import encode  # noqa: PLC0415 - Matplotlib only if asked for

    folder = given["output"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "power.csv").write_text(table.to_csv(), encoding="utf-8")
    (folder / "power.tex").write_text(table.to_latex(), encoding="utf-8")

    def keep(figure) -> None:
        for kind, data in encode(figure).items():
            (folder / f"power.{kind}").write_bytes(data)

    draw_power(plans, given["gap"], keep)


if __name__ == "__main__":
    main()
