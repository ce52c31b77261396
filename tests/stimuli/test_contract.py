"""What the packages share: one line for any broken input, and values that agree with each other."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stimuli_gen import contract
from stimuli_gen.contract import describe_validation_error, locate_validation_error


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Option(Strict):
    value: str
    label: str = ""


class Question(Strict):
    schema_: Annotated[int, Field(alias="schema")] = 1
    options: list[Option] = []
    by_name: dict[str, Option | None] = {}
    maximum: float | None = None

    @model_validator(mode="after")
    def _not_zero(self):
        if self.maximum == 0:
            raise ValueError("maximum is 0,\nwhich allows nothing")
        return self


def first_error(content) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Question.model_validate(content)
    return caught.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"x": 1}, "unknown key 'x'; known: by_name, maximum, options, schema"),
        ({"options": [{"value": "a", "x": 1}]}, "unknown key 'options.0.x'; known: label, value"),
        (
            {"by_name": {"a": {"value": "", "x": 1}}},
            "unknown key 'by_name.a.x'; known: label, value",
        ),
        ({"options": [{}]}, "key 'options.0.value' is missing"),
        ({"maximum": "much"}, "maximum: Input should be a valid number, unable to parse string as"),
        ({"maximum": 0}, "maximum is 0, which allows nothing"),
    ],
)
def test_a_broken_schema_is_one_line_that_names_the_key(content, message):
    described = describe_validation_error(first_error(content), Question)
    assert described.startswith(message)
    assert "\n" not in described


def test_keys_are_named_from_the_table_that_holds_them():
    error = first_error({"options": [{}]})
    assert locate_validation_error(error, within="test") == "test.options.0.value"
    described = describe_validation_error(error, Question, within="test")
    assert described == "key 'test.options.0.value' is missing"


def test_the_wrong_value_is_quoted_only_where_asked_for_and_clipped():
    error = first_error({"maximum": "secret" * 200})
    assert "secret" not in describe_validation_error(error, Question)
    quoted = describe_validation_error(error, Question, show_input=True)
    assert "got 'secretsecret" in quoted
    assert len(quoted) == contract.MAX_MESSAGE


def test_a_key_of_any_length_and_line_breaks_gives_one_short_line():
    described = describe_validation_error(first_error({"x\n" * 1000: 1}), Question)
    assert len(described) <= contract.MAX_MESSAGE
    assert "\n" not in described


def test_every_known_condition_has_a_known_kind_and_every_special_column_exists():
    assert set(contract.KNOWN_KINDS.values()) <= set(contract.CONDITION_KINDS)
    assert contract.KNOWN_KINDS[contract.MID_ANCHOR] == "anchor"
    special = {
        *contract.REQUIRED_RATING_COLUMNS,
        *contract.RATING_NUMBERS,
        *contract.RATING_FLAGS,
    }
    assert special <= set(contract.RATING_COLUMNS)
    assert len(set(contract.RATING_COLUMNS)) == len(contract.RATING_COLUMNS)
