"""Cells as values: printed for people, plain numbers for programs."""

import csv
import math

import pytest

from analysis.report.table_writer import Column, Table, escape_formula

NAN = float("nan")
TABLE = Table(
    "example",
    "An example",
    (
        Column("name", "Name"),
        Column("n", "n", "count"),
        Column("mean", "Mean", "points"),
        Column("ci", "95 % CI", "score_ci"),
        Column("p", "p", "p"),
        Column("share", "At top", "share"),
    ),
    (
        ("a|b_c", 12, -0.04, (91.234567891, 104.0), 1e-9, 0.604),
        ("=1+1", 3, NAN, (NAN, NAN), NAN, NAN),
        ("", 0, 5.25, None, 0.0123, 0.0),
    ),
)


def test_people_read_rounded_cells_and_marked_cuts():
    assert TABLE.printed() == [
        ["a|b_c", "12", "0.0", "[91.2, 100.0*]", "< .001", "60 %"],
        ["=1+1", "3", "–", "–", "–", "–"],
        ["–", "0", "5.2", "–", ".012", "0 %"],
    ]
    assert TABLE.full_caption == "An example; * cut at the end of the scale"


def test_programs_read_numbers_and_blanks():
    rows = list(csv.DictReader(TABLE.to_csv().splitlines()))
    assert rows[0] == {
        "name": "a|b_c", "n": "12", "mean": "-0.04", "ci_low": "91.23456789", "ci_high": "100",
        "p": "1e-09", "share": "0.604",
    }  # fmt: skip
    assert list(rows[1].values()) == ["'=1+1", "3", "", "", "", "", ""]
    numbers = [v for row in rows for k, v in row.items() if k != "name" and v]
    assert all(math.isfinite(float(v)) for v in numbers)


def test_a_difference_is_cut_at_the_length_of_the_scale():
    table = Table("d", "", (Column("ci", "CI", "difference_ci"),), (((-5.0, 3.9),),), (1.0, 5.0))
    assert table.printed() == [["[−4.00*, 3.90]"]]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "'x"])
def test_text_that_a_spreadsheet_would_run_is_escaped(text):
    assert escape_formula(text) == "'" + text


def test_markdown_and_latex_keep_their_markup():
    markdown = TABLE.to_markdown(note="Note. ").splitlines()
    assert markdown[0] == "Note. An example; * cut at the end of the scale"
    assert markdown[2:4] == [
        "| Name | n | Mean | 95 % CI | p | At top |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    assert markdown[4].startswith(r"| a\|b_c | 12 |")
    latex = TABLE.to_latex()
    assert r"\begin{tabular}{lrrrrr}" in latex
    assert r"a|b\_c & 12 & 0.0 & [91.2, 100.0*] & $<$ .001 & 60 \% \\" in latex
