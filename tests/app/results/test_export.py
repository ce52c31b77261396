"""What listeners gave comes out as they gave it."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sqlalchemy import text

from analysis.ratings.readers import read_database, read_file
from stimuli_gen.contract import RATING_COLUMNS
from webmushra_app.database import models
from webmushra_app.results.export import escape_cell, export

AWKWARD = ["=1+1", "007", "5e8123", "'tis", "-", 'a,b\n"c"', "🎸", "@SUM(A1)", "\tx"]


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def unescape(cell):
    return cell.removeprefix("'")


@pytest.fixture
def commented(listener, database):
    """A session whose comments are awkward."""
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


def test_every_identifier_that_was_declared_has_a_column(
    make_app, make_set, make_listener, tmp_path
):
    declared = '[listening_test]\nid_parameters = ["survey_code", "wave"]\n'
    folder = make_set(listening_test=declared)
    ids = {"survey_code": "SONA-17", "wave": "007"}
    make_listener(make_app(folder), external=ids).begin()
    (folder / "study.toml").write_text(declared.replace('"wave"', '"panel"'))
    app = make_app(folder)
    make_listener(app, external={"survey_code": "SONA-18", "panel": "x"}).begin()
    export(app.extensions["webmushra"].database, tmp_path)
    rows = read(tmp_path / "participants.csv")
    names = ("participant", "id_survey_code", "id_panel", "id_wave")
    assert [[row[name] for name in names] for row in rows] == [
        ["SONA-17", "SONA-17", "", "007"],
        ["SONA-18", "SONA-18", "x", ""],
    ]


def test_the_key_of_a_session_is_never_exported(listener, database, tmp_path):
    listener.take_the_test()
    export(database, tmp_path)
    for path in tmp_path.glob("*.csv"):
        assert listener.token not in path.read_text(encoding="utf-8")


def test_awkward_texts_survive_every_file(commented, tmp_path):
    export(commented, tmp_path)
    given = {comment.strip() for comment in AWKWARD[:7]}
    for name, column in (("ratings.csv", "comment"), ("mushra.csv", "rating_comment")):
        found = {unescape(row[column]) for row in read(tmp_path / name)}
        assert found == given - ({AWKWARD[0]} if name == "mushra.csv" else set())  # training
    records = json.loads((tmp_path / "ratings.json").read_text(encoding="utf-8"))
    assert {record["comment"] for record in records} == given
    assert {(record["training"], record["simulated"]) for record in records} == {
        (True, False),
        (False, False),
    }


@pytest.mark.parametrize("name", ["ratings.csv", "mushra.csv"])
def test_what_is_exported_reads_back_as_the_database_does(
    commented, another_listener, tmp_path, name
):
    another_listener.wish |= {"simulated": True, "external": {"PROLIFIC_PID": "5e8123"}}
    another_listener.take_the_test()
    export(commented, tmp_path)
    url = commented.url.render_as_string(hide_password=False)
    columns = [*RATING_COLUMNS, "participant_code"]
    expected = read_database(url).table
    if name == "mushra.csv":  # which holds fewer columns, and no training
        columns = ["study", "session", "item", "condition", "score", "trial_time_s", "comment"]
        columns += ["simulated"]
        expected = expected[~expected["training"]].reset_index(drop=True)
    found = read_file(tmp_path / name).table
    assert_frame_equal(found[columns], expected[columns])


def test_mushra_csv_has_webmushras_columns_and_milliseconds(listener, database, tmp_path):
    listener.take_the_test()
    export(database, tmp_path)
    row = read(tmp_path / "mushra.csv")[0]
    assert next(iter(row)) == "session_test_id"
    assert list(row)[-6:] == [
        "session_uuid", "trial_id", "rating_stimulus", "rating_score", "rating_time",
        "rating_comment",
    ]  # fmt: skip
    assert (row["rating_time"], row["hearing"], row["simulated"]) == ("31500.0", "normal", "0")


def test_an_empty_database_exports_headers_and_empty_lists(database, tmp_path):
    assert set(export(database, tmp_path).values()) == {0}
    assert read(tmp_path / "ratings.csv") == []
    assert (tmp_path / "ratings.csv").read_text().startswith("study,session,participant")
    assert json.loads((tmp_path / "ratings.json").read_text()) == []


def answer(database, answers):
    """Store the answers of one more session, whatever was asked."""
    with database.writing() as db:
        for session in db.query(models.Session):
            session.questionnaire = answers


def test_a_question_is_no_formula_and_takes_no_columns_name(listener, database, tmp_path):
    listener.take_the_test()
    answers = {"=1+1": "a", "rating_score": "b", "answer_rating_score": "c", "score": "d"}
    answer(database, answers)
    export(database, tmp_path)
    for name in ("mushra.csv", "participants.csv"):
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file))
        assert len(header) == len(set(header))
        assert not [cell for cell in header if cell.startswith(("=", "+", "-", "@"))]
    row = read(tmp_path / "mushra.csv")[0]
    assert float(row["rating_score"]) >= 50
    assert (row["'=1+1"], row["answer_rating_score"]) == ("a", "b")
    assert row["answer_answer_rating_score"] == "c"


def test_an_export_grows_with_the_answers_and_not_with_their_square(
    app, make_listener, database, tmp_path
):
    for n in range(4):
        make_listener(app).begin()
        with database.writing() as db:
            session = db.query(models.Session).filter_by(questionnaire=None).one()
            session.questionnaire = {f"q{n}-{question}": "x" for question in range(100)}
    export(database, tmp_path)
    rows = read(tmp_path / "participants.csv")
    assert len(rows[0]) < 150
    kept = [
        {name: "x" for name, value in row.items() if name.startswith("answer_q") and value}
        | json.loads(row["other_answers"].removeprefix("'") or "{}")
        for row in rows
    ]
    assert [len(answers) for answers in kept] == [100] * 4


def test_one_study_can_be_exported_alone(make_app, make_listener, make_set, tmp_path):
    make_listener(make_app(make_set())).take_the_test()
    app = make_app(make_set(name="second"))
    make_listener(app).begin()
    database = app.extensions["webmushra"].database
    assert export(database, tmp_path)["ratings.csv"] == 28
    assert export(database, tmp_path, study="second")["ratings.csv"] == 0
    assert export(database, tmp_path, study="second")["participants.csv"] == 1
