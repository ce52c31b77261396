"""The ratings table: one row per stimulus that a participant played and scored, typed and checked.

Conventions: ``score`` is on the test's scale (0–100 by default), times are in seconds,
``rated_at`` is ISO 8601 UTC. A *participant* is a person: the ``participant`` where the table names
one, otherwise the ``session``. Participants are called P01, P02, … in order of first appearance, so
that nothing that identifies a person reaches the report. Nothing is repaired silently: whatever
was dropped, merged or looked odd is listed in ``Ratings.notes``.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.ratings.errors import RatingsError
from stimuli_gen.contract import (
    CONDITION_KINDS,
    KNOWN_KINDS,
    RATING_COLUMNS,
    RATING_FLAGS,
    RATING_NUMBERS,
    REQUIRED_RATING_COLUMNS,
    SCORE_SCALE,
)

MIN_ALL_ZERO = 3
ROUNDING = 1e-9  # of the scale's length
HALF_OF_THE_SCALE = 50.0
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TRUE, FALSE = {"1", "true", "t", "yes"}, {"", "0", "false", "f", "no", "nan", "none"}


@dataclass(frozen=True)
class Ratings:
    """A checked ratings table.

    Attributes
    ----------
    table : pandas.DataFrame
        The columns `RATING_COLUMNS` and ``participant_code``; one row per rating.
    source : str
        Where the rows come from, free of passwords and folders.
    sha256 : str
        Hash of the input as read.
    scale : tuple of float
        Lowest and highest possible score.
    notes : tuple of str
        What was dropped, merged or looked odd, one sentence each.
    labels : dict
        Condition id → the name to print.
    """

    table: pd.DataFrame
    source: str
    sha256: str
    scale: tuple[float, float] = SCORE_SCALE
    notes: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)

    def with_rows(self, keep: pd.Series, *notes: str) -> "Ratings":
        """Keep the rows where ``keep`` is true and add ``notes``."""
        table = self.table[keep].reset_index(drop=True)
        return replace(self, table=table, notes=(*self.notes, *notes))

    def without_absent(self) -> "Ratings":
        """Leave out the item × condition cells that at least three participants all scored 0."""
        cells = self.table.groupby(["item", "condition"])["score"]
        absent = (cells.transform("max") == 0) & (cells.transform("count") >= MIN_ALL_ZERO)
        notes = tuple(n for n in self.notes if "not presented" not in n)
        left = replace(self, notes=notes)
        return left.with_rows(
            ~absent, f"{int(absent.sum())} scores of 0 count as 'not presented' (--absent-zero)."
        )


def check(
    raw: pd.DataFrame,
    *,
    source: str,
    sha256: str,
    scale: tuple[float, float] | None = None,
    row_numbers: "np.ndarray | None" = None,
    notes: tuple[str, ...] = (),
    labels: dict[str, str] | None = None,
) -> Ratings:
    """Type and validate raw rows.

    Parameters
    ----------
    raw : pandas.DataFrame
        Columns of `RATING_COLUMNS`, values as text or typed; missing optional columns are added.
    source : str
        Name of the file or database, for messages and the report.
    sha256 : str
        Hash of the input as read.
    scale : tuple of float, optional
        The test's scale. Without it 0–100 is taken and a table that looks like another scale is
        refused.
    row_numbers : ndarray, shape (rows,), int, optional
        Row numbers for messages (a file's lines); counted from 1 where absent.
    notes : tuple of str
        What the reader found, to be carried on.
    labels : dict, optional
        Condition id → the name to print.

    Raises
    ------
    RatingsError
        For an empty table, a missing column or identifier, a score that is not a number or is
        outside the scale, or the same cell rated twice with different scores at one position.
    """
    if raw.empty:
        raise RatingsError(f"{source}: no ratings yet; let at least one participant finish a trial")
    if missing := [name for name in REQUIRED_RATING_COLUMNS if name not in raw]:
        raise RatingsError(
            f"{source}: no column {missing[0]!r}; name the one that holds it with "
            f"--column {missing[0]}=HEADER (there are: {', '.join(map(str, raw.columns))})"
        )
    rows = np.arange(1, len(raw) + 1) if row_numbers is None else row_numbers
    table = pd.DataFrame({name: _typed(raw, name, rows, source) for name in RATING_COLUMNS})
    for name in ("session", "item", "condition"):
        if (empty := table[name] == "").any():
            raise RatingsError(
                f"{source} row {rows[empty.argmax()]}: {name} is empty; "
                "fill it in or take the row out"
            )
    table["score"], clipped = _clip_rounding(table["score"], scale or SCORE_SCALE)
    scale = _check_scale(table["score"].to_numpy(), rows, scale, source)
    notes = (*notes, *clipped, *_check_kinds(table, rows, source))
    person = table["participant"].where(table["participant"] != "", table["session"])
    codes, people = pd.factorize(person)
    width = max(2, len(str(len(people))))
    table["participant_code"] = np.array([f"P{n + 1:0{width}d}" for n in range(len(people))])[codes]
    ratings = Ratings(table, source, sha256, scale, notes, labels or {})
    return _oddities(_merge_duplicates(ratings, rows))


def _typed(raw: pd.DataFrame, name: str, rows: np.ndarray, source: str) -> pd.Series:
    """One column in its type: numbers, flags or text; what is no number is refused by row."""
    if name not in raw:
        empty = np.nan if name in RATING_NUMBERS else False if name in RATING_FLAGS else ""
        return pd.Series([empty] * len(raw))
    column = raw[name].reset_index(drop=True)
    if name in RATING_NUMBERS:
        blank = column.isna() | (column.astype(str).str.strip() == "")
        numbers = pd.to_numeric(column.where(~blank), errors="coerce").astype(float)
        bad = (~np.isfinite(numbers)) & ~blank
        if name == "score":
            bad |= blank
        if bad.any():
            at = bad.argmax()
            raise RatingsError(f"{source} row {rows[at]}: {name} {column[at]!r} is not a number")
        return numbers
    text = _text(column)
    if name not in RATING_FLAGS:
        return text
    flags = text.str.lower()
    if (bad := ~flags.isin(TRUE | FALSE)).any():
        at = bad.argmax()
        raise RatingsError(f"{source} row {rows[at]}: {name} {text[at]!r} is not true or false")
    return flags.isin(TRUE)


def _text(column: pd.Series) -> pd.Series:
    """Trim a column's text, nothing for what is missing; each distinct value is handled once."""
    codes, values = pd.factorize(column)
    trimmed = np.array([*(str(v).strip() for v in values), ""], dtype=object)
    return pd.Series(trimmed[codes], dtype=object)


def count(n: int, noun: str, plural: str = "") -> str:
    """Format a number of things, singular or plural.

    Parameters
    ----------
    n : int
        How many.
    noun : str
        Their name in the singular.
    plural : str
        In the plural; the singular with an s where empty.

    Examples
    --------
    >>> count(1, "sound"), count(2, "participant")
    ('1 sound', '2 participants')
    """
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def _clip_rounding(
    scores: pd.Series, scale: tuple[float, float]
) -> tuple[pd.Series, tuple[str, ...]]:
    """Clip scores that leave the scale by a rounding error only, with a note."""
    clipped = scores.clip(*scale)
    off = (clipped != scores) & ((clipped - scores).abs() <= ROUNDING * (scale[1] - scale[0]))
    if not off.any():
        return scores, ()
    n = count(int(off.sum()), "score")
    note = f"{n} beyond the scale by a rounding error, set to its end."
    return scores.where(~off, clipped), (note,)


def _check_scale(
    scores: np.ndarray, rows: np.ndarray, scale: tuple[float, float] | None, source: str
) -> tuple[float, float]:
    low, high = scale or SCORE_SCALE
    if low >= high:
        raise RatingsError(f"the scale must run from its low to its high end, got {low:g} {high:g}")
    outside = (scores < low) | (scores > high)
    if outside.any():
        at = outside.argmax()
        raise RatingsError(
            f"{source} row {rows[at]}: score {scores[at]:g} is outside {low:g}–{high:g}"
            + ("" if scale else "; if the test had another scale, name it with --scale LOW HIGH")
        )
    if scale is None and len(scores) >= 10 and scores.max() < HALF_OF_THE_SCALE:
        raise RatingsError(
            f"{source}: all {len(scores)} scores lie in {scores.min():g}–{scores.max():g}: this "
            "does not look like 0–100; name the scale, e.g. --scale 1 5 (or --scale 0 100)"
        )
    return (float(low), float(high))


def _check_kinds(table: pd.DataFrame, rows: np.ndarray, source: str) -> list[str]:
    """Check kinds, families and training; fill in known ids' kinds, with notes on odd spelling."""
    if (bad := ~table["kind"].isin([*CONDITION_KINDS, ""])).any():
        at = bad.argmax()
        raise RatingsError(
            f"{source} row {rows[at]}: unknown kind {table['kind'][at]!r}; "
            f"known: {', '.join(CONDITION_KINDS)}"
        )
    blank = table["kind"] == ""
    ids = table.loc[blank, "condition"]
    table.loc[blank, "kind"] = ids.str.lower().map(KNOWN_KINDS).fillna("")
    respelled = sorted({c for c in ids if c not in KNOWN_KINDS and c.lower() in KNOWN_KINDS})
    notes = [
        f"Condition {c!r} was taken for the kind {KNOWN_KINDS[c.lower()]}; a map file (--map) can "
        "name another."
        for c in respelled
    ]
    clash = table.groupby("condition")["kind"].nunique()
    if (clash > 1).any():
        raise RatingsError(f"{source}: condition {clash.idxmax()!r} has more than one kind")
    for what in ("family", "training"):
        clash = table.groupby("item")[what].nunique()
        if (clash > 1).any():
            raise RatingsError(f"{source}: item {clash.idxmax()!r} has more than one {what}")
    return notes


def _merge_duplicates(ratings: Ratings, rows: np.ndarray) -> Ratings:
    """Drop rows sent twice; refuse contradictions; keep genuine repeats."""
    table = ratings.table
    place = ["study", "session", "item", "condition", "trial_position"]
    same = table.duplicated([*place, "score"])
    left = table[~same]
    contradicting = left[left.duplicated(place, keep=False)]
    if len(contradicting):
        cell = contradicting.groupby(place, dropna=False, sort=False).ngroup()
        row = contradicting.iloc[0]
        first, second = rows[contradicting.index[cell == 0]][:2]
        raise RatingsError(
            f"{ratings.source} rows {first} and {second}: {row['participant_code']} scored item "
            f"{row['item']!r}, condition {row['condition']!r} twice with different scores; if "
            "these are two attributes or two sessions, give them different studies or sessions"
        )
    if not same.any():
        return ratings
    n = int(same.sum())
    verb = "was there twice and is" if n == 1 else "were there twice and are"
    return ratings.with_rows(~same, f"{count(n, 'row')} {verb} counted once.")


def _oddities(ratings: Ratings) -> Ratings:
    """Add notes on what only the experimenter can decide."""
    table, notes = ratings.table, []
    people = table[table["participant"] != ""].groupby("participant_code")["session"].nunique()
    if (again := int((people > 1).sum())) > 0:
        verb = "counts as one" if again == 1 else "count as one each"
        notes.append(f"{count(again, 'participant')} took part more than once and {verb}.")
    scored = table[~table["training"]]
    if ratings.scale == SCORE_SCALE:
        cells = scored.groupby(["item", "condition"])["score"]
        all_zero = (cells.max() == 0) & (cells.count() >= MIN_ALL_ZERO)
        if all_zero.any():
            item, condition = all_zero.idxmax()
            notes.append(
                "Every participant scored 0 in "
                f"{count(int(all_zero.sum()), 'item × condition cell')} (first: {item}, "
                f"{condition}); if 0 stands for 'not presented', leave them out with "
                "--absent-zero."
            )
    suspects = sorted(
        {
            i
            for i in scored["item"].unique()
            if re.search(r"train|practi[cs]e|warm.?up|familiari[sz]", i, re.I)
        }
    )
    if suspects:
        notes.append(
            f"Item {suspects[0]!r} reads like training but is not marked as such; leave it out "
            f"with --training {suspects[0]!r}."
        )
    return replace(ratings, notes=(*ratings.notes, *notes))
