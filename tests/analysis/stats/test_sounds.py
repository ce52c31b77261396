"""The sounds by name: means, outlying ones, and what more sounds or participants bring."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.report.apa import further_answers
from analysis.report.tables import result_tables
from analysis.report.warnings import collect_warnings


def test_a_sounds_mean_has_the_t_interval_over_participants():
    table = simulate_ratings()
    findings = findings_of(table)
    found = {(s.item, s.condition): s.mean for s in findings.sounds}
    assert len(found) == 6 * 5
    chosen = table[(table["item"] == "item-03") & (table["condition"] == "random")]["score"]
    low, high = stats.t.interval(0.95, 7, chosen.mean(), stats.sem(chosen))
    got = found["item-03", "random"]
    assert (got.estimate, got.ci_low, got.ci_high) == pytest.approx((chosen.mean(), low, high))


def with_an_outlier():
    table = simulate_ratings(items=12)
    strange = (table["item"] == "item-07") & (table["condition"] == "autofx_f")
    return table.assign(score=table["score"].where(~strange, (table["score"] - 60).clip(0)))


def test_an_outlying_sound_is_named_and_the_others_are_not():
    findings = findings_of(with_an_outlier())
    assert [s.item for s in findings.sound_differences if s.outlying] == ["item-07"]
    means = [s.difference.estimate for s in findings.sound_differences]
    mad = stats.median_abs_deviation(means)
    worst = min(findings.sound_differences, key=lambda s: s.z)
    assert worst.z == pytest.approx(0.6745 * (min(means) - np.median(means)) / mad)
    assert worst.deviation == pytest.approx(min(means) - np.mean(means))
    assert any("difference on item-07 (" in w for w in collect_warnings(findings))
    assert not any("lies far from" in w for w in collect_warnings(findings_of(items=12)))


def test_tables_name_every_sound():
    tables = {t.name: t for t in result_tables(findings_of(with_an_outlier()))}
    flags = {row[0]: row[-1] for row in tables["sound-differences"].rows}
    assert len(flags) == 12
    assert [item for item, flag in flags.items() if flag] == ["item-07"]
    assert len(tables["sounds"].rows) == 12 * 5
    assert tables["variance-components"].columns[1].name == "sd_participant"


def test_the_next_test_follows_from_the_variance_components():
    findings = findings_of(items=9)
    e, n = findings.primary.crossed, findings.next_test
    variance = e.sd_participant**2 / 8 + e.sd_item**2 / 18 + e.sd_residual**2 / (8 * 18)
    assert n.se_twice_the_items == pytest.approx(np.sqrt(variance))
    if min(e.sd_participant, e.sd_item) > 0:
        assert n.se == pytest.approx(e.se)
    assert f"varies by {e.sd_participant:.1f} points (SD) between participants" in " ".join(
        further_answers(findings)
    )
    (sentence,) = [line for line in further_answers(findings) if "next test" in line]
    assert "help" in sentence


@pytest.mark.parametrize(
    ("sounds", "participants", "better"), [(2.0, 2.9, "sounds"), (2.9, 2.0, "participants")]
)
def test_what_would_help_more_is_said(sounds, participants, better):
    findings = findings_of(items=9)
    n = replace(
        findings.next_test, se_twice_the_items=sounds, se_twice_the_participants=participants
    )
    said = " ".join(further_answers(replace(findings, next_test=n)))
    assert f"more {better} help more" in said
    assert f"twice as many {better} would lower" in said


def test_what_would_help_alike_as_printed_is_called_alike():
    findings = findings_of(items=9)
    n = replace(findings.next_test, se_twice_the_items=2.41, se_twice_the_participants=2.38)
    said = " ".join(further_answers(replace(findings, next_test=n)))
    assert "help alike" in said
    assert "to 2.4 points" in said
    assert "help more" not in said
