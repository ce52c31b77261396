"""Statements that reports of listening tests get wrong; each is checked on a made-up table."""

import csv
import io
import math
import re

import numpy as np
import pandas as pd
import pytest
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.options import Options
from analysis.report import apa
from analysis.report.check_tables import check_tables
from analysis.report.figures import FIGURES
from analysis.report.further_tables import further_tables
from analysis.report.methods_text import methods_paragraph, methods_sentences
from analysis.report.publish import escape_cells, publish
from analysis.report.results_json import summarise, versions
from analysis.report.tables import result_tables
from analysis.report.warnings import collect_warnings

NEW, THESE = "new listeners and new sounds", "these sounds only"


def changed(table=None, **where_equal):
    """Rows of a table (or of simulated ratings) that differ from the given values."""
    table = simulate_ratings() if table is None else table
    for name, value in where_equal.items():
        table = table[table[name] != value]
    return table.reset_index(drop=True)


def tables_of(findings):
    makers = (result_tables, check_tables, further_tables)
    return {t.name: t for make in makers for t in make(findings)}


def rows_of(findings, name):
    return list(csv.DictReader(io.StringIO(tables_of(findings)[name].to_csv())))


def statements(findings):
    """Every sentence of the page."""
    lines = [apa.answer(findings), apa.primary_paragraph(findings)]
    lines += [*apa.further_answers(findings), *collect_warnings(findings)]
    lines += [*methods_sentences(findings, versions())]
    lines += [figure.caption for figure in FIGURES]
    return [*lines, *(t.full_caption for t in tables_of(findings).values())]


def two_sounds():
    table = simulate_ratings()
    return findings_of(table[table["item"] < "item-02"].reset_index(drop=True))


def incomplete(share=0.2, **size):
    table = simulate_ratings(**size)
    return findings_of(table[np.random.default_rng(4).random(len(table)) > share])


def one_shared_sound():
    """Conditions ``autofx_f`` and ``random`` share one sound of six."""
    table = simulate_ratings()
    only = (table["condition"] == "random") & (table["item"] > "item-02")
    other = (table["condition"] == "autofx_f") & (table["item"] < "item-02")
    return findings_of(table[~(only | other)].reset_index(drop=True))


def test_family_question_in_an_incomplete_design_is_not_answered():
    findings = incomplete(participants=12, items=12)
    assert all(math.isnan(e.p_value) for e in findings.family_effects)
    text = " ".join(apa.further_answers(findings))
    assert "depends on the effect family cannot be tested with these data" in text
    assert "No dependence" not in text


def test_family_question_with_too_few_sounds_is_not_answered():
    findings = findings_of(items=4)
    assert {e.method for e in findings.family_effects} == {
        "not tested: too few sounds or participants"
    }


def test_two_sounds_carry_no_claim_about_new_sounds():
    findings = two_sounds()
    said = " ".join(statements(findings))
    assert "every result is for these sounds only" in said
    assert NEW not in said
    assert {row["holds_for"] for row in rows_of(findings, "planned")} == {THESE}


def test_a_familys_two_sounds_carry_no_claim_about_new_sounds():
    findings = findings_of()
    tables = tables_of(findings)
    assert [f.n_items for f in findings.families] == [2, 2, 2]
    for name in ("delay", "distortion", "modulation"):
        assert THESE in tables[f"planned-{name}"].caption
        assert NEW not in tables[f"planned-{name}"].caption


def test_friedman_holds_for_these_sounds_and_a_crossed_test_stands_beside_it():
    crossed, friedman = rows_of(findings_of(), "omnibus")
    assert (crossed["holds_for"], friedman["holds_for"]) == (NEW, THESE)
    assert friedman["test"].startswith("Friedman")


