"""Write files that are either complete or not there."""

import csv
from collections.abc import Iterator, Mapping, Sequence
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


def write_csv(path: Path, rows: Sequence[Mapping], fields: Sequence[str] = ()) -> None:
    """Write rows as a CSV file.

    Parameters
    ----------
    path
        The file.
    rows
        Values by column; one that a row lacks is left empty.
    fields
        The columns in their order; by default, those of the first row.
    """
    with (
        atomic_write(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        table = csv.DictWriter(file, fields or list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
