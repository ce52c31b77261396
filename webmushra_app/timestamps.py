"""The one form of a moment: ISO 8601 text in UTC with milliseconds, ``2026-01-31T09:30:00.000Z``.

It sorts as text, and reads and means the same in SQLite, PostgreSQL, CSV and logs.
"""

from datetime import UTC, datetime, timedelta


def moment(*, ago_s: float = 0.0) -> str:
    """Return the present moment, or the one ``ago_s`` seconds before."""
    then = datetime.now(UTC) - timedelta(seconds=ago_s)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")