@pytest.mark.parametrize("constant", [0.1, 3.7])
def test_adding_a_constant_to_all_scores_changes_no_p_value(constant):
    table = simulate_ratings(participants=9)
    table["score"] = (table["score"] / 10).clip(0, 9).round()
    before = findings_of(table.assign(score=table["score"] + 60))
    after = findings_of(table.assign(score=table["score"] + 60 + constant))
    for a, b in zip(before.pairs.all, after.pairs.all, strict=True):
        assert b.fixed_items.p_wilcoxon == pytest.approx(a.fixed_items.p_wilcoxon, rel=1e-9)
    assert after.friedman.p_value == pytest.approx(before.friedman.p_value, rel=1e-9)
    ranks = [f.robustness[0].p_value for f in (before, after)]
    assert ranks[0] == pytest.approx(ranks[1], rel=1e-9)


def test_pairs_with_one_shared_sound_stand_apart():
    findings = one_shared_sound()
    (pair,) = findings.pairs.few_sounds
    assert {pair.a, pair.b} == {"autofx_f", "random"}
    tables = tables_of(findings)
    assert "autofx_f − random" not in tables["planned"].to_markdown()
    assert NEW in tables["planned"].caption
    assert THESE in tables["pairwise-few-sounds"].caption
    (row,) = rows_of(findings, "pairwise-few-sounds")
    assert (row["sounds"], row["test"]) == ("1", "paired t on participant means")


def test_every_comparison_names_its_numbers_its_test_and_whom_it_holds_for():
    for findings in (findings_of(), incomplete(), one_shared_sound(), two_sounds()):
        for name, table in tables_of(findings).items():
            if not name.startswith(("planned", "pairwise", "estimators", "screening-rules")):
                continue
            for row in rows_of(findings, name):
                if row["participants"] == "0":
                    assert row["test"] == "nobody rated both with the same sound"
                    assert (row["estimate"], row["p"], row["holds_for"]) == ("", "", "")
                    continue
                assert int(row["participants"]) > 0, name
                assert int(row["sounds"]) > 0, name
                assert row["test"], name
                assert row["holds_for"] in (NEW, THESE), name
            named = re.search(r"\d+ participants, .*\d+ sounds?, for ", table.caption)
            assert named or name == "screening-rules" or "no test is possible" in table.caption


def test_methods_name_no_agreement_that_was_not_measured():
    findings = findings_of(participants=2)
    assert not findings.reliability
    assert "ICC" not in methods_paragraph(findings, versions())
    assert "ICC(2,1)" in methods_paragraph(findings_of(), versions())


def test_methods_give_the_degrees_of_freedom_that_were_used():
    findings = incomplete(participants=10, items=9)
    assert {c.crossed.method for c in findings.pairs.all} == {"two-way clustered"}
    assert {c.crossed.df for c in findings.pairs.all} == {9 - 3}
    assert "df = 6)" in methods_paragraph(findings, versions())


def test_methods_name_no_primary_comparison_where_there_is_none():
    table = simulate_ratings(conditions={"x": ("", 40.0), "y": ("", 60.0), "z": ("", 50.0)})
    text = methods_paragraph(findings_of(table), versions())
    assert "No primary comparison was defined." in text
    assert "planned comparisons" not in text


@pytest.mark.parametrize("participants", [1, 2])
def test_with_fewer_than_three_participants_there_is_no_p_value_anywhere(participants):
    findings = findings_of(participants=participants)
    assert "nothing is tested" in " ".join(collect_warnings(findings))
    for name in tables_of(findings):
        for row in rows_of(findings, name):
            assert not row.get("p"), (name, row)
            assert not row.get("p_holm"), (name, row)
    assert not re.search(r"\bp [=<]", " ".join(statements(findings)))


def test_with_fewer_than_three_participants_no_equality_is_claimed():
    said = " ".join(statements(findings_of(participants=2, table=None)))
    for claim in ("no difference", "No dependence", "remains open", "Equivalent"):
        assert claim not in said


def test_a_random_condition_that_was_never_played_is_no_headline():
    table = simulate_ratings()
    table["training"] = table["condition"] == "nothing"
    only = table["condition"] == "random"
    table = table[~(only & (table["item"] > "item-00"))].reset_index(drop=True)
    other = table["condition"].isin(["autofx_f", "mlp_163nc"]) & (table["item"] == "item-00")
    findings = findings_of(table[~other].reset_index(drop=True))
    assert findings.primary is None
    assert "No estimated condition was rated together with random" in apa.answer(findings)


