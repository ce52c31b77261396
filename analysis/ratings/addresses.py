"""Where ratings are: checks files and database URLs before anything heavy is loaded."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.ratings.errors import RatingsError

if TYPE_CHECKING:
    import sqlalchemy as sa


def require(where: Path | str) -> None:
    """Refuse a file or a database URL that cannot be read from.

    Raises
    ------
    RatingsError
        If a file is missing, or a URL is none or leads to no database.
    """
    if isinstance(where, str):
        parse_url(where)
    elif not where.exists():
        raise RatingsError(f"{where}: {os.strerror(errno.ENOENT)}")


def parse_url(url: str) -> "sa.URL":
    """Parse a database URL; a SQLite file must exist, because connecting would create it."""
    import sqlalchemy as sa  # noqa: PLC0415 - slow to import and not needed for files

    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise RatingsError(
            f"{url!r} is no database URL; e.g. sqlite:///ratings.sqlite3 or "
            "postgresql+psycopg://user@host/name (a CSV file goes to --ratings)"
        ) from None
    if is_sqlite(address) and not Path(address.database or "").is_file():
        raise RatingsError(
            f"{address.database}: no such database; run the listening test first, or name one "
            "with --database URL or --ratings FILE"
        )
    return address


def is_sqlite(address: "sa.URL") -> bool:
    """Whether a database is an SQLite file."""
    return address.get_backend_name() == "sqlite"


def without_password(address: "sa.URL") -> str:
    """Write an address with its password hidden."""
    return address.render_as_string(hide_password=True)
