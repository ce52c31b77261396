"""Power and length of planned tests: known designs, simulation, a pilot's components."""

import csv

import pytest
from click.testing import CliRunner
from support.simulated_ratings import simulate_ratings

from analysis.power.__main__ import main
from analysis.power.planning import (
    Design,
    Question,
    VarianceComponents,
    assign_items,
    components_from_pilot,
    detectable_gap,
    plan_designs,
    power_of,
    session_minutes,
    standard_error,
)
from analysis.ratings.scores import tabulate
from analysis.ratings.table import check


@pytest.mark.parametrize(
    ("participants", "items", "gap", "known"), [(17, 30, 10, 0.78), (17, 30, 30, 1.0)]
)
def test_power_of_known_designs(participants, items, gap, known):
    se, df = standard_error(Design(participants, items, items), VarianceComponents())
    assert power_of(gap, se, df) == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize("each", [15, 8])
def test_power_formula_agrees_with_simulation(each):
    design, question = Design(12, 15, each), Question(gap=12.0)
    (found,) = plan_designs([design], question, VarianceComponents(), simulations=600, seed=4)
    assert found.simulated_power == pytest.approx(found.power, abs=0.06)


def test_power_at_no_gap_is_alpha():
    assert power_of(0.0, 3.0, 20.0) == pytest.approx(0.05)


def test_planned_comparisons_share_alpha():
    assert Question(comparisons=5).alpha == pytest.approx(0.01)
    one, five = (
        plan_designs([Design(17, 30, 30)], Question(comparisons=n), VarianceComponents())[0]
        for n in (1, 5)
    )
    assert five.power < one.power - 0.1
    assert five.detectable > one.detectable


def test_detectable_gap_is_found_with_the_power_asked_for():
    gap = detectable_gap(3.0, 20.0, power=0.8)
    assert power_of(gap, 3.0, 20.0) == pytest.approx(0.8, abs=1e-6)


def test_participants_who_rate_a_part_share_the_sounds_evenly():
    rated = assign_items(Design(10, 15, 6))
    assert (rated.sum(axis=1) == 6).all()
    assert (rated.sum(axis=0) == 4).all()


def test_session_of_ten_trials_of_seven_stimuli_lasts_twenty_and_a_half_minutes():
    assert session_minutes(10, 7, 12.0) == pytest.approx((300 + 10 * (7 * 12 + 10)) / 60)


def test_pilot_gives_back_the_components_it_was_drawn_from():
    conditions = {"a": ("estimated", 50.0), "b": ("random", 50.0), "c": ("control", 45.0)}
    table = simulate_ratings(participants=40, items=40, seed=3, conditions=conditions)
    found = components_from_pilot(tabulate(check(table, source="test", sha256="")))
    assert (found.participant, found.item) == pytest.approx((4, 4), abs=1)
    assert found.residual == pytest.approx(8, abs=0.5)


def test_command_prints_a_table_and_writes_its_files(tmp_path, ratings_csv):
    numbers = ["--participants", "8,12", "--items", "6", "--simulations", "50"]
    arguments = [*numbers, "-o", str(tmp_path / "plan"), "--pilot", str(ratings_csv)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "from pilot ratings.csv" in result.output
    written = {path.name for path in (tmp_path / "plan").iterdir()}
    assert written == {"power.csv", "power.tex", "power.svg", "power.pdf", "power.png"}
    with (tmp_path / "plan" / "power.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["participants"] for row in rows] == ["8", "12"]
    assert float(rows[0]["power"]) < float(rows[1]["power"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--participants", "two"], "not a list of whole numbers"),
        (["--participants", "2"], "2 is too few; at least 3"),
        (["--pilot", "none.csv"], "none.csv: No such file"),
    ],
)
def test_command_refuses_what_it_cannot_plan(arguments, message):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_help_ends_in_an_example():
    output = CliRunner().invoke(main, ["--help"]).output
    assert "Example: python -m analysis.power" in " ".join(output.split()[-20:])
