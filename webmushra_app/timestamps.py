"""The one form of a moment: ISO 8601 text in UTC with milliseconds, ``2026-01-31T09:30:00.000Z``.

It sorts as text, and reads and means the same in SQLite, PostgreSQL, CSV and logs.
"""

from datetime import UTC, datetime, timedelta

AHEAD_S = 300.0
"""How far ahead of this server's clock another server's may be."""


def moment(*, ago_s: float = 0.0) -> str:
    """Return the present moment, or the one ``ago_s`` seconds before."""
    return _as_text(datetime.now(UTC) - timedelta(seconds=ago_s))


def recent(*, within_s: float) -> tuple[str, str]:
    """Return the first and the last moment that count as at most ``within_s`` seconds ago.

    What was stored while the clock was far ahead lies after the last one: it is as old as anything
    else, or it would stay recent until the clock gets there.
    """
    return moment(ago_s=within_s), moment(ago_s=-AHEAD_S)


def moment_after(latest: str | None) -> str:
    """Return the present moment, or one just after ``latest`` where the clock was set back.

    >>> moment_after("2999-12-31T23:59:59.999Z")
    '3000-01-01T00:00:00.000Z'
    """
    now = moment()
    if latest is None or latest < now:
        return now
    return _as_text(datetime.fromisoformat(latest) + timedelta(milliseconds=1))


def _as_text(then: datetime) -> str:
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")
