"""The studies that come with the package are what their names promise."""

import pytest
from support.small_studies import invoke

from autofx_core.matching.match import METHODS
from stimuli_gen.conditions import FIXED
from stimuli_gen.plan import plan_items
from stimuli_gen.study import find_study, list_presets, read_study

pytestmark = pytest.mark.slow


def read_preset(name):
    return read_study(find_study(name))


@pytest.mark.parametrize("name", list_presets())
def test_preset_is_valid_and_its_items_can_be_drawn_from_the_built_in_notes(name):
    study = read_preset(name)
    assert study.name == name
    items = plan_items(study, find_study(name).parent)
    counts = study.items
    per_family = counts.in_domain + counts.out_of_domain + counts.recorded
    assert len(items) == 3 * per_family + counts.training


def test_autofx2022_is_the_original_experiment():
    study = read_preset("autofx2022")
    assert [spec.id for spec in study.conditions] == [
        *("reference", "autofx_f", "autofx", "mlp_211c", "mlp_163c", "mlp_163nc", "random"),
    ]
    items = plan_items(study, find_study("autofx2022").parent)
    assert sum(not item.training for item in items) == 30


def test_compact_takes_a_part_of_the_items_under_fewer_conditions():
    compact, original = read_preset("compact"), read_preset("autofx2022")
    assert len(compact.conditions) < len(original.conditions)
    per_listener = compact.listening_test["items_per_listener"]
    # 10 pages of 5 sounds of 3 to 12 s: 50 ratings at 15 s each are 12 to 13 minutes.
    assert per_listener * len(compact.conditions) * 15 / 60 <= 13


def test_demo_needs_only_what_is_shipped():
    methods = {spec.id for spec in read_preset("demo").conditions}
    assert methods <= {*METHODS, *FIXED}


@pytest.mark.parametrize("name", list_presets())
def test_preset_with_a_method_that_is_not_shipped_is_refused_by_its_name(
    name, tmp_path, monkeypatch
):
    wanted = [spec.id for spec in read_preset(name).conditions if spec.id not in FIXED]
    for method in wanted:
        monkeypatch.delitem(METHODS, method, raising=False)
    result = invoke("render", name, "-o", tmp_path / "set")
    assert result.exit_code == 1
    assert f"no method '{wanted[0]}'; known: reference" in result.output
    assert result.output.count("\n") == 1
