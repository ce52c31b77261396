"""Runs the migrations over the connection that ``webmushra_app.database.connection`` hands in."""

from alembic import context

from webmushra_app.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
context.run_migrations()
