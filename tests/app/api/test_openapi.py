"""The served OpenAPI document describes the server that serves it."""

import re

import pytest
from support.consent import CONSENT_VERSION

from webmushra_app.api.openapi import OPERATIONS, build_document

NOT_API = {"/", "/s/{token}", "/static/{filename}"}
OTHERS = ("/admin", "/collect", "/service/write.php", "/{test_id}/collect")
NAMES = {"trial_id": "trial", "sound_id": "sound"}


def served_routes(app):
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: "{" + NAMES.get(m[1], m[1]) + "}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            if path not in NOT_API and not path.startswith(OTHERS):
                yield method.lower(), path


def test_the_document_lists_every_route_and_no_other(app):
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    assert described == set(served_routes(app))


def test_the_server_serves_the_document(app):
    assert app.test_client().get("/api/v1/openapi.json").json == build_document()


def test_every_reference_in_the_document_leads_somewhere():
    document = build_document()
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert references <= set(document["components"]["schemas"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.answer], ids=lambda o: f"{o.method} {o.path}"
)
def test_answers_are_what_the_document_says(operation, listener):
    listener.begin()
    listener.do_steps()
    trial = listener.state()["next_trial"]
    bodies = {
        "/sessions": {
            "request_id": "x" * 22,
            "consent_version": CONSENT_VERSION,
            "language": "en",
        },
        "{token}": {"language": "fr"},
        "/questionnaire": {
            "answers": {"musical_background": "none", "hearing": "normal", "device": "earphones"}
        },
        "/level": {"level_db": -3.5},
        "/headphones": {"correct": 6, "total": 6, "passed": True},
        "/instructions": {},
        "{trial}": listener.result(trial),
        "/draft": {"ratings": [], "trial_time_s": 1.0},
        "/events": {"page": "p" * 16, "events": []},
    }
    body = next((b for end, b in bodies.items() if operation.path.endswith(end)), None)
    if operation.path.endswith("/finish"):
        listener.rate_all()
    path = operation.path.format(token=listener.token, trial=trial)
    response = listener.client.open(
        path, method=operation.method.upper(), json=body if operation.body else None
    )
    assert response.status_code == operation.status
    operation.answer.model_validate_json(response.data)