def test_what_could_not_be_compared_is_blank():
    table = simulate_ratings()
    table = table[~((table["condition"] == "random") & (table["item"] > "item-02"))]
    table = table[~((table["condition"] == "clean") & (table["item"] < "item-03"))]
    findings = findings_of(table.reset_index(drop=True))
    (row,) = [r for r in rows_of(findings, "pairwise") if r["comparison"] == "clean − random"]
    empty = ("estimate", "ci_low", "ci_high", "t", "df", "p", "d_z", "rank_biserial")
    assert [row[name] for name in (*empty, "prefer_first")] == [""] * 9


def zero_variance(seed):
    """No participant or item effects: a mean square often falls below the residual one."""
    rng = np.random.default_rng(seed)
    table = simulate_ratings(participants=6, items=6, simulated=False).assign(family="")
    noise = pd.Series(rng.normal(0, 12, len(table)))
    level = table["condition"].map({"autofx_f": 55.0, "random": 45.0}).fillna(50.0)
    return table.assign(score=(level + noise).clip(0, 100))


def test_mixed_model_raises_no_alarm_where_a_variance_component_is_zero():
    seen = 0
    for seed in range(12):
        findings = findings_of(zero_variance(seed))
        e = findings.primary.crossed
        if min(e.sd_participant, e.sd_item) == 0:
            seen += 1
            assert findings.mixed.status.startswith("agrees"), (seed, findings.mixed)
            assert not any("mixed model" in w for w in collect_warnings(findings))
    assert seen >= 3


def test_mixed_model_that_disagrees_gives_the_reason(monkeypatch):
    from analysis.stats import mixed_model

    monkeypatch.setattr(mixed_model, "_fit", lambda *_: (3.0, 1.0, (4.0, 4.0, 8.0)))
    findings = findings_of()
    assert re.search(r"disagrees: it estimates 3.00 instead of \d+\.\d\d", findings.mixed.status)
    assert any("it estimates 3.00 instead of" in w for w in collect_warnings(findings))


def test_intervals_end_with_the_scale_and_the_cut_is_marked():
    table = simulate_ratings(participants=3, items=3)
    reference = table["condition"] == "reference"
    table.loc[reference, "score"] = np.where(
        table.loc[reference, "session"] > "session-001", 70, 100
    )
    findings = findings_of(table)
    assert {d.condition: d for d in findings.descriptions}["reference"].mean.ci_high > 100
    row = {r["condition"]: r for r in rows_of(findings, "conditions")}["reference"]
    assert float(row["ci_high"]) == 100
    table = tables_of(findings)["conditions"]
    assert "100.0*]" in table.to_markdown()
    assert table.full_caption.endswith("* cut at the end of the scale")


def test_a_pair_has_one_corrected_p_value():
    findings = findings_of()
    names = ("planned", "estimators", "pairwise")
    pairs = [frozenset(r["comparison"].split(" − ")) for n in names for r in rows_of(findings, n)]
    assert len(pairs) == len(set(pairs)) == 10
    assert {(c.question, c.m) for c in findings.pairs.all} == {
        ("planned", 2), ("among the estimators", 1), ("other pairs", 7),
    }  # fmt: skip
    text = methods_paragraph(findings, versions())
    assert "planned comparisons with random (m = 2)" in text
    assert "other pairs (exploratory) (m = 7)" in text


def test_headline_is_corrected_unless_the_primary_was_named_beforehand():
    table = simulate_ratings(participants=5, seed=3)
    table["score"] = np.where(
        table["condition"] == "autofx_f", (table["score"] - 20).clip(0), table["score"]
    )
    plain, named = findings_of(table), findings_of(table, Options(primary="autofx_f"))
    p, which = apa.headline_p(plain)
    assert (p, which) == (
        plain.primary.p_holm,
        " after Holm's correction over 2 planned comparisons",
    )
    p, which = apa.headline_p(named)
    assert (p, which) == (named.primary.crossed.p_value, ", named beforehand and not corrected")
    assert which in apa.answer(named)


