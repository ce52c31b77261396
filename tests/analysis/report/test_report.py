"""The report: what it says, what it writes, that it repeats, and what it says when it can't."""

import csv
import json
import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.simulated_ratings import findings_of, simulate_ratings, store

from analysis.analyse import analyse
from analysis.compare_sets import compare_sets, split_by_time
from analysis.options import Options
from analysis.ratings.readers import read_database, read_file
from analysis.ratings.table import RatingsError, check
from analysis.report import results_json
from analysis.report.__main__ import main
from analysis.report.apa import answer, comparison_sentence, p_value
from analysis.report.figures import FIGURES
from analysis.report.publish import publish
from analysis.report.style import encode
from analysis.report.tables import result_tables
from analysis.report.warnings import collect_warnings

pytestmark = pytest.mark.slow


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The same report written twice."""
    folder = tmp_path_factory.mktemp("reports")
    table = simulate_ratings()
    table.to_csv(folder / "ratings.csv", index=False)
    for name in ("a", "b"):
        source = ["--ratings", folder / "ratings.csv", "-o", folder / name]
        result = run(*source, "--primary", "mlp_163nc", "--margin", 6)
        assert result.exit_code == 0, result.output
    return folder


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_estimated_beats_random_and_the_page_says_by_how_much(twice):
    primary = results(twice / "a")["primary"]
    assert primary["comparison"] == "mlp_163nc - random"
    assert primary["ci_low"] < 62 - 33 < primary["ci_high"]
    assert primary["method"] == "crossed quasi-t"
    page = (twice / "a" / "index.html").read_text()
    assert f"mlp_163nc is rated {primary['estimate']:.1f} points above random" in page


def test_results_have_the_keys_of_the_contract(twice):
    summary = results(twice / "a")
    assert {
        "schema", "inputs", "versions", "seed", "screening", "n_listeners", "n_items", "n_ratings",
        "simulated", "primary", "conditions", "by_family", "pairwise", "omnibus", "mixed_model",
        "reliability", "warnings",
    } <= set(summary)  # fmt: skip
    pair = {"a", "b", "estimate", "ci_low", "ci_high", "p_value", "p_holm", "effect_size"}
    assert all(pair <= set(p) for p in summary["pairwise"])
    assert {"n", "median", "q1", "q3", "mean", "ci_low", "ci_high"} <= set(
        summary["conditions"]["random"]
    )
    assert len(summary["pairwise"]) == 10
    assert set(summary["by_family"]) == {"modulation", "delay", "distortion"}


def test_every_key_of_the_results_is_documented(twice):
    documented = set(re.findall(r"\w+", results_json.__doc__))
    summary = results(twice / "a")
    head = results_json.__doc__.split("===\n")[2]
    listed = re.findall(r"^([a-z_, ]+?)(?:  +|$)", head, re.M)
    assert set(summary) == {name for line in listed for name in line.split(", ") if name.strip()}
    for part in ("primary", "inputs", "screening"):
        missing = set(summary[part]) - documented
        assert not missing, (part, missing)
    for part in ("sounds", "sound_differences", "planned", "family_by_condition", "robustness"):
        missing = set(summary[part][0]) - documented
        assert not missing, (part, missing)


def test_database_and_csv_of_the_same_ratings_agree(tmp_path, ratings_csv):
    url = store(simulate_ratings(), tmp_path / "ratings.sqlite3")
    from_file, from_database = analyse(read_file(ratings_csv)), analyse(read_database(url))
    assert from_database.primary.crossed == from_file.primary.crossed
    assert from_database.descriptions == from_file.descriptions
    assert from_database.screening.excluded("both") == from_file.screening.excluded("both")


def test_same_input_and_seed_give_the_same_bytes(twice):
    files = sorted(p.relative_to(twice / "a") for p in (twice / "a").rglob("*.*"))
    assert {"index.html", "results.json", "ratings.csv"} <= {str(f) for f in files}
    for file in files:
        assert (twice / "a" / file).read_bytes() == (twice / "b" / file).read_bytes(), file


def test_page_stands_alone(twice):
    page = (twice / "a" / "index.html").read_text()
    for namespace in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"):
        page = page.replace(namespace, "")
    assert "http" not in page
    assert "<script" not in page
    assert page.count("<svg") == 2 * len(list((twice / "a" / "figures").glob("*.svg")))


def test_ids_of_inline_figures_do_not_clash(twice):
    page = (twice / "a" / "index.html").read_text()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'(?:href="|url\()#([^")]+)', page))
    assert references <= set(ids)


def test_figures_and_tables_come_in_every_form(twice):
    for kind in ("svg", "pdf", "png"):
        assert len(list((twice / "a" / "figures").glob(f"*.{kind}"))) == 10
    tex = (twice / "a" / "tables" / "planned.tex").read_text()
    assert r"\toprule" in tex
    assert r"mlp\_163nc" in tex
    with (twice / "a" / "tables" / "planned.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0][:4] == ["comparison", "estimate", "ci_low", "ci_high"]
    assert len(rows) == 3


def test_identifiers_stay_out_of_the_report_unless_asked_for(tmp_path):
    table = simulate_ratings()
    table["participant"] = table["session"].map(lambda s: f"{s}@example.org")
    table["comment"] = "call me"
    for asked in (False, True):
        folder = tmp_path / str(asked)
        publish(findings_of(table), folder, command="", figures=(), keep_identifiers=asked)
        text = "".join(p.read_text() for p in folder.rglob("*.*"))
        assert ("example.org" in text) is asked
        assert ("call me" in text) is asked


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_participants_are_announced_and_real_ones_are_not(tmp_path, simulated):
    findings = findings_of(simulated=simulated)
    publish(findings, tmp_path, command="", figures=FIGURES[:1])
    assert results(tmp_path)["simulated"] is simulated
    page = (tmp_path / "index.html").read_text()
    assert ("made by a program, not by people" in page) is simulated
    assert (
        "Simulated participants" in (tmp_path / "figures/conditions.svg").read_text()
    ) is simulated
    assert ("Simulated" in (tmp_path / "tables/planned.tex").read_text()) is simulated


def test_real_and_simulated_participants_are_never_mixed_silently():
    table = simulate_ratings()
    table["simulated"] = table["session"] >= "session-005"
    real = findings_of(table)
    assert len(real.scores.participants) == 5
    assert not real.simulated
    assert any("3 simulated participants" in note for note in real.ratings.notes)
    assert len(findings_of(table, Options(participants="simulated")).scores.participants) == 3
    both = findings_of(table, Options(participants="all"))
    assert any("3 of 8 participants are simulated" in c for c in collect_warnings(both))


def test_a_condition_name_cannot_put_markup_into_the_page(tmp_path):
    table = simulate_ratings()
    table["condition"] = table["condition"].replace("random", "<b>random</b>")
    table["study"] = "<script>alert(1)</script>"
    publish(findings_of(table), tmp_path, command="<i>", figures=FIGURES[:1])
    page = (tmp_path / "index.html").read_text()
    assert "<b>random" not in page
    assert "<script>" not in page
    assert "&lt;b&gt;random" in page


def test_a_cell_cannot_become_a_formula():
    table = simulate_ratings()
    table["condition"] = table["condition"].replace("random", "=1+1")
    rows = csv.reader(result_tables(findings_of(table))[0].to_csv().splitlines())
    assert [row[0] for row in rows][2] == "'=1+1"


def test_training_trials_do_not_count():
    table = simulate_ratings()
    table["training"] = table["item"] == "item-00"
    table.loc[table["training"] & (table["condition"] == "random"), "score"] = 100
    findings = findings_of(table)
    assert len(findings.scores.items) == 5
    rest = findings_of(table[~table["training"]].reset_index(drop=True))
    assert findings.primary.crossed == rest.primary.crossed


def test_excluded_participants_leave_the_analysis_and_are_written_apart(tmp_path):
    table = simulate_ratings()
    careless = (table["session"] == "session-002") & (table["condition"] == "reference")
    table.loc[careless, "score"] = 20
    findings = findings_of(table, Options(exclude="rank"))
    assert findings.excluded == ("P03",)
    assert findings.primary.crossed.n_participants == 7
    assert findings.screened["none"].crossed.n_participants == 8
    publish(findings, tmp_path, command="", figures=())
    assert set(pd.read_csv(tmp_path / "excluded.csv")["session"]) == {"session-002"}
    assert len(pd.read_csv(tmp_path / "ratings.csv")) == 7 * 6 * 5


def test_too_few_participants_get_a_page_without_a_test(tmp_path):
    findings = findings_of(participants=2)
    publish(findings, tmp_path, command="", figures=FIGURES)
    assert "fewer than 3 participants: no test" in (tmp_path / "index.html").read_text()
    assert results(tmp_path)["primary"]["p_value"] is None


def test_without_kinds_every_pair_is_explored_and_nothing_is_claimed(tmp_path):
    table = simulate_ratings(conditions={"x": ("", 40.0), "y": ("", 60.0), "z": ("", 50.0)})
    findings = findings_of(table)
    publish(findings, tmp_path, command="", figures=FIGURES)
    assert results(tmp_path)["primary"] is None
    assert "No primary comparison is defined" in answer(findings)
    assert len(results(tmp_path)["pairwise"]) == 3


def test_every_figure_can_be_drawn_without_a_date():
    findings = findings_of(participants=4)
    names = []
    for figure in FIGURES:
        kept = []
        figure.draw(findings, lambda f, kept=kept: kept.append(encode(f, dpi=40)))
        if kept:
            names.append(figure.name)
            assert b"<dc:date>" not in kept[0]["svg"], figure.name
            assert b"CreationDate" not in kept[0]["pdf"], figure.name
    assert names == [
        figure.name for figure in FIGURES if figure.name not in ("objective", "parameter-errors")
    ]


def test_two_sets_of_the_same_world_do_not_differ_and_other_worlds_do():
    first, second = findings_of(seed=1, participants=12), findings_of(seed=2, participants=12)
    changes = {c.what: c for c in compare_sets(first, second)}
    same = changes["autofx_f − random"]
    assert same.ci_low < 0 < same.ci_high
    worse = {
        "reference": ("reference", 97.0),
        "autofx_f": ("estimated", 36.0),
        "random": ("random", 33.0),
    }
    third = findings_of(seed=3, participants=12, conditions=worse)
    changed = {c.what: c for c in compare_sets(first, third)}["autofx_f − random"]
    assert changed.ci_high < -15
    assert changed.p_value < 0.001


def test_participants_are_split_by_their_first_rating():
    ratings = check(simulate_ratings(), source="r", sha256="")
    before, after = split_by_time(ratings, "2026-11-05")
    assert (
        before.table["participant_code"].nunique() == after.table["participant_code"].nunique() == 4
    )
    assert not set(before.table["participant_code"]) & set(after.table["participant_code"])
    with pytest.raises(RatingsError, match="no participant before 2020"):
        split_by_time(ratings, "2020-01-01")
    with pytest.raises(RatingsError, match="cannot split by time"):
        split_by_time(ratings, "yesterday-ish")


def test_comparison_of_two_sets_is_in_the_report(tmp_path, ratings_csv):
    other = tmp_path / "other.csv"
    simulate_ratings(seed=9).to_csv(other, index=False)
    result = run("--ratings", ratings_csv, "--compare", other, "-o", tmp_path / "r")
    assert result.exit_code == 0, result.output
    assert "other.csv" in (tmp_path / "r" / "tables" / "compared.md").read_text()
    assert results(tmp_path / "r")["compared"]


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0312, "= .031"), (1e-9, "< .001"), (0.9999, "= .999"), (1.0, "= 1.000"),
     (float("nan"), "not tested")],
)  # fmt: skip
def test_p_values_are_written_as_the_apa_manual_asks(p, text):
    assert p_value(p) == text


def test_sentence_holds_estimate_interval_t_df_p_and_effect_size():
    assert re.fullmatch(
        r"mean difference \d+\.\d points, 95 % CI \[\d+\.\d, \d+\.\d\], "
        r"t\(\d+(\.\d)?\) = \d+\.\d\d, p [<=] \.\d{3}, d_z = \d+\.\d\d",
        comparison_sentence(findings_of().primary),
    )


def test_rows_in_another_order_give_the_same_numbers():
    table = simulate_ratings()
    shuffled = table.iloc[np.random.default_rng(1).permutation(len(table))].reset_index(drop=True)
    a, b = findings_of(table), findings_of(shuffled)
    assert b.primary.crossed.p_value == pytest.approx(a.primary.crossed.p_value, rel=1e-9)
    assert b.reliability[0].icc_single == pytest.approx(a.reliability[0].icc_single)


def test_renamed_conditions_give_the_same_numbers():
    table = simulate_ratings()
    renamed = table.assign(condition="x_" + table["condition"], item="y_" + table["item"])
    a, b = findings_of(table), findings_of(renamed)
    assert b.primary.crossed == a.primary.crossed
    assert b.omnibus == a.omnibus


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
    ("make", "fix"),
    [
        (empty_database, "let at least one participant finish a trial"),
        (foreign_database, "is this a listening test's database?"),
        (no_database, "file is not a database"),
        (lambda tmp_path: f"sqlite:///{tmp_path}/none.sqlite3", "run the listening test first"),
        (lambda tmp_path: "ratings.csv", "a CSV file goes to --ratings"),
        (lambda tmp_path: "postgresql://me:secret@localhost:1/x", "cannot read ratings_long"),
    ],
)
def test_unusable_database_is_refused_in_one_line(make, fix, tmp_path):
    result = run("--database", make(tmp_path), "-o", tmp_path / "report")
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert fix in result.output
    assert "secret" not in result.output
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ratings", "none.csv"], "none.csv: No such file or directory"),
        (["--primary", "nothing"], "no condition 'nothing' was rated; there are: autofx_f, clean"),
        (["--column", "score"], "is not OURS=THEIRS"),
        (["--scale", "100", "0"], "must run from its low to its high end, got 100 0"),
        (["--scale", "1", "5"], "is outside 1–5"),
        (["--participants", "real"], "no real participants"),
        (["--map", "none.toml"], "none.toml: No such file"),
        (["--manifest", "none.json"], "none.json: No such file"),
        (["--training", "item*"], "only training trials"),
        (["--compare", "a.csv", "--split-at", "2026-01-01"], "ask one at a time"),
    ],
)
def test_wrong_option_is_refused_in_one_line(arguments, message, ratings_csv):
    result = run("--ratings", ratings_csv, *arguments)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert message in result.output


def test_folder_that_cannot_be_written_is_refused_in_one_line(ratings_csv, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("--ratings", ratings_csv, "-o", tmp_path / "file" / "report")
    assert result.exit_code == 1
    assert result.output.splitlines() == [f"Error: {tmp_path}/file/report: Not a directory"]


def test_help_ends_in_an_example():
    assert "Example: python -m analysis.report" in run("--help").output.splitlines()[-1]


ODD = {
    "constant participant": lambda t: t.assign(
        score=t["score"].where(t["session"] > "session-000", 5)
    ),
    "all scores equal": lambda t: t.assign(score=50.0),
    "one rating": lambda t: t[:1],
    "one condition": lambda t: t[t["condition"] == "random"],
    "nine in ten missing": lambda t: t.sample(frac=0.1, random_state=1),
    "balanced halves": lambda t: t[
        (t["session"].str[-1].astype(int) + t["item"].str[-1].astype(int)) % 2 == 0
    ],
    "never in one trial": lambda t: t[(t["condition"] == "random") == (t["item"] > "item-02")],
    "some families unknown": lambda t: t.assign(
        family=t["family"].where(t["item"] > "item-02", "")
    ),
    "odd names": lambda t: t.assign(
        condition=t["condition"].replace({"random": "$$", "autofx_f": "a$b_{x}^2 & <é> %"}),
        family=t["family"].replace("delay", "../delay/$y"),
    ),
    "no positions": lambda t: t.assign(trial_position=np.nan, trial_time_s=np.nan),
    "two random conditions": lambda t: t.assign(
        kind=t["kind"].where(t["condition"] != "clean", "random")
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_get_a_whole_report(name, tmp_path):
    findings = findings_of(ODD[name](simulate_ratings()).reset_index(drop=True), Options(margin=5))
    publish(findings, tmp_path / "report", command="", figures=())
    json.loads((tmp_path / "report" / "results.json").read_text())
    assert all(path.parent.parent == tmp_path / "report" for path in tmp_path.rglob("*.tex"))
    for figure in FIGURES:
        figure.draw(findings, lambda drawn: drawn.draw_without_rendering())
