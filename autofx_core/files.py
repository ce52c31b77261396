"""Write files that are either complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path` that takes its name once the block has ended.

    After an exception or an interruption `path` is as it was before.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "card.json"
    >>> with atomic_write(path) as unfinished:
    ...     _ = unfinished.write_text("{}")
    >>> path.read_text()
    '{}'
    """
    unfinished = path.with_name(f"{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
