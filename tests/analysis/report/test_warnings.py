"""Each warning is given where the data call for it, and not where they don't."""

import pytest
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.report.warnings import collect_warnings

CAVEATS = {
    "too few": (lambda t: t[t["session"] < "session-002"], "Only 2 participant"),
    "no rank test": (lambda t: t[t["session"] < "session-004"], "signed-rank test cannot reach"),
    "few sounds": (lambda t: t[t["item"] < "item-03"], "Only 3 sounds"),
    "one sound": (lambda t: t[t["item"] < "item-01"], "Only one sound"),
    "missing": (lambda t: t.drop(index=[7, 99]), "2 of 240 cells (0.8 %) are missing"),
    "nested": (
        lambda t: t[~((t["condition"] == "clean") & (t["item"] < "item-03"))],
        "clean occur with some sounds only",
    ),
    "no reference": (lambda t: t[t["condition"] != "reference"], "There is no hidden reference"),
    "ceiling": (
        lambda t: t.assign(score=t["score"].where(t["condition"] != "autofx_f", 100.0)),
        "at the highest score (autofx_f 100 %)",
    ),
    "above reference": (
        lambda t: t.assign(score=t["score"].where(t["condition"] != "autofx_f", 100.0)),
        "Rated above the hidden reference on average: autofx_f",
    ),
    "kinds unknown": (
        lambda t: t.assign(kind=t["kind"].where(t["kind"] != "estimated", "")),
        "The kind of autofx_f, mlp_163nc is not known",
    ),
    "primary by default": (lambda t: t, "The primary comparison was not named"),
    "anchors": (lambda t: t, "'MUSHRA-like'"),
    "family": (
        lambda t: t.assign(
            score=t["score"]
            .where(~((t["condition"] == "autofx_f") & (t["family"] == "delay")), t["score"] - 55)
            .clip(0, 100)
        ),
        "depends on the family (delay",
    ),
}


@pytest.mark.parametrize("name", CAVEATS)
def test_caveat_is_given_where_the_data_call_for_it(name):
    change, sentence = CAVEATS[name]
    table = change(simulate_ratings(simulated=False)).reset_index(drop=True)
    warnings = collect_warnings(findings_of(table))
    assert any(sentence in c for c in warnings), warnings
    if name not in ("primary by default", "anchors"):
        clean = collect_warnings(findings_of(simulated=False))
        assert not any(sentence in c for c in clean)


def test_screening_that_changes_the_decision_is_reported():
    table = simulate_ratings(participants=8, items=6)
    swapped = table["session"] < "session-004"
    reference = table["condition"] == "reference"
    table.loc[swapped & reference, "score"] = 10
    table.loc[swapped & (table["condition"] == "random"), "score"] = 95
    assert any("Screening changes the decision" in c for c in collect_warnings(findings_of(table)))
