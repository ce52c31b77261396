"""The primary comparison by other methods."""

from support.simulated_ratings import findings_of


def test_every_robustness_check_agrees_on_a_clear_difference():
    findings = findings_of()
    assert len(findings.robustness) == 5
    assert all(r.same_sign and r.same_decision for r in findings.robustness)
