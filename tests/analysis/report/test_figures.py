"""Figures hold whatever the names, the numbers of conditions, and the screen."""

import re

import pytest
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.report.figures import FIGURES
from analysis.report.page import inline_svg
from analysis.report.style import encode, find_fonts, missing_characters, wrap_name
from analysis.report.warnings import collect_warnings


def draw(name, findings):
    """Draw one figure without encoding it; return its axes."""
    kept = []
    (figure,) = (f for f in FIGURES if f.name == name)
    figure.draw(findings, lambda drawn: (drawn.draw_without_rendering(), kept.append(drawn)))
    return kept[0].axes


def test_contrasts_stand_on_an_axis_as_long_as_the_scale():
    (axes,) = draw("forest", findings_of())
    assert axes.get_xlim() == (-5.0, 100.0)


def test_a_forest_that_is_cut_counts_the_rest():
    conditions = {f"c{n:02d}": ("", 40.0 + n) for n in range(12)}
    findings = findings_of(simulate_ratings(conditions=conditions, participants=3, items=3))
    (axes,) = draw("forest", findings)
    assert axes.get_title() == "45 of 66 pairs; all are in the tables"
    assert len(axes.get_yticks()) == 45


@pytest.mark.parametrize("length", [1, 22, 60])
def test_long_names_are_broken_and_not_cut(length):
    name = "x" * length
    wrapped = wrap_name(name)
    assert wrapped.replace("\n", "") == name
    assert max(map(len, wrapped.split("\n"))) <= 22


def test_forty_conditions_with_long_names_can_be_drawn():
    conditions = {
        f"{n} a rather long name of a condition that goes on": ("", 50.0) for n in range(40)
    }
    findings = findings_of(simulate_ratings(conditions=conditions, participants=3, items=3))
    axes = draw("conditions", findings)[0]
    assert len(axes.get_xticks()) == 40


def test_characters_that_no_font_has_are_named_in_a_warning():
    assert missing_characters(["Grüße", "ξ", "−"]) == ""
    strange = chr(0x1FAE8)  # an emoji of 2022
    table = simulate_ratings(participants=3, items=3)
    table["condition"] = table["condition"].replace("random", f"random {strange}")
    findings = findings_of(table)
    draw("conditions", findings)
    told = any(f"No installed font has {strange}" in w for w in collect_warnings(findings))
    assert told is (strange in missing_characters([strange]))
    assert find_fonts()[0] == "DejaVu Sans"


def test_text_of_a_figure_is_at_least_ten_pixels_high_on_a_phone():
    kept = []
    FIGURES[0].draw(findings_of(participants=3, items=3), lambda f: kept.append(encode(f, dpi=30)))
    svg = inline_svg(kept[0]["svg"], name="x", title="X")
    least = float(re.search(r"--least:(\d+)px", svg)[1])
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    smallest = min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg))
    assert smallest * least / width == pytest.approx(10, abs=0.1)