def test_constant_scores_are_pointed_out_and_not_tested():
    table = simulate_ratings()
    findings = findings_of(table.assign(score=50.0))
    said = " ".join(collect_warnings(findings))
    assert "All ratings of a condition are equal" in said
    assert "without variation nothing is tested" in said
    assert not any(c.crossed.tested for c in findings.pairs.all)
    assert (
        "were rated the same by 8 participants (all differences are equal: no test)"
        in apa.answer(findings)
    )


def test_a_constant_difference_is_pointed_out_and_not_tested():
    table = simulate_ratings().sort_values(["session", "item", "condition"])
    base = table.loc[table["condition"] == "random", "score"].clip(0, 80)
    table.loc[table["condition"] == "autofx_f", "score"] = base.to_numpy() + 20
    table.loc[table["condition"] == "random", "score"] = base
    findings = findings_of(table.reset_index(drop=True))
    assert not findings.primary.crossed.tested
    assert "autofx_f − random, 20.0 points" in " ".join(collect_warnings(findings))


def test_methods_give_alpha_session_length_and_exclusions_with_reasons():
    table = simulate_ratings()
    careless = (table["session"] == "session-002") & (table["condition"] == "reference")
    table.loc[careless, "score"] = 20
    findings = findings_of(table, Options(exclude="rank"))
    text = methods_paragraph(findings, versions())
    assert "two-sided at α = .05" in text
    first = table.drop_duplicates(["session", "item"])
    minutes = first.groupby("session")["trial_time_s"].sum() / 60
    assert f"took {minutes.median():.1f} min (median" in text
    assert "1 participant was excluded (P03: hidden reference not first in 100 % of trials)" in text


def test_left_out_rows_carry_their_reason_and_no_formula_survives(tmp_path):
    table = simulate_ratings()
    table["training"] = table["item"] == "item-00"
    careless = (table["session"] == "session-002") & (table["condition"] == "reference")
    table.loc[careless, "score"] = 20
    table["item"] = table["item"].replace("item-01", "=HYPERLINK(1)")
    publish(findings_of(table, Options(exclude="rank")), tmp_path, command="", figures=())
    excluded = pd.read_csv(tmp_path / "excluded.csv")
    assert set(
        excluded.loc[excluded["training"] & (excluded["participant_code"] != "P03"), "reason"]
    ) == {"training trial"}
    reasons = excluded.loc[excluded["participant_code"] == "P03", "reason"]
    assert set(reasons) == {"hidden reference not first in 100 % of trials"}
    assert "'=HYPERLINK(1)" in set(pd.read_csv(tmp_path / "ratings.csv")["item"])


def test_no_cell_of_the_reports_ratings_is_a_formula(tmp_path):
    table = simulate_ratings()
    texts = ["study", "session", "participant", "item", "family", "condition", "comment"]
    table[texts] = "=" + table[texts]
    table["training"] = table["item"] == "=item-00"
    publish(findings_of(table), tmp_path, command="", figures=(), keep_identifiers=True)
    for name in ("ratings.csv", "excluded.csv"):
        with (tmp_path / name).open(newline="") as file:
            header, *rows = csv.reader(file)
        assert {row[header.index("session")][:2] for row in rows} == {"'="}
        assert not [cell for row in rows for cell in row if cell.startswith("=")]


@pytest.mark.parametrize("dtype", [object, str, "category"])
def test_a_reports_header_and_texts_of_any_dtype_are_escaped(dtype):
    table = pd.DataFrame({"=A1": pd.Series(["@x", "plain"], dtype=dtype), "score": [-1.0, 2.0]})
    lines = escape_cells(table).to_csv(index=False).splitlines()
    assert lines == ["'=A1,score", "'@x,-1.0", "plain,2.0"]


def test_results_json_gives_question_test_and_claim_of_every_pair():
    for pair in summarise(one_shared_sound())["pairwise"]:
        assert pair["question"] in ("planned", "among the estimators", "other pairs", "few sounds")
        assert pair["holds_for"] == (THESE if pair["n_items"] < 3 else NEW)


