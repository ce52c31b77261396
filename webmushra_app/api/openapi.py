"""The OpenAPI 3.1 document of the listening test, made from the models that validate requests.

``OPERATIONS`` is the API as one table; the server serves ``build_document()`` under
``/api/v1/openapi.json`` and ``python -m webmushra_app.api.openapi`` prints it. A test holds the
table against the routes that exist.

Rules that hold everywhere:

- JSON in and out. Errors are ``Problem`` objects: 400 broken JSON, 404 unknown or someone else's
  identifier, 409 not now (the detail says what comes first), 413 too large, 415 not JSON,
  422 a field is wrong, 429 too many requests (``Retry-After`` in seconds), 503 the database is
  busy or full, try again. Anything but 4xx may be retried with the same body.
- An answer to PUT or POST comes only after the commit, and sending the same again changes nothing.
- Everything that a session may touch hangs under its token, which is its only key.
"""

import json
import re
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from webmushra_app.api import schemas

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
PREFIX = "/api/v1"


@dataclass(frozen=True)
class Operation:
    """One row of the API: what it takes, what it answers, and with which refusals."""

    method: str
    path: str
    summary: str
    answer: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()


SESSION = f"{PREFIX}/sessions/{{token}}"
TRIAL = f"{SESSION}/trials/{{trial}}"
PUT_REFUSALS = (400, 404, 409, 413, 415, 422)

OPERATIONS = (
    Operation("get", "/healthz", "Is the server up, and its database?", schemas.Health),
    Operation("get", f"{PREFIX}/study", "What the welcome page shows.", schemas.StudyInfo),
    Operation(
        "get",
        f"{SESSION}/study",
        "The same of the study that a session belongs to, though another may be open now.",
        schemas.StudyInfo,
        refusals=(404,),
    ),
    Operation(
        "post",
        f"{PREFIX}/sessions",
        "Agree and begin. 201 when new, 200 when this request_id was answered before. "
        "409 if the consent text has changed meanwhile.",
        schemas.SessionState,
        schemas.NewSession,
        201,
        (400, 409, 413, 415, 422),
    ),
    Operation("get", SESSION, "All that a page needs to resume.", schemas.SessionState),
    Operation(
        "put",
        SESSION,
        "Change the session's language, until it is finished.",
        schemas.SessionState,
        schemas.SessionUpdate,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "put",
        f"{SESSION}/steps/questionnaire",
        "Store the answers; may be changed until the first trial is finished.",
        schemas.SessionState,
        schemas.QuestionnaireAnswers,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "put",
        f"{SESSION}/steps/level",
        "Store the level; after the first finished trial within ±4 dB of it.",
        schemas.SessionState,
        schemas.LevelSetting,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "put",
        f"{SESSION}/steps/headphones",
        "Store the check's outcome; where it is required only a pass completes the step.",
        schemas.SessionState,
        schemas.HeadphoneResult,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "put",
        f"{SESSION}/steps/instructions",
        "Note that the instructions were shown.",
        schemas.SessionState,
        schemas.InstructionsRead,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "get",
        f"{SESSION}/examples",
        "Sounds for level setting and instructions.",
        schemas.Examples,
    ),
    Operation(
        "get",
        TRIAL,
        "One trial; any trial of the session may be fetched ahead, or looked at again.",
        schemas.Trial,
    ),
    Operation(
        "put",
        TRIAL,
        "Store a finished trial. The same again: changed is false. Something else for a finished "
        "trial: 409, the first one stands. 409 also while a step or a trial before it is missing.",
        schemas.TrialSaved,
        schemas.TrialResult,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "put",
        f"{TRIAL}/draft",
        "Keep the open trial's sliders for a reload; 409 once the trial is finished.",
        schemas.Draft,
        schemas.Draft,
        refusals=PUT_REFUSALS,
    ),
    Operation(
        "post",
        f"{SESSION}/events",
        "Store what happened in the page, until the session is finished.",
        schemas.EventsSaved,
        schemas.EventBatch,
        refusals=(400, 404, 413, 415, 422),
    ),
    Operation(
        "post",
        f"{SESSION}/finish",
        "End the session and get the completion code; 409 while trials are left. No body.",
        schemas.SessionState,
        refusals=(404, 409),
    ),
    Operation(
        "get", f"{SESSION}/audio/{{sound}}", "The bytes of one sound; decode them as they come."
    ),
    Operation("get", f"{PREFIX}/openapi.json", "This document.", status=200),
)


def _content(media: str, schema: dict) -> dict:
    return {"content": {media: {"schema": schema}}}


def _operation(operation: Operation, refs: dict) -> dict:
    if operation.answer:
        content = _content(JSON, refs[operation.answer, "serialization"])
    elif operation.path.endswith("json"):
        content = _content(JSON, {"type": "object"})
    else:
        content = _content("application/octet-stream", {})
    parameters = re.findall(r"\{(\w+)\}", operation.path)
    refusals = set(operation.refusals) | ({404} if parameters else set())
    statuses = {operation.status} | ({200} if operation.status == 201 else set())
    problem = _content(PROBLEM_JSON, refs[schemas.Problem, "serialization"])
    described: dict = {
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in parameters
        ],
        "responses": {str(code): {"description": "Done.", **content} for code in sorted(statuses)}
        | {str(code): {"description": "Refused.", **problem} for code in sorted(refusals)},
    }
    if operation.body:
        described["requestBody"] = {
            "required": True,
            **_content(JSON, refs[operation.body, "validation"]),
        }
    return described


def build_document() -> dict:
    """Build the OpenAPI 3.1 document from ``OPERATIONS`` and the models of ``schemas``."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(schemas.Problem, "serialization")]
    for operation in OPERATIONS:
        if operation.answer:
            models.append((operation.answer, "serialization"))
        if operation.body:
            models.append((operation.body, "validation"))
    refs, definitions = models_json_schema(
        list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}"
    )
    paths: dict = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AutoFX listening test",
            "version": "1",
            "description": (__doc__ or "").partition("Rules that hold everywhere:")[2].strip(),
        },
        "paths": paths,
        "components": {"schemas": definitions["$defs"]},
    }


if __name__ == "__main__":
    print(json.dumps(build_document(), indent=2, ensure_ascii=False))
