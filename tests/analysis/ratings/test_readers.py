"""Files of every known format, and what is wrong with the others."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulated_ratings import simulate_ratings, store

from analysis.ratings.readers import Mapping, read_database, read_file, read_mapping
from analysis.ratings.table import RatingsError

HEADER = (
    "session_test_id,email,age,session_uuid,trial_id,rating_stimulus,"
    "rating_score,rating_time,rating_comment"
)
OLD_HEADER = HEADER.replace(",session_uuid", "")


def write(folder, *lines, name="mushra.csv", encoding="utf-8"):
    path = Path(folder) / name
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def webmushra_rows(*, uuid=True, participants=3, age="30"):
    rows = []
    for n in range(participants):
        for trial in ("a b", 'say ""hi""'):
            for stimulus, score in (("reference", 100), ("C1", 40 + n), ("anchor35", 5)):
                row = ["test", f"p{n}@example.org", age]
                row += [f"uuid-{n}"] if uuid else []
                row += [f'"{trial}"', stimulus, str(score), "12500", ""]
                rows.append(",".join(row))
    return rows


def test_webmushra_of_today(tmp_path):
    ratings = read_file(write(tmp_path, HEADER, *webmushra_rows()))
    table = ratings.table
    assert len(table) == 18
    assert sorted(set(table["item"])) == ["a b", 'say "hi"']
    assert set(table["trial_time_s"]) == {12.5}
    assert dict(zip(table["condition"], table["kind"], strict=True)) == {
        "reference": "reference",
        "C1": "",
        "anchor35": "anchor",
    }


def test_sessions_of_old_webmushra_files_are_separated_with_a_note(tmp_path):
    ratings = read_file(write(tmp_path, OLD_HEADER, *webmushra_rows(uuid=False)))
    assert ratings.table["participant_code"].nunique() == 3
    assert any("no session_uuid: 3 sessions" in note for note in ratings.notes)


def test_sessions_with_equal_questionnaires_are_separated_by_repetition(tmp_path):
    rows = [r.split("@")[0][:-1] + "@" + r.split("@")[1] for r in webmushra_rows(uuid=False)]
    assert len({r.split(",")[1] for r in rows}) == 1
    ratings = read_file(write(tmp_path, OLD_HEADER, *rows))
    assert ratings.table["participant_code"].nunique() == 3


def test_blank_lines_and_repeated_headers_are_passed_over(tmp_path):
    rows = webmushra_rows()
    path = write(tmp_path, "", HEADER, "", *rows[:9], HEADER, "", *rows[9:], "")
    assert len(read_file(path).table) == 18


def test_row_numbers_in_messages_are_those_of_the_file(tmp_path):
    rows = webmushra_rows()
    rows[4] = rows[4].replace(",40,", ",forty,")
    with pytest.raises(RatingsError, match=r"mushra.csv row 7: score 'forty' is not a number"):
        read_file(write(tmp_path, HEADER, "", *rows))


def test_questionnaire_and_email_go_no_further_than_the_file(tmp_path):
    table = read_file(write(tmp_path, HEADER, *webmushra_rows())).table
    cells = {str(cell) for column in table for cell in table[column]}
    assert not any("@" in cell for cell in cells)
    assert "30" not in cells


def test_email_as_session_name_is_replaced(tmp_path):
    lines = ["session,item,condition,score"]
    lines += [f"p{n}@example.org,i,{c},50" for n in range(3) for c in "ab"]
    ratings = read_file(write(tmp_path, *lines))
    assert set(ratings.table["session"]) == {"P01", "P02", "P03"}


def test_pymushra_export(tmp_path):
    header = (
        "responses_stimulus;wm_id;responses_score;questionaire_uuid;wm_testId;wm_type;"
        "responses_time;questionaire_email"
    )
    rows = [
        f"{c};trial {i};{s};u{n};mytest;mushra;3000;x@y.org"
        for n in range(3)
        for i in range(2)
        for c, s in (("reference", 99), ("C1", 55))
    ]
    rows.append("C1;pair 1;1;u0;mytest;paired_comparison;3000;x@y.org")
    ratings = read_file(write(tmp_path, header, *rows))
    assert len(ratings.table) == 12
    assert set(ratings.table["trial_time_s"]) == {3.0}
    assert any(
        "1 row of other page types than mushra was left out" in note for note in ratings.notes
    )


GOLISTEN = (
    ",Tags,,,,,,,,,,",
    ",Sound filename,,train_20.wav,train_80.wav,,reference.wav,a.wav,,reference.wav,a.wav,",
    'Name,Date,"Do you agree?\nReally?",Training Trial rating,,Time (s),MUSHRA Trial rating,,'
    "Time (s),MUSHRA Trial rating,,Time (s)",
    "Session 2,12/09/2025 15:34,Yes,20,80,30.1,100,41,51.2,98,39,50",
    "Session 2,11/09/2025 21:09,Yes,15,85,31.1,100,51,55.2,99,49,52",
    "Session 2,11/09/2025 12:57,Yes,25,85,32.1,97,31,55.2,100,29,52",
)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (0, 2, 1, 3, 4, 5)])
def test_golisten_export_with_its_header_rows_in_either_order(tmp_path, order):
    ratings = read_file(write(tmp_path, *[GOLISTEN[n] for n in order]))
    table = ratings.table
    scored = table[~table["training"]]
    assert len(scored) == 12
    assert set(scored["condition"]) == {"reference", "a"}
    assert set(scored["item"]) == {"MUSHRA Trial", "MUSHRA Trial 2"}
    assert table["participant_code"].nunique() == 3
    assert scored["score"].tolist()[:4] == [100, 41, 98, 39]


def test_golisten_export_without_name_and_date_columns(tmp_path):
    rows = [line.replace("\nReally", "") for line in GOLISTEN]
    cut = [",".join(row.split(",")[2:]) for row in rows]
    table = read_file(write(tmp_path, *cut)).table
    scored = table[~table["training"]]
    assert scored["score"].tolist()[:4] == [100, 41, 98, 39]
    assert set(table["rated_at"]) == {""}


def test_golistens_training_pages_are_named_in_a_note(tmp_path):
    notes = read_file(write(tmp_path, *GOLISTEN)).notes
    assert any("training pages were left out: Training Trial" in note for note in notes)


LONG = [(f"p{n}", item, c, 60.5 + n) for n in range(3) for item in "ab" for c in ("x", "Reference")]


def long_csv(delimiter, *, comma=False):
    rows = [delimiter.join(("session", "item", "condition", "score"))]
    for session, item, condition, score in LONG:
        text = str(score).replace(".", ",") if comma else str(score)
        rows.append(delimiter.join((session, item, condition, text)))
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "data",
    [
        long_csv(";", comma=True).encode(),
        long_csv("\t", comma=True).encode(),
        b"sep=;\r\n" + long_csv(";", comma=True).encode(),
        b"SEP=|\n" + long_csv("|").encode(),
        long_csv(",").encode("utf-16"),
        b"\xfe\xff" + long_csv(";", comma=True).encode("utf-16-be"),
    ],
    ids=["semicolon", "tab", "sep", "bar", "utf-16", "utf-16 big"],
)
def test_decimal_commas_separator_lines_and_utf_16_are_read(tmp_path, data):
    (tmp_path / "r.csv").write_bytes(data)
    table = read_file(tmp_path / "r.csv").table
    assert table["score"].tolist() == [row[3] for row in LONG]
    assert table["item"].tolist() == [row[1] for row in LONG]


def test_row_numbers_count_the_separator_line(tmp_path):
    (tmp_path / "r.csv").write_text("sep=;\n" + long_csv(";").replace("61.5", "many", 1))
    with pytest.raises(RatingsError, match=r"r.csv row 7: score 'many' is not a number"):
        read_file(tmp_path / "r.csv")


def test_a_comma_in_a_name_stays_a_comma(tmp_path):
    (tmp_path / "r.csv").write_text(long_csv(";", comma=True).replace(";a;", ";1,5;"))
    assert set(read_file(tmp_path / "r.csv").table["item"]) == {"1,5", "b"}


def test_reference_in_any_case_is_taken_for_the_reference_with_a_note(tmp_path):
    (tmp_path / "r.csv").write_text(long_csv(","))
    ratings = read_file(tmp_path / "r.csv")
    assert set(ratings.table.loc[ratings.table["condition"] == "Reference", "kind"]) == {
        "reference"
    }
    assert any("'Reference' was taken for the kind reference" in n for n in ratings.notes)


def test_a_score_beyond_the_scale_by_rounding_is_set_to_its_end_with_a_note(tmp_path):
    table = simulate_ratings().astype({"score": float})
    table.loc[4, "score"] = 100.00000000000001
    table.to_csv(tmp_path / "r.csv", index=False)
    ratings = read_file(tmp_path / "r.csv")
    assert ratings.table["score"].max() == 100.0
    assert "1 score beyond the scale by a rounding error, set to its end." in ratings.notes


@pytest.mark.parametrize("top", [5, 10, 20, 40])
def test_another_scale_is_never_taken_for_0_to_100(tmp_path, top):
    table = simulate_ratings()
    table.assign(score=(table["score"] * top / 100).round()).to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(RatingsError, match="does not look like 0–100; name the scale"):
        read_file(tmp_path / "r.csv")
    assert read_file(tmp_path / "r.csv", Mapping(scale=(0, top))).scale == (0, top)


@pytest.mark.parametrize(
    "name", ["Training 1", "warm-up", "Warmup song", "practise", "familiarisation"]
)
def test_practice_recognised_by_its_name_is_a_suggestion_only(tmp_path, name):
    table = simulate_ratings()
    table["item"] = table["item"].replace("item-00", name)
    table.to_csv(tmp_path / "r.csv", index=False)
    ratings = read_file(tmp_path / "r.csv")
    assert any(f"{name!r} reads like training" in note for note in ratings.notes)
    assert not ratings.table["training"].any()


def test_contradicting_rows_are_those_of_one_cell(tmp_path):
    table = simulate_ratings()
    again = table.iloc[[3, 9]].assign(score=[table["score"][3] - 1, table["score"][9] - 1])
    pd.concat([table, again]).to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(RatingsError, match=r"rows 5 and 242: .* twice with different scores"):
        read_file(tmp_path / "r.csv")


def test_senselab_like_table_is_read_by_a_map(tmp_path):
    lines = ["Assessor;Sample;System;Rep;Attribute;Rating"]
    lines += [
        f"A{n};s{i};{c};{rep};quality;{60 + n + rep},5"
        for n in range(3)
        for i in range(2)
        for c in "xy"
        for rep in (1, 2)
    ]
    columns = {"session": "Assessor", "item": "Sample", "condition": "System", "score": "Rating"}
    path = write(tmp_path, *lines)
    with pytest.raises(RatingsError, match="twice with different scores"):
        read_file(path, Mapping(columns=columns))
    table = read_file(path, Mapping(columns={**columns, "trial_position": "Rep"})).table
    assert len(table) == 3 * 2 * 2 * 2


def test_p808_toolkits_votes_are_read_by_a_map(tmp_path):
    lines = ["HITId,workerid,file,short_file_name,condition_name,vote"]
    lines += [
        f"h{n},w{n},https://x.org/{c}/{i}.wav,{i}.wav,{c},{1 + (n + i) % 5}"
        for n in range(4)
        for i in range(3)
        for c in ("noisy", "clean_up")
    ]
    columns = {
        "session": "workerid", "item": "short_file_name", "condition": "condition_name",
        "score": "vote",
    }  # fmt: skip
    ratings = read_file(write(tmp_path, *lines), Mapping(columns=columns, scale=(1, 5)))
    assert ratings.table["participant_code"].nunique() == 4
    assert set(ratings.table["item"]) == {"0.wav", "1.wav", "2.wav"}


def test_any_long_csv_by_naming_its_columns(tmp_path):
    lines = ["who\tsong\tsystem\trating", *(f"p{n}\ts\t{c}\t50" for n in range(3) for c in "ab")]
    path = write(tmp_path, *lines)
    columns = {"session": "who", "item": "song", "condition": "system", "score": "rating"}
    assert len(read_file(path, Mapping(columns=columns)).table) == 6
    with pytest.raises(RatingsError, match="--column session=subject"):
        read_file(path)
    with pytest.raises(RatingsError, match="no column 'singer'; its columns are who, song"):
        read_file(path, Mapping(columns={**columns, "session": "singer"}))


def test_map_file_names_labels_kinds_families_training_and_scale(tmp_path, ratings_csv):
    path = write(
        tmp_path,
        "scale = [0, 100]",
        '[conditions.clean]\nlabel = "Dry sound"\nkind = "control"',
        '[families]\n"item-0[01]" = "chorus"',
        '[training]\nitems = ["item-05"]',
        name="map.toml",
    )
    ratings = read_file(ratings_csv, read_mapping(path))
    table = ratings.table
    assert ratings.labels == {"clean": "Dry sound"}
    assert set(table.loc[table["condition"] == "clean", "kind"]) == {"control"}
    assert set(table.loc[table["item"] <= "item-01", "family"]) == {"chorus"}
    assert set(table.loc[table["training"], "item"]) == {"item-05"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown key 'colour'; known: columns, conditions"),
        ("scale = ", "not a TOML file"),
        ('[conditions.clean]\nkind = "dry"', "conditions.clean.kind"),
        ('[conditions.nothing]\nlabel = "x"', "no such conditions were rated"),
        ('[families]\n"song*" = "x"', "no such items were rated"),
    ],
)
def test_wrong_map_file_is_refused(tmp_path, ratings_csv, text, message):
    path = write(tmp_path, text, name="map.toml")
    with pytest.raises(RatingsError, match=message):
        read_file(ratings_csv, read_mapping(path))


def changed(**changes):
    """A writer of ratings with one thing wrong."""

    def make(folder):
        table = simulate_ratings()
        for column, value in changes.items():
            table[column] = table[column].astype(object)
            table.loc[4, column] = value
        table.to_csv(folder / "ratings.csv", index=False)
        return folder / "ratings.csv"

    return make


def doubled(folder):
    table = simulate_ratings()
    again = table.iloc[[3]].assign(score=table["score"][3] - 1)
    pd.concat([table, again]).to_csv(folder / "ratings.csv", index=False)
    return folder / "ratings.csv"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (changed(score=5000), "ratings.csv row 6: score 5000 is outside 0–100"),
        (changed(score="abc"), "ratings.csv row 6: score 'abc' is not a number"),
        (changed(score=""), "row 6: score .* is not a number"),
        (changed(score="inf"), "row 6: score .* is not a number"),
        (changed(plays="many"), "row 6: plays 'many' is not a number"),
        (changed(item=""), "row 6: item is empty"),
        (changed(kind="magic"), "row 6: unknown kind 'magic'; known: reference"),
        (changed(training="maybe"), "row 6: training 'maybe' is not true or false"),
        (changed(family="reverb"), "has more than one family"),
        (doubled, "rows 5 and 242: .* twice with different scores"),
        (changed(study="pilot"), "2 studies .*choose one with --study"),
        (lambda f: write(f, "a,b", "1"), "unknown columns a, b; known formats: webMUSHRA"),
        (lambda f: write(f, ""), "the file is empty"),
        (lambda f: write(f, "session,item,condition,score"), "no ratings yet"),
        (lambda f: write(f, "session,item,condition,score", "a,b"), "row 2: 2 cells where"),
        (lambda f: write(f, "x\0y"), "not a text file"),
        (lambda f: f, "Is a directory"),
    ],
)
def test_wrong_file_is_refused_with_row_and_fix(tmp_path, make, message):
    with pytest.raises(RatingsError, match=message) as error:
        read_file(make(tmp_path))
    assert "\n" not in str(error.value)


def test_rows_sent_twice_count_once_and_are_mentioned(tmp_path):
    table = simulate_ratings()
    pd.concat([table, table.iloc[[3, 7]]]).to_csv(tmp_path / "r.csv", index=False)
    ratings = read_file(tmp_path / "r.csv")
    assert len(ratings.table) == len(table)
    assert "2 rows were there twice and are counted once." in ratings.notes


def test_cells_that_all_scored_zero_are_pointed_out_and_left_out_on_request(tmp_path):
    table = simulate_ratings()
    absent = (table["item"] == "item-02") & (table["condition"] == "autofx_f")
    table.loc[absent, "score"] = 0
    table.to_csv(tmp_path / "r.csv", index=False)
    ratings = read_file(tmp_path / "r.csv")
    assert any("item-02, autofx_f" in note for note in ratings.notes)
    assert len(ratings.without_absent().table) == len(table) - absent.sum()


def test_unmarked_training_is_pointed_out(tmp_path):
    table = simulate_ratings()
    table["item"] = table["item"].replace("item-00", "Training 1")
    table.to_csv(tmp_path / "r.csv", index=False)
    notes = read_file(tmp_path / "r.csv").notes
    assert any("'Training 1' reads like training" in note for note in notes)


def test_two_sessions_of_one_participant_count_as_one_participant(tmp_path):
    table = simulate_ratings()
    table["participant"] = table["session"].replace({"session-001": "session-000"})
    table.to_csv(tmp_path / "r.csv", index=False)
    ratings = read_file(tmp_path / "r.csv")
    assert ratings.table["participant_code"].nunique() == 7
    assert any("took part more than once" in note for note in ratings.notes)


def test_one_study_of_several_is_chosen_by_name(tmp_path):
    table = simulate_ratings()
    table.loc[table["session"] > "session-003", "study"] = "second"
    url = store(table, tmp_path / "two.sqlite3")
    assert read_database(url, study="second").table["participant_code"].nunique() == 4
    with pytest.raises(RatingsError, match="no study 'third'; there are: demo, second"):
        read_database(url, study="third")


def test_file_of_another_encoding_is_read(tmp_path):
    lines = ["session,item,condition,score", *(f"p{n},café,{c},50" for n in range(3) for c in "ab")]
    table = read_file(write(tmp_path, *lines, encoding="cp1252")).table
    assert set(table["item"]) == {"café"}


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12)


@given(
    items=st.lists(CELL.filter(lambda t: t.strip()), min_size=2, max_size=4, unique_by=str.strip)
)
@settings(max_examples=40, deadline=None)
def test_item_names_survive_whatever_they_hold(tmp_path_factory, items):
    import csv

    path = tmp_path_factory.mktemp("names") / "r.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["session", "item", "condition", "score"])
        writer.writerows([[f"s{n}", item, "a", 50] for n in range(3) for item in items])
    table = read_file(path).table
    assert sorted(set(table["item"])) == sorted({item.strip() for item in items})