def different_participants():
    """The two estimated conditions were each heard by other participants."""
    table = simulate_ratings(participants=10)
    first = table["session"] < "session-005"
    gone = (first & (table["condition"] == "autofx_f")) | (
        ~first & (table["condition"] == "mlp_163nc")
    )
    return findings_of(table[~gone].reset_index(drop=True))


def test_conditions_heard_by_different_participants_are_compared_apart():
    findings = different_participants()
    (row,) = rows_of(findings, "unpaired")
    assert row["comparison"] == "autofx_f − mlp_163nc"
    assert (row["participants_first"], row["participants_second"]) == ("5", "5")
    assert (row["shared_sounds"], row["test"], row["holds_for"]) == ("6", "two-way clustered", NEW)
    (blank,) = [r for r in rows_of(findings, "estimators") if r["comparison"] == row["comparison"]]
    assert (blank["estimate"], blank["p"]) == ("", "")


DATA_SETS = {
    "plain": findings_of,
    "two participants": lambda: findings_of(participants=2),
    "two sounds": two_sounds,
    "one shared sound": one_shared_sound,
    "missing cells": incomplete,
    "excluded": lambda: findings_of(options=Options(exclude="bs1534")),
    "margin": lambda: findings_of(options=Options(margin=5.0)),
    "no kinds": lambda: findings_of(
        simulate_ratings(conditions={"x": ("", 40.0), "y": ("", 60.0), "z": ("", 50.0)})
    ),
    "no reference": lambda: findings_of(changed(condition="reference")),
    "halves of the participants": different_participants,
    "no families": lambda: findings_of(simulate_ratings().assign(family="")),
    "no times": lambda: findings_of(simulate_ratings().assign(trial_time_s=np.nan)),
    "all equal": lambda: findings_of(simulate_ratings().assign(score=50.0)),
}


@pytest.mark.parametrize("name", DATA_SETS)
def test_each_sentence_of_the_methods_is_true(name):
    f = DATA_SETS[name]()
    text = " ".join(methods_sentences(f, versions()))
    methods = [c.crossed.method for c in f.pairs.all if c.crossed.tested]
    facts = {
        "crossed quasi-t with": "crossed quasi-t" in methods,
        "with missing cells": "two-way clustered" in methods,
        "paired t-test on participant means": "paired t on participant means" in methods,
        "No pair of conditions could be tested": not methods,
        "All tests are two-sided": bool(methods),
        "ICC(2,1)": bool(f.reliability),
        "Friedman": f.friedman is not None,
        "quasi-F test with Greenhouse–Geisser": f.omnibus is not None
        and math.isfinite(f.omnibus.p_value),
        "depends on the effect family": any(math.isfinite(e.p_value) for e in f.family_effects),
        "within effect families": bool(f.families) and "crossed quasi-t" in methods,
        "No primary comparison": f.primary is None,
        "linear mixed model": f.mixed is not None and f.mixed.converged,
        "Equivalence": bool(f.equivalences),
        "cumulative logit": any(o.status == "fitted" for o in f.ordinal),
        "Bayes factor": f.bayes is not None,
        "Bonferroni's method": f.simultaneous is not None,
        "without common trials": any(c.estimate.tested for c in f.unpaired),
        "they are conservative": (f.omnibus is not None and math.isfinite(f.omnibus.p_value))
        or any(math.isfinite(e.p_value) for e in f.family_effects)
        or any(c.crossed.tested for x in f.families for c in x.planned)
        or any(c.estimate.tested for c in f.unpaired),
        "min (median": f.ratings.table["trial_time_s"].notna().any(),
        "were not screened": bool(f.screening.impossible),
        "planned comparisons with": any(c.m > 1 for c in f.pairs.planned),
    }
    for sentence, true in facts.items():
        assert (sentence in text) == bool(true), (sentence, text)
    for method, words in (
        ("crossed quasi-t", "tested by a crossed"),
        ("two-way clustered", "with missing"),
    ):
        if method in methods:
            assert re.search(rf"\b{methods.count(method)} comparisons? [^.]*{words}", text), text
    assert text.startswith(f"{len(f.everyone.participants)} simulated participants rated ")
    assert not re.search(r"\b1 (participant|sound|rating|condition|comparison)s\b|\(s\)", text)
