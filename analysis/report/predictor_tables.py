"""The report's tables of what predicts the scores: distances, formulas, errors of parameters."""

from analysis.analyse import Findings
from analysis.report.table_writer import Cell, Column, Table
from analysis.stats.objective_distances import PredictorCorrelation

PREDICTOR_COLUMNS = (
    Column("rho", "Mean ρ", "number"),
    Column("ci", "95 % CI", "ratio_ci"),
    Column("p", "p", "p"),
    Column("rho_of_means", "ρ of mean scores", "number"),
    Column("participants", "Participants", "count"),
    Column("sounds", "Sounds", "count"),
    Column("stimuli", "Stimuli", "count"),
    Column("method", "Test"),
)


def predictor_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables that the stimulus set calls for."""
    makers = (_objective, _predictions, _parameter_errors)
    return tuple(table for make in makers if (table := make(findings)) is not None)


def _predictor_cells(found: PredictorCorrelation) -> tuple[Cell, ...]:
    rho = found.rho
    return (
        rho.estimate,
        (rho.ci_low, rho.ci_high),
        rho.p_value,
        found.rho_of_means,
        rho.n_participants,
        rho.n_items,
        found.n_stimuli,
        rho.method,
    )


def _objective(findings: Findings) -> Table | None:
    if not findings.objective:
        return None
    return Table(
        "objective",
        "Objective distance and score: Spearman's ρ within trials (−1: the same order), p not "
        "corrected",
        (Column("distance", "Distance"), Column("family", "Family"), *PREDICTOR_COLUMNS),
        tuple(
            (found.predictor, found.family or "all sounds", *_predictor_cells(found))
            for found in findings.objective
        ),
    )


def _predictions(findings: Findings) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    for study in findings.predictions:
        for f in study.formulas:
            worse = (
                (f.worse.estimate, (f.worse.ci_low, f.worse.ci_high)) if f.worse else (0.0, None)
            )
            rows.append(
                (
                    study.family or "all sounds",
                    f.distance,
                    f.form,
                    *(f.intercept, f.slope, f.low, f.high, f.error),
                    study.error_of_mean,
                    *worse,
                    study.n_items,
                    study.n_stimuli,
                )
            )
    if not rows:
        return None
    return Table(
        "predicted-score",
        "Predicted mean score = intercept + slope × distance (linear) or × its natural logarithm "
        "(logarithmic), for distances between the lowest and the highest; errors are root mean "
        "squares on sounds left out in turn, beside that of predicting the mean score; 'worse' is "
        "the mean squared error less that of the best, with 95 % interval for new listeners and "
        "new sounds",
        (
            Column("family", "Family"),
            Column("distance", "Distance"),
            Column("form", "Form"),
            Column("intercept", "Intercept", "number"),
            Column("slope", "Slope", "number"),
            Column("lowest", "Lowest", "number"),
            Column("highest", "Highest", "number"),
            Column("error", "Error", "points"),
            Column("error_of_mean", "Error of the mean", "points"),
            Column("worse", "Worse", "number"),
            Column("worse_ci", "95 % CI", "squared_ci"),
            Column("sounds", "Sounds", "count"),
            Column("stimuli", "Stimuli", "count"),
        ),
        tuple(rows),
        findings.ratings.scale,
    )


def _parameter_errors(findings: Findings) -> Table | None:
    if not findings.parameter_errors:
        return None
    return Table(
        "parameter-errors",
        "Error of an estimated parameter and score: Spearman's ρ within trials (−1: the larger the "
        "error, the lower the score; 0: the error has no influence), p not corrected; 'all' is the "
        "mean error over the parameters' ranges",
        (Column("family", "Family"), Column("parameter", "Parameter"), *PREDICTOR_COLUMNS),
        tuple(
            (found.family, found.predictor, *_predictor_cells(found))
            for found in findings.parameter_errors
        ),
    )
