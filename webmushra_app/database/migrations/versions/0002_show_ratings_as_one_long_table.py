"""Show ratings as one long table, a row for each stimulus heard and scored."""

from alembic import op

revision = "0002"
down_revision = "0001"

RATINGS_LONG = """
CREATE VIEW ratings_long AS
SELECT
    studies.name AS study,
    sessions.id AS session,
    sessions.participant AS participant,
    items.name AS item,
    items.family AS family,
    conditions.name AS condition,
    conditions.kind AS kind,
    ratings.score AS score,
    trials.position AS trial_position,
    presentations.position AS stimulus_position,
    ratings.plays AS plays,
    ratings.listened_s AS listened_s,
    trials.trial_time_s AS trial_time_s,
    ratings.rated_at AS rated_at,
    trials.comment AS comment,
    trials.training AS training,
    sessions.simulated AS simulated
FROM ratings
JOIN presentations ON presentations.id = ratings.presentation_id
JOIN trials ON trials.id = presentations.trial_id
JOIN sessions ON sessions.id = trials.session_id
JOIN studies ON studies.id = sessions.study_id
JOIN stimuli ON stimuli.id = presentations.stimulus_id
JOIN items ON items.id = stimuli.item_id
JOIN conditions ON conditions.id = stimuli.condition_id
"""


def upgrade() -> None:
    op.execute(RATINGS_LONG)
