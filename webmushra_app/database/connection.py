"""The database: SQLite by default, PostgreSQL by URL, migrated to the code's schema at start.

SQLite runs in WAL mode with ``synchronous=FULL``, so that a commit survives a power cut, and every
writing transaction begins with ``BEGIN IMMEDIATE``, so that it waits for its turn at the start and
never fails half-way. On PostgreSQL the same order comes from row locks (``FOR UPDATE``), and
readers see one state because they read at ``REPEATABLE READ``.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from webmushra_app.database.group_commit import GroupCommit, T, Work, write
from webmushra_app.database.writer_queue import WriterQueue

HEAD = "0004"
"""The migration that this code works with; a test holds it against the newest one."""
BUSY_TIMEOUT_S = 15.0
"""How long a writer waits for another program's lock on an SQLite file."""
QUEUE_TIMEOUT_S = 30.0
"""How long a writer waits for the writers before it."""
PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-512"),
    *("secure_delete=ON", "temp_store=MEMORY"),
)
"""Durable, checked, half a megabyte of pages for each connection, and what is deleted is zeroed."""
HOW_TO_FIX = "choose another with --database or AUTOFX_DATABASE_URL"
MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATION_LOCK = 6_210_046
"""Number of the advisory lock that lets one process migrate a PostgreSQL database at a time."""


class DatabaseError(RuntimeError):
    """A database that cannot be used; one line naming it and how to fix it."""


class Database:
    """Connections to one database, for reading and for writing.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, e.g. ``sqlite:///ratings.sqlite3`` or ``postgresql://user@host/name``.

    Raises
    ------
    DatabaseError
        If the URL is none, or its driver isn't installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
            if self.url.drivername in ("postgresql", "postgres"):
                self.url = self.url.set(drivername="postgresql+psycopg")
            self.engine = _create_engine(self.url)
        except (ArgumentError, NoSuchModuleError):
            raise DatabaseError(
                f"{url!r} is not a database URL; write sqlite:///FILE or postgresql://USER@HOST/NAME"
            ) from None
        except ImportError:
            raise DatabaseError(
                f"{self}: its driver is not installed; pip install 'autofx[postgres]'"
            ) from None
        self._reader = self.engine
        if not self.is_sqlite:
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._queue = WriterQueue(self.url.database or "", timeout_s=QUEUE_TIMEOUT_S)
        self._group = GroupCommit(self.begin, self._queue.acquired)

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is an SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    def connect(self) -> Connection:
        """Open a connection for reading rows, each time as they are then."""
        return self.engine.connect()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a connection whose changes are committed, durably, when the block ends."""
        with self._begun(self.engine, "BEGIN IMMEDIATE") as connection:
            yield connection
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one consistent state and writes nothing.

        Its objects cost three times what the rows of `connect` do.
        """
        with (
            self._begun(self._reader, "BEGIN") as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session whose changes are committed, durably, when the block ends.

        On SQLite writers queue up for it; see `webmushra_app.database.writer_queue`.
        """
        with (
            self._queued(),
            self.begin() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.flush()

    def scrub(self) -> bool:
        """Remove what was deleted from an SQLite file and its write-ahead log.

        Returns
        -------
        bool
            False where another program still reads an older state from the log.
        """
        if not self.is_sqlite:
            return True
        with self._queued(), self.engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
        return not busy

    def store(self, work: Work[T], *, about: str) -> T:
        """Run a short piece of work about a session and return its outcome, once it is on the disk.

        For what many participants do at the same moment; see `database.group_commit`.
        """
        if self.is_sqlite:
            return self._group.store(work, about=about)
        with self.begin() as connection:
            outcome, changes = work(connection)
            write(connection, [changes])
        return outcome

    @contextmanager
    def _begun(self, engine: Engine, statement: str) -> Iterator[Connection]:
        with engine.connect() as connection:
            connection.begin()
            if self.is_sqlite:  # whose driver begins nothing by itself here
                connection.exec_driver_sql(statement)
            yield connection

    def _queued(self) -> AbstractContextManager[None]:
        return self._queue.acquired() if self.is_sqlite else nullcontext()

    def prepare(self) -> None:
        """Make sure that the database can be written and has the schema of this code.

        Raises
        ------
        DatabaseError
            If it cannot be opened, written or migrated, or was written by a newer version.
        """
        if self.is_sqlite and self.url.database:
            try:
                _make_private(Path(self.url.database))
            except OSError as error:
                raise DatabaseError(f"{self}: {error.strerror}; {HOW_TO_FIX}") from None
        try:
            self._migrate()
        except DBAPIError as error:
            raise self.fault(error) from None
        finally:
            self.engine.dispose()

    def fault(self, error: DBAPIError) -> DatabaseError:
        """Make an error of one line from what the driver reported."""
        reason = str(error.orig).strip().partition("\n")[0]
        return DatabaseError(f"{self}: {reason}; {HOW_TO_FIX}")

    def _migrate(self) -> None:
        with self.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
            if current_revision(connection) != HEAD:
                upgrade(connection, self)
            connection.execute(text("DELETE FROM studies WHERE id < 0"))  # may we write?


def open_existing(url: str) -> Database:
    """Open a database that the listening test has written.

    Raises
    ------
    DatabaseError
        If there is none, or it was written by another version of this program.
    """
    database = Database(url)
    if database.is_sqlite and not Path(database.url.database or "").is_file():
        raise DatabaseError(f"{database}: no such file; {HOW_TO_FIX}")
    try:
        with database.connect() as connection:
            revision = current_revision(connection)
    except DBAPIError as error:
        raise database.fault(error) from None
    if revision is None:
        raise DatabaseError(f"{database}: is not a database of the listening test; {HOW_TO_FIX}")
    if revision != HEAD:
        raise DatabaseError(
            f"{database}: has schema {revision}, this program works with {HEAD}; start the "
            "listening test on it once to bring it up to date"
        )
    return database


def current_revision(connection: Any) -> str | None:
    """Return the migration that a database is at; None for an empty database."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Any, database: Database, revision: str = "head") -> None:
    """Run the migrations up to a revision, in the connection's transaction.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a writing transaction.
    database : Database
        Named in the error.
    revision : str
        Up to which one; by default the newest.

    Raises
    ------
    DatabaseError
        If a newer version of this program has migrated the database.
    """
    # A current database is the rule, and alembic costs as much start-up time as the server.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, revision)
    except CommandError:
        raise DatabaseError(
            f"{database}: was written by a newer version of this program; install that version"
        ) from None


def _make_private(file: Path) -> None:
    """Let only the server's own user read a database; its ``-wal`` and ``-shm`` follow its mode."""
    file.parent.mkdir(0o700, parents=True, exist_ok=True)
    file.touch(0o600)
    for part in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        if part.exists() and part.stat().st_uid == os.geteuid():
            part.chmod(0o600)


def _create_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True
        )
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        hide_parameters=True,  # errors would log them, and keys of sessions are among them
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where Database says
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    return engine
