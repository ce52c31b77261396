"""Figures hold whatever the names, the numbers of conditions, and the screen."""

import re
from itertools import pairwise

import pytest
from support.simulated_ratings import findings_of, simulate_ratings

from analysis.report.figures import FIGURES
from analysis.report.page import inline_svg
from analysis.report.style import encode, find_fonts, missing_characters, wrap_name
from analysis.report.warnings import collect_warnings


def draw(name, findings, **options):
    """Draw one figure without encoding it; return its axes."""
    kept = []
    (figure,) = (f for f in FIGURES if f.name == name)
    save = lambda drawn: (drawn.draw_without_rendering(), kept.append(drawn))  # noqa: E731
    figure.draw(findings, save, **options)
    return kept[0].axes


def test_contrasts_stand_on_an_axis_as_long_as_the_scale():
    (axes,) = draw("forest", findings_of())
    assert axes.get_xlim() == (-5.0, 100.0)


def test_a_forest_that_is_cut_counts_the_rest():
    conditions = {f"c{n:02d}": ("", 40.0 + n) for n in range(15)}
    findings = findings_of(simulate_ratings(conditions=conditions, participants=3, items=3))
    (axes,) = draw("forest", findings)
    assert axes.get_title("right") == "90 of 105 pairs; all are in the tables"
    assert len(axes.get_yticks()) == 90


def test_a_forest_shows_a_pair_with_all_its_families_or_not_at_all():
    conditions = {f"c{n:02d}": ("estimated", 40.0 + n) for n in range(30)}
    conditions["random"] = ("random", 30.0)
    findings = findings_of(simulate_ratings(conditions=conditions, participants=3, items=3))
    (axes,) = draw("forest", findings)
    assert axes.get_title("right") == "22 of 30 pairs; all are in the tables"
    assert len(axes.get_yticks()) == 22 * (1 + 3)


@pytest.mark.parametrize("length", [1, 22, 60])
def test_long_names_are_broken_and_not_cut(length):
    name = "x" * length
    wrapped = wrap_name(name)
    assert wrapped.replace("\n", "") == name
    assert max(map(len, wrapped.split("\n"))) <= 22


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


PHONE_PX = 360 - 2 * 1.2 * 16  # the page's width on a phone, less its padding


def drawn_name(name):
    """Draw a figure with one condition's name changed, as its pixels."""
    table = simulate_ratings(participants=3, items=2, conditions={name: ("", 50.0)})
    kept = []
    FIGURES[0].draw(findings_of(table), lambda f: kept.append(encode(f, kinds=("png",), dpi=60)))
    return kept[0]["png"]


@pytest.mark.skipif(bool(missing_characters(["参考"])), reason="no font for Chinese and Japanese")
def test_names_in_other_scripts_are_drawn_and_not_boxes():
    assert drawn_name("参") != drawn_name("考")


def smallest_text_px(svg):
    """Height of the smallest text of a figure that fills a phone's page."""
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ?([\d.]+)px", svg)]
    return min(sizes) * PHONE_PX / width


def test_text_of_every_narrow_figure_is_at_least_ten_pixels_high_on_a_phone():
    findings = findings_of(participants=4, items=3)
    seen = 0
    for figure in FIGURES:
        kept = []
        figure.draw(findings, lambda f, k=kept: k.append(encode(f, kinds=("svg",))), narrow=True)
        for encoded in kept:
            seen += 1
            assert smallest_text_px(inline_svg(encoded["svg"], name="x", title="X")) >= 10
    assert seen == 10


@pytest.mark.parametrize("n", [2, 8, 9, 40])
@pytest.mark.parametrize("narrow", [False, True])
def test_figures_of_scores_keep_their_width_whatever_the_number_of_conditions(n, narrow):
    conditions = {
        f"{k} a rather long name of a condition that goes on": ("", 50.0) for k in range(n)
    }
    findings = findings_of(simulate_ratings(conditions=conditions, participants=3, items=3))
    (axes, *_) = draw("conditions", findings, narrow=narrow)
    rows = narrow or n > 8
    assert len(axes.get_yticks() if rows else axes.get_xticks()) == n
    assert axes.figure.get_figwidth() <= (3.4 if narrow else 7.6)
    renderer = axes.figure.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in (axes.get_yticklabels() if rows else ())]
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(low[1] <= high[0] + 1 for low, high in pairwise(tops))
