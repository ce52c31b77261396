"""What the packages that make, play and analyse stimulus sets agree on.

Condition kinds, the columns of the ratings table, the limits of Rec. ITU-R BS.1534-3 (10/2015), and
the one-line message for input that breaks a schema. Imports the standard library and pydantic only,
so that the server and the analysis load it without torch.
"""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

ConditionKind = Literal["reference", "estimated", "random", "anchor", "control"]
CONDITION_KINDS: tuple[ConditionKind, ...] = get_args(ConditionKind)
KNOWN_KINDS: dict[str, ConditionKind] = {
    "reference": "reference",
    "random": "random",
    "clean": "anchor",
    "anchor35": "anchor",
    "anchor70": "anchor",
}
"""Kinds of the condition ids with a fixed meaning; a study or a map file gives the others'."""

RATING_COLUMNS = (
    "study",
    "session",
    "participant",
    "item",
    "family",
    "condition",
    "kind",
    "score",
    "trial_position",
    "stimulus_position",
    "plays",
    "listened_s",
    "trial_time_s",
    "rated_at",
    "comment",
    "training",
    "simulated",
)
"""Columns of the ratings table, one row per rated stimulus, in the order of every export."""
REQUIRED_RATING_COLUMNS = ("session", "item", "condition", "score")
RATING_NUMBERS = (
    "score",
    "trial_position",
    "stimulus_position",
    "plays",
    "listened_s",
    "trial_time_s",
)
RATING_FLAGS = ("training", "simulated")
SCORE_SCALE = (0.0, 100.0)
"""Lowest and highest score of the continuous quality scale (BS.1534-3, 5.4)."""

BS1534_THRESHOLD = 90.0
"""Post-screening (4.1.2): a hidden reference below it, or a mid anchor above it, is a miss."""
BS1534_MAX_MISSED_SHARE = 0.15
"""A participant who misses in a larger share of the trials is screened out."""
BS1534_MAX_ITEM_SHARE = 0.25
"""An item whose mid anchor a larger share of participants put above the threshold is exempt."""
MID_ANCHOR = "anchor70"
"""Condition id of the mid anchor: the reference through a low-pass of 7 kHz (5.1)."""
MAX_CONDITIONS = 12
"""Sounds on one page, the hidden reference and the anchors included (5.2)."""

MAX_MESSAGE = 300
_MAX_LOCATION = 200


def describe_validation_error(
    error: ValidationError,
    model: type[BaseModel] | None = None,
    *,
    within: str = "",
    show_input: bool = False,
) -> str:
    """Make one line of the first thing that is wrong: which key, and how it must be.

    Parameters
    ----------
    error : ValidationError
        As pydantic raised it.
    model : type of BaseModel, optional
        The model that was validated; with it, the message for an unknown key lists the known ones.
    within : str
        Dotted path of the table that the model describes, to put before every key.
    show_input : bool
        Whether to quote the wrong value. Not for answers to strangers: it repeats what they sent.

    Returns
    -------
    str
        At most `MAX_MESSAGE` characters, without line breaks.

    Examples
    --------
    >>> class Items(BaseModel, extra="forbid"):
    ...     in_domain: int = 0
    >>> try:
    ...     Items.model_validate({"in_domian": 3})
    ... except ValidationError as error:
    ...     describe_validation_error(error, Items, within="items")
    "unknown key 'items.in_domian'; known: in_domain"
    """
    first = error.errors(include_url=False)[0]
    where = locate_validation_error(error, within=within)
    if first["type"] == "extra_forbidden":
        table = _table_at(model, first["loc"][:-1])
        message = f"unknown key {where!r}"
        if table is not None:
            message += f"; known: {', '.join(_list_keys(table))}"
    elif first["type"] == "missing":
        message = f"key {where!r} is missing"
    else:
        message = first["msg"].removeprefix("Value error, ")
        message = f"{where}: {message}" if where else message
        if show_input and first["type"] != "json_invalid":
            message += f", got {first['input']!r}"
    return " ".join(message.split())[:MAX_MESSAGE]


def locate_validation_error(error: ValidationError, *, within: str = "") -> str:
    """Name the key of the first thing that is wrong, dotted; empty if it is the whole input.

    >>> class Page(BaseModel):
    ...     scores: list[int]
    >>> try:
    ...     Page.model_validate({"scores": [1, "x"]})
    ... except ValidationError as error:
    ...     locate_validation_error(error)
    'scores.1'
    """
    parts = (within, *error.errors(include_url=False)[0]["loc"])
    dotted = ".".join(str(part) for part in parts if part != "")
    return " ".join(dotted.split())[:_MAX_LOCATION]


def _list_keys(table: type[BaseModel]) -> list[str]:
    return sorted(field.alias or name for name, field in table.model_fields.items())


def _table_at(model: type[BaseModel] | None, path: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Find the model that describes the table at a path; None where no single one does."""
    annotation: Any = model
    for part in path:
        table = _as_model(annotation)
        if table is not None:
            fields = {field.alias or name: field for name, field in table.model_fields.items()}
            if part not in fields:
                return None
            annotation = fields[str(part)].annotation
        else:
            annotation = _element(annotation)
    return _as_model(annotation)


def _as_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is Annotated:
        return _as_model(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        models = [table for table in map(_as_model, get_args(annotation)) if table is not None]
        return models[0] if len(models) == 1 else None
    return None


def _element(annotation: Any) -> Any:
    """Type of a list's, tuple's or dictionary's entries."""
    if get_origin(annotation) is Annotated:
        return _element(get_args(annotation)[0])
    arguments = [a for a in get_args(annotation) if a not in (Ellipsis, type(None))]
    if get_origin(annotation) in (Union, UnionType) and len(arguments) == 1:
        return _element(arguments[0])
    return arguments[-1] if arguments else None
