"""A study is read, or refused with one line: no text makes anything else happen."""

import codecs
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_studies import TINY, invoke

from stimuli_gen.check import check_set
from stimuli_gen.listening_test import STUDY_NAME
from stimuli_gen.study import StudySpec, StudySpecError, describe_keys, read_study

values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-5, 50), st.floats(-99, 99), st.text("ab'\" {", max_size=4)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "folder", "in_domain", "pairs", "x"]), inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("study") / STUDY_NAME


def as_toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {as_toml(entry)}' for key, entry in value.items())} }}"
    return repr(value)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_one_line(path, content):
    path.write_bytes(content)
    with pytest.raises(StudySpecError) as refused:
        read_study(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(StudySpec.model_fields)), values))
def test_any_values_are_accepted_or_refused_in_one_line_that_names_the_key(path, content):
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in content.items())
    assert tomllib.loads(text) == content
    path.write_text(text, encoding="utf-8")
    try:
        read_study(path)
    except StudySpecError as error:
        assert "\n" not in str(error)
        assert any(key in str(error) for key in StudySpec.model_fields)


def test_every_key_of_every_table_has_a_meaning():
    described = dict(describe_keys())
    assert {"name", "items.training", "clean.source", "recorded.pairs.family"} <= set(described)
    assert all(len(meaning) > 5 for meaning in described.values())


def test_a_byte_order_mark_is_no_part_of_the_study(tmp_path):
    text = TINY.encode()
    (tmp_path / "study.toml").write_bytes(codecs.BOM_UTF8 + text)
    assert read_study(tmp_path / "study.toml").name == "small"
    result = invoke("render", tmp_path / "study.toml", "-o", tmp_path / "set")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "set" / "study.toml").read_bytes() == text
    assert check_set(tmp_path / "set") == []
