"""The table of the report's figures, which drives the page and the files.

A drawing function takes the findings, a function that saves the figure, and whether it is for a
narrow screen; where the data do not call for the figure it saves none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.report import diagnostic_figures as diagnostics
from analysis.report import difference_figures as differences
from analysis.report import predictor_figures as predictors
from analysis.report import score_figures as scores


@dataclass(frozen=True)
class Figure:
    """A figure's place in the report; see the module for ``draw``."""

    name: str
    title: str
    caption: str
    draw: Callable[..., None]


FIGURES = (
    Figure(
        "conditions",
        "Scores per condition",
        "Box: median and quartiles; whiskers: 1.5 × interquartile range; shade: density; dots: "
        "ratings (participant means where there are many); diamond: mean with its 95 % interval "
        "(for whom it holds is in the table). Colours are kinds: blue estimated, orange random, "
        "grey reference and anchors, purple control, green unknown.",
        scores.draw_conditions,
    ),
    Figure(
        "families",
        "Scores per condition, by effect family",
        "As above, within each family.",
        scores.draw_families,
    ),
    Figure(
        "differences",
        "The primary difference, by participant and by sound",
        "Each dot is one participant's or one sound's mean difference; line and band: the estimate "
        "with its 95 % interval.",
        differences.draw_differences,
    ),
    Figure(
        "forest",
        "Contrasts",
        "Differences with 95 % intervals, not corrected for multiplicity; small grey ones are "
        "within a family. For whom each holds is in the tables.",
        differences.draw_forest,
    ),
    Figure(
        "sounds",
        "Every sound by name",
        "Mean of each condition on each sound, with its 95 % interval for new listeners and this "
        "sound.",
        scores.draw_sounds,
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
        "residuals",
        "What the analysis leaves over",
        "Scores less participant and sound effects within each condition. First: a straight "
        "line if they are normal. The others: 5 to 95 % and median, which should be alike across "
        "participants, sounds and conditions; near the ends of the scale they shrink.",
        diagnostics.draw_residuals,
    ),
    Figure(
        "objective",
        "Objective distance and score",
        "One dot a stimulus; correlations are within trials (see the table).",
        predictors.draw_objective,
    ),
    Figure(
        "parameter-errors",
        "Which parameter's error lowers the score",
        "Rank correlation of a parameter's absolute error with the scores, within trials; left of "
        "0: the larger the error, the lower the score. Parameters err together, so a correlation "
        "is no proof of a cause.",
        predictors.draw_parameter_errors,
    ),
)
