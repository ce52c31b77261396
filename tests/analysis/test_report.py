"""The report's command: what it writes, that it repeats, and what it says when it can't."""

import json
import sqlite3
import subprocess
import sys

import pytest
from click.testing import CliRunner
from simulated_ratings import simulate_ratings, store

from analysis.report import main


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def report(folder, *arguments):
    result = run("-o", folder, *arguments)
    assert result.exit_code == 0, result.output
    return json.loads((folder / "results.json").read_text())


def test_estimated_beats_random_and_the_page_says_by_how_much(ratings_csv, tmp_path):
    results = report(tmp_path / "report", "--ratings", ratings_csv, "--primary", "mlp_163nc")
    primary = results["primary"]
    assert primary["comparison"] == "mlp_163nc - random"
    assert primary["ci_low"] < 62 - 33 < primary["ci_high"]
    assert primary["method"] == "crossed quasi-t"
    page = (tmp_path / "report" / "index.html").read_text()
    assert f"mlp_163nc is rated {primary['estimate']:.1f} points above random" in page


def test_database_and_csv_of_the_same_ratings_agree(ratings_csv, tmp_path):
    url = store(simulate_ratings(), tmp_path / "ratings.sqlite3")
    from_file = report(tmp_path / "a", "--ratings", ratings_csv)
    from_database = report(tmp_path / "b", "--database", url)
    assert from_database["primary"] == from_file["primary"]
    assert from_database["conditions"] == from_file["conditions"]


def test_same_input_and_seed_give_the_same_bytes(ratings_csv, tmp_path):
    for name in ("a", "b"):
        report(tmp_path / name, "--ratings", ratings_csv)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert {"index.html", "results.json", "ratings.csv"} <= {str(f) for f in files}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_page_needs_no_network(ratings_csv, tmp_path):
    report(tmp_path, "--ratings", ratings_csv)
    page = (tmp_path / "index.html").read_text()
    page = page.replace('"http://www.w3.org/2000/svg"', "").replace(
        '"http://www.w3.org/1999/xlink"', ""
    )
    assert "http" not in page
    assert "<script" not in page


def test_simulated_listeners_are_announced_and_real_ones_are_not(tmp_path):
    for simulated in (True, False):
        simulate_ratings(simulated=simulated).to_csv(tmp_path / "r.csv", index=False)
        results = report(tmp_path / "report", "--ratings", tmp_path / "r.csv")
        assert results["simulated"] is simulated
        page = (tmp_path / "report" / "index.html").read_text()
        assert ("made by a program, not by people" in page) is simulated


def test_a_condition_name_cannot_put_markup_into_the_page(tmp_path):
    table = simulate_ratings()
    table["condition"] = table["condition"].replace("random", "<b>random</b>")
    table.to_csv(tmp_path / "r.csv", index=False)
    report(tmp_path / "report", "--ratings", tmp_path / "r.csv")
    page = (tmp_path / "report" / "index.html").read_text()
    assert "<b>random" not in page
    assert "&lt;b&gt;random" in page


def empty_database(tmp_path):
    return store(simulate_ratings()[:0], tmp_path / "empty.sqlite3")


def foreign_database(tmp_path):
    with sqlite3.connect(tmp_path / "foreign.sqlite3") as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    return f"sqlite:///{tmp_path}/foreign.sqlite3"


def no_database(tmp_path):
    (tmp_path / "text.sqlite3").write_text("not a database, " * 100)
    return f"sqlite:///{tmp_path}/text.sqlite3"


@pytest.mark.parametrize(
    ("make", "mend"),
    [
        (empty_database, "let at least one listener finish a trial"),
        (foreign_database, "is this a listening test's database?"),
        (no_database, "file is not a database"),
        (lambda tmp_path: f"sqlite:///{tmp_path}/none.sqlite3", "run the listening test first"),
        (lambda tmp_path: "ratings.csv", "a CSV file goes to --ratings"),
    ],
)
def test_unusable_database_is_refused_in_one_line(make, mend, tmp_path):
    result = run("--database", make(tmp_path), "-o", tmp_path / "report")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert mend in result.output
    assert not (tmp_path / "report").exists()


def test_missing_file_is_refused_in_one_line(tmp_path):
    result = run("--ratings", tmp_path / "none.csv", "-o", tmp_path / "report")
    assert result.exit_code == 1
    assert result.output.splitlines() == [f"Error: {tmp_path}/none.csv: No such file or directory"]


def test_help_ends_in_an_example():
    assert "Example: python -m analysis.report" in run("--help").output.splitlines()[-1]


def test_importing_the_analysis_does_not_import_matplotlib():
    modules = "ratings reading formats scores crossed ranks inference findings report figures"
    code = "import sys; " + "; ".join(f"import analysis.{m}" for m in modules.split())
    code += "; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
