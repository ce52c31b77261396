"""Keep what experimenters do: opened and closed studies, exclusions, log-ins, reports, audit.

``all_ratings`` shows every rating; ``ratings_long``, the contract with the analysis, is now the
part of it whose sittings are not excluded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.String(length=24)

ALL_RATINGS = """
CREATE VIEW all_ratings AS
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
    sessions.simulated AS simulated,
    sessions.excluded_at AS excluded_at,
    sessions.excluded_because AS excluded_because
FROM ratings
JOIN presentations ON presentations.id = ratings.presentation_id
JOIN trials ON trials.id = presentations.trial_id
JOIN sessions ON sessions.id = trials.session_id
JOIN studies ON studies.id = sessions.study_id
JOIN stimuli ON stimuli.id = presentations.stimulus_id
JOIN items ON items.id = stimuli.item_id
JOIN conditions ON conditions.id = stimuli.condition_id
"""

RATINGS_LONG = """
CREATE VIEW ratings_long AS
SELECT
    study, session, participant, item, family, condition, kind, score, trial_position,
    stimulus_position, plays, listened_s, trial_time_s, rated_at, comment, training, simulated
FROM all_ratings
WHERE excluded_at IS NULL
"""


def upgrade() -> None:
    op.add_column("studies", sa.Column("opened_at", MOMENT))
    op.add_column("studies", sa.Column("closed_at", MOMENT))
    # The constraint comes with the column, because SQLite adds none to a table that exists.
    op.execute(
        "ALTER TABLE studies ADD COLUMN quota INTEGER "
        "CONSTRAINT ck_studies_quota_is_positive CHECK (quota >= 1)"
    )
    op.execute("UPDATE studies SET opened_at = imported_at")
    op.add_column("sessions", sa.Column("excluded_at", MOMENT))
    op.add_column("sessions", sa.Column("excluded_because", sa.Text()))
    op.execute("DROP VIEW ratings_long")
    op.execute(ALL_RATINGS)
    op.execute(RATINGS_LONG)
    op.create_table(
        "admin_logins",
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("password_sha256", sa.String(length=64), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_admin_logins")),
    )
    op.create_table(
        "admin_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_attempts")),
    )
    op.create_index(op.f("ix_admin_attempts_at"), "admin_attempts", ["at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("address", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("study", sa.String(length=64), nullable=True),
        sa.Column("session", sa.String(length=12), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "reports",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_reports_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_reports")),
    )
