"""The study's own settings: table ``[listening_test]`` of the stimulus set's ``study.toml``.

`stimuli_gen.study` validates it before anything is rendered, the server when it opens the set: so
this module needs nothing but the standard library and pydantic. The defaults are
``listening_test.toml`` beside it, which also documents every key. A study's table replaces them key
by key, within ``texts`` and ``completion`` too.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from stimuli_gen.contract import describe_validation_error
from stimuli_gen.vocabulary import HeadphoneCheck, Language, Scale, Step

STUDY_NAME = "study.toml"
TABLE = "listening_test"
DEFAULTS = Path(__file__).with_name("listening_test.toml")
ANY_LANGUAGE = "*"
"""Marks a text that was given as one string, until the study's languages are known."""


class ListeningTestError(ValueError):
    """A study's settings that cannot be used; one line: file, key, how to fix it."""


def _one_string_for_all(value: Any) -> Any:
    return {ANY_LANGUAGE: value} if isinstance(value, str) else value


Text = Annotated[dict[str, str], BeforeValidator(_one_string_for_all)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Option(_Table):
    """One answer of a choice."""

    value: Name
    label: Text


class Question(_Table):
    """One question of the questionnaire."""

    id: Name
    type: Literal["choice", "text", "number"] = "text"
    label: Text
    required: bool = False
    options: list[Option] = []
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _choices_have_options(self) -> Self:
        if (self.type == "choice") != bool(self.options):
            raise ValueError(f"question {self.id}: a choice has options, and only a choice has")
        values = [option.value for option in self.options]
        if repeated := sorted({value for value in values if values.count(value) > 1}):
            raise ValueError(f"question {self.id}: two options have the value {repeated[0]!r}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"question {self.id}: min {self.min:g} is above max {self.max:g}")
        return self


class Texts(_Table):
    """The study's own words; empty ones leave the page's."""

    welcome: Text = {}
    instructions: Text = {}
    question: Text = {}
    thanks: Text = {}


class Consent(_Table):
    """What participants agree to; a version that is left out follows from the text."""

    text: Text
    version: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _version_follows_from_the_text(self) -> Self:
        if not self.version:
            texts = "\n".join(sorted(self.text.values()))
            self.version = hashlib.sha256(texts.encode()).hexdigest()[:12]
        return self


class Completion(_Table):
    """What participants take home."""

    code: Name | None = None
    redirect: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None


class ListeningTest(_Table):
    """All of a study's settings, each text as ``{language: text}``."""

    languages: Annotated[list[Language], Field(min_length=1)]
    title: Text = {}
    id_parameters: Annotated[list[Name], Field(min_length=1, max_length=10)]
    items_per_listener: Annotated[int, Field(ge=1)] | None = None
    break_every: Annotated[int, Field(ge=0)]
    scale: Scale
    level_setting: bool
    level_check: bool
    headphone_check: HeadphoneCheck
    comments: bool
    one_session_per_participant: bool
    texts: Texts
    completion: Completion
    consent: Consent
    questionnaire: list[Question]

    @property
    def steps(self) -> list[Step]:
        """List what comes between consent and trials, in order."""
        wanted: dict[Step, bool] = {
            "questionnaire": bool(self.questionnaire),
            "level": self.level_setting,
            "headphones": self.headphone_check != "off",
            "instructions": True,
        }
        return [step for step, is_wanted in wanted.items() if is_wanted]

    @model_validator(mode="after")
    def _level_check_needs_a_level(self) -> Self:
        if self.level_check and not self.level_setting:
            raise ValueError("level_check = true needs level_setting = true")
        return self

    @model_validator(mode="after")
    def _questions_have_their_own_ids(self) -> Self:
        ids = [question.id for question in self.questionnaire]
        if repeated := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"questionnaire: id {sorted(repeated)[0]!r} is used twice")
        return self


def _fill_languages(value: Any, fallback: str) -> Any:
    """Turn every text given as one string into a text of the fallback language."""
    if isinstance(value, dict):
        return {
            fallback if key == ANY_LANGUAGE else key: _fill_languages(entry, fallback)
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_fill_languages(entry, fallback) for entry in value]
    return value


def parse_listening_test(table: dict[str, Any]) -> ListeningTest:
    """Complete a study's table with the defaults and validate it.

    Parameters
    ----------
    table : dict
        Contents of ``[listening_test]``; may be empty.

    Raises
    ------
    pydantic.ValidationError
        If a key is unknown or a value is of the wrong type or range.
    """
    merged = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    for key, value in table.items():
        both_tables = isinstance(value, dict) and key in ("texts", "completion")
        merged[key] = merged[key] | value if both_tables else value
    settings = ListeningTest.model_validate(merged)
    dumped = _fill_languages(settings.model_dump(), settings.languages[0])
    return ListeningTest.model_validate(dumped)


def read_listening_test(folder: Path) -> ListeningTest:
    """Read the settings of a stimulus set; without ``study.toml`` the defaults.

    Raises
    ------
    ListeningTestError
        If the file is not TOML or its table is wrong; one line that names the key.
    """
    path = folder / STUDY_NAME
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        table = tomllib.loads(text).get(TABLE, {})
        if not isinstance(table, dict):
            raise ListeningTestError(f"{path}: {TABLE} must be a table: [{TABLE}]")
        return parse_listening_test(table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ListeningTestError(f"{path}: {error}") from None
    except ValidationError as error:
        wrong = describe_validation_error(error, ListeningTest, within=TABLE, show_input=True)
        raise ListeningTestError(f"{path}: {wrong}") from None
