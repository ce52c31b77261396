"""Keep sessions that webMUSHRA's pages posted apart from those begun here.

What identifies a posted result moves from ``sessions.request_id`` into a table of its own, so that
no request about one kind finds a session of the other. The sessions get a random ``request_id``.
``presentations.fetched_at`` notes when a sound was first sent; empty where that was not noted.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "collected_sessions",
        sa.Column("session_id", sa.String(length=12), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("uuid_sha256", sa.String(length=64), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_collected_sessions_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_collected_sessions_study_id")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_collected_sessions")),
        sa.UniqueConstraint(
            "study_id",
            "content_sha256",
            name=op.f("uq_collected_sessions_study_id_content_sha256"),
        ),
    )
    op.create_index(
        op.f("ix_collected_sessions_uuid_sha256"),
        "collected_sessions",
        ["uuid_sha256"],
        unique=False,
    )
    op.add_column("presentations", sa.Column("fetched_at", sa.String(length=24)))
    op.execute("UPDATE presentations SET fetched_at = ''")
    connection = op.get_bind()
    collected = connection.execute(
        sa.text(
            "SELECT sessions.id, sessions.study_id, sessions.request_id FROM sessions "
            "JOIN studies ON studies.id = sessions.study_id WHERE studies.folder = ''"
        )
    ).all()
    for session_id, study_id, request_id in collected:
        # Neither the uuid nor the scores as they were posted are stored: the old identity, which
        # was a hash of them, stands for both, and a result that is sent again is stored anew.
        connection.execute(
            sa.text("INSERT INTO collected_sessions VALUES (:session, :study, :key, :key)"),
            {"session": session_id, "study": study_id, "key": request_id},
        )
        connection.execute(
            sa.text("UPDATE sessions SET request_id = :new WHERE id = :session"),
            {"new": secrets.token_urlsafe(16), "session": session_id},
        )
