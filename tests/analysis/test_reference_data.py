"""Real ratings with answers by R: a public webMUSHRA test, and a 1–5 test that must be refused.

The data lie beside the project, not in it; these tests run where they are.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.analyse import analyse
from analysis.options import Options
from analysis.ratings.readers import ConditionMap, Mapping, read_file
from analysis.ratings.table import RatingsError
from analysis.report.__main__ import main
from analysis.stats.mixed_model import check_by_mixed_model
from analysis.stats.nonparametric import EXACT, friedman
from analysis.stats.reliability import measure_reliability
from analysis.stats.sensitivity import crossed_bootstrap

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="reference data not beside the project"),
]
PERMUTATION = 0.02
BOOTSTRAP_POINTS = 0.5
RANK_TOLERANCE = 0.003  # the stored answers rank means whose last bits break ties
ROOT_TOLERANCE = 1e-4  # R finds the pseudo-median by uniroot where there are ties


@pytest.fixture(scope="module")
def expected():
    return json.loads((DATA / "stahl2023_ambisonics" / "reference.json").read_text())["answers"][
        "all"
    ]


@pytest.fixture(scope="module")
def findings():
    mapping = Mapping(
        conditions={"Mono": ConditionMap(kind="anchor")},
        families={f"*_{name}": name for name in ("anech", "medrev", "strongrev")},
    )
    path = DATA / "stahl2023_ambisonics" / "webmushra_results.csv"
    return analyse(read_file(path, mapping))


def test_counts(findings, expected):
    counts = expected["counts"]
    assert len(findings.scores.participants) == counts["listeners"]
    assert len(findings.scores.items) == counts["items"]
    assert sum(d.n for d in findings.descriptions) == counts["ratings"]


def test_descriptives(findings, expected):
    for d in findings.descriptions:
        witness = expected["conditions"][d.condition]
        got = (d.n, d.median, d.q1, d.q3, d.mean.estimate, d.sd, d.share_at_top, d.share_at_bottom)
        names = ("n", "median", "q1", "q3", "mean", "sd", "frac_at_100", "frac_at_0")
        assert got == pytest.approx([witness[n] for n in names], abs=1e-6)


def test_descriptives_by_family(findings, expected):
    for family in findings.families:
        for d in family.descriptions:
            witness = expected["per_class"][family.family][d.condition]
            assert (d.n, d.median) == (witness["n"], witness["median"])
            assert d.mean.estimate == pytest.approx(witness["mean"], abs=1e-6)


def test_friedman_and_concordance(findings, expected):
    for got, name in ((findings.friedman_all, "all"), (findings.friedman, "sut")):
        witness = expected[f"friedman_listener_means_{name}"]
        assert got.statistic == pytest.approx(witness["chi2"], abs=1e-6)
        assert got.kendall_w == pytest.approx(witness["kendall_w"], abs=1e-6)
        assert got.p_value == pytest.approx(witness["p"], rel=1e-6)
    by_item = np.nanmean(findings.scores.values, axis=0)
    witness = expected["friedman_item_means_all"]
    assert friedman(by_item).statistic == pytest.approx(witness["chi2"], abs=1e-6)


def test_all_pairs(findings, expected):
    witnesses = {(w["a"], w["b"]): w for w in expected["pairwise_listener_means"]}
    assert {(c.a, c.b) for c in findings.pairs.all} == set(witnesses)
    for c in findings.pairs.all:
        w, t = witnesses[c.a, c.b], c.fixed_items
        assert t.mean == pytest.approx(w["mean_diff"], abs=1e-6)
        assert (t.ci_low, t.ci_high) == pytest.approx(w["ci95_t"], abs=1e-6)
        assert t.p_wilcoxon_normal == pytest.approx(
            w["p_wilcoxon_normal_nocorr"], abs=RANK_TOLERANCE
        )
        if t.wilcoxon_method == EXACT:  # SciPy takes means whose last bits differ for untied
            assert t.p_wilcoxon == pytest.approx(w["p_wilcoxon_scipy_default"], abs=1e-6)
        assert t.hodges_lehmann == pytest.approx(w["hodges_lehmann"], abs=ROOT_TOLERANCE)
        assert (t.hl_low, t.hl_high) == pytest.approx(w["hl_ci95"], abs=ROOT_TOLERANCE)
        assert t.rank_biserial == pytest.approx(w["rank_biserial"], abs=RANK_TOLERANCE)
        assert t.d_z == pytest.approx(w["cohen_dz"], abs=1e-6)
        assert t.p_sign_flip == pytest.approx(w["p_signflip_perm"], abs=PERMUTATION)


def test_quasi_t_of_all_pairs(findings, expected):
    unnested = replace(findings.scores, families=("",) * len(findings.scores.items))
    from analysis.stats.comparisons import compare

    for w in expected["pairwise_listener_means"]:
        got, q = compare(unnested, w["a"], w["b"], seed=1).crossed, w["quasi_t"]
        mine = (got.estimate, got.se, got.df, got.p_value, got.ci_low, got.ci_high)
        names = (q["est"], q["se"], q["df"], q["p"], *q["ci"])
        assert mine == pytest.approx(names, rel=1e-6, abs=1e-9)


def test_mixed_model_agrees_with_the_closed_form_on_every_pair(findings):
    for c in findings.pairs.all:
        check = check_by_mixed_model(findings.scores, c)
        assert check.status == "agrees", (c.a, c.b, check)


def test_intraclass_correlations(findings, expected):
    for got, name in zip(measure_reliability(findings.scores), ("all", "sut"), strict=True):
        witness = expected[f"icc_{name}"]
        assert got.icc_single == pytest.approx(witness["ICC2_1"]["icc"], abs=1e-6)
        assert (got.single_low, got.single_high) == pytest.approx(
            witness["ICC2_1"]["ci95"], abs=1e-6
        )
        assert got.icc_mean == pytest.approx(witness["ICC2_k"]["icc"], abs=1e-6)


def test_screening(findings, expected):
    witness = expected["screening_bs1534_3"]
    excluded = [code.replace("P", "L") for code in findings.screening.excluded("bs1534")]
    assert excluded == witness["excluded"]
    for got, w in zip(findings.screening.results, witness["per_listener"], strict=True):
        assert got.reference_below == pytest.approx(w["frac"], abs=1e-9)


def test_bootstrap_of_participants_and_items(findings, expected):
    for name, witness in expected["bootstrap_4000"]["crossed"].items():
        a, b = name.split(" - ")
        low, high, _ = crossed_bootstrap(findings.scores.difference(a, b), seed=1)
        assert (low, high) == pytest.approx(witness["ci95"], abs=BOOTSTRAP_POINTS)


def test_reading_order_of_the_rows_does_not_matter(findings, tmp_path):
    path = DATA / "stahl2023_ambisonics" / "webmushra_results.csv"
    header, *rows = path.read_text().splitlines()
    shuffled = [rows[n] for n in np.random.default_rng(1).permutation(len(rows))]
    (tmp_path / "shuffled.csv").write_text("\n".join([header, *shuffled]))
    again = analyse(read_file(tmp_path / "shuffled.csv"))
    before = {c.a + c.b: c.crossed.p_value for c in analyse(read_file(path)).pairs.all}
    after = {c.a + c.b: c.crossed.p_value for c in again.pairs.all}
    assert after == pytest.approx(before, rel=1e-9)


class TestOneToFive:
    path = DATA / "comanducci2023_1to5" / "listening_test_results.csv"

    def test_is_refused_without_a_scale(self):
        with pytest.raises(RatingsError, match=r"1–5.*--scale 1 5"):
            read_file(self.path)
        result = CliRunner().invoke(main, ["--ratings", str(self.path)])
        assert result.exit_code == 1
        assert len(result.output.splitlines()) == 1

    def test_gives_the_right_figures_with_its_scale(self):
        import pandas as pd

        table = pd.read_csv(self.path)
        findings = analyse(read_file(self.path, Mapping(scale=(1, 5))))
        assert (len(findings.scores.participants), len(findings.scores.items)) == (17, 8)
        for d in findings.descriptions:
            witness = table.loc[table["rating_stimulus"] == d.condition, "rating_score"]
            assert d.n == len(witness)
            assert d.median == witness.median()
            assert d.mean.estimate == pytest.approx(witness.mean())
            assert d.share_at_top == pytest.approx((witness == 5).mean())

    def test_conditions_of_some_sounds_only_are_compared_there_only(self):
        findings = analyse(
            read_file(self.path, Mapping(scale=(1, 5))), Options(primary="C1", against="C3")
        )
        assert findings.primary.crossed.n_items == 4
        assert findings.screening.impossible == "no hidden reference among the conditions"
