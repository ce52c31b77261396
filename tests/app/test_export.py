"""What listeners gave comes out as they gave it."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from webmushra_app.export import escape_cell, export
from webmushra_app.exported_tables import RATING_COLUMNS

AWKWARD = ["=1+1", "007", "5e8123", "'tis", "-", 'a,b\n"c"', "🎸", "@SUM(A1)", "\tx"]


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def unescape(cell):
    return cell.removeprefix("'")


@pytest.fixture
def commented(listener, database):
    """A sitting whose comments are awkward."""
    listener.begin()
    listener.do_steps()
    for trial, comment in zip(listener.state()["trials"], AWKWARD, strict=False):
        listener.rate(trial["id"], comment=comment)
    return database


def test_ratings_are_the_views_rows_and_columns(commented, tmp_path):
    assert export(commented, tmp_path)["ratings.csv"] == 28
    rows = read(tmp_path / "ratings.csv")
    with commented.reading() as db:
        columns = ", ".join(RATING_COLUMNS)
        view = db.execute(
            text(f"SELECT {columns} FROM ratings_long ORDER BY trial_position, stimulus_position")
        ).all()
    assert [float(row["score"]) for row in rows] == [row.score for row in view]
    assert [unescape(row["comment"]) for row in rows] == [row.comment for row in view]
    assert [int(row["training"]) for row in rows] == [int(row.training) for row in view]
    assert {row["simulated"] for row in rows} == {"0"}


@given(st.text())
def test_every_text_comes_back_and_none_is_a_formula(value):
    cell = escape_cell(value)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescape(cell) == value


def test_participants_tell_answers_level_and_progress(listener, database, tmp_path):
    listener.wish["external"] = {"PROLIFIC_PID": "007"}
    listener.take_the_test()
    export(database, tmp_path)
    (row,) = read(tmp_path / "participants.csv")
    assert (row["participant"], row["trials"], row["trials_done"]) == ("007", "7", "7")
    assert (row["answer_hearing"], row["level_db"], row["headphones_passed"]) == (
        "normal",
        "-20.0",
        "1",
    )
    assert row["finished_at"].endswith("Z")


def test_the_key_of_a_sitting_is_never_exported(listener, database, tmp_path):
    listener.take_the_test()
    export(database, tmp_path)
    for path in tmp_path.glob("*.csv"):
        assert listener.token not in path.read_text(encoding="utf-8")
