"""Every identifier of every route replaced: another's, the other kind's and an unknown one's.

The routes come from the app's own map, so that a new one is tested as it is added. Whatever stands
in an identifier's place, the answer is that to an unknown one of the same form, and nothing is
stored. Only a session's key and the ``request_id`` that began it open that session.
"""

import random
import re

import pytest
from sqlalchemy import select
from support.experimenter import HASH
from support.fuzzing import FORM, webmushra_form
from support.identifiers import OWN, foreign_values, identifiers, like, requests_with, routes_of

from webmushra_app.database import models

pytestmark = pytest.mark.slow


@pytest.fixture
def app(make_app, stimulus_set, tmp_path):
    return make_app(stimulus_set, admin_password_hash=HASH, data=tmp_path)


@pytest.fixture
def collected(app, experimenter):
    """Store a posted result and return its document."""
    experimenter.post("/admin/studies/collect", test_id="codec_test")
    document = {
        "testId": "codec_test",
        "uuid": "3f1c8a52-5f0e-4a38-9a0e-0d6f6c1f2b11",
        "participant": {"name": [], "response": []},
        "trials": [
            {"type": "mushra", "id": "t1", "responses": [{"stimulus": "reference", "score": 100}]}
        ],
    }
    assert post(app, document).status_code == 200
    return document


@pytest.fixture
def me(listener, database):
    return begun(listener)


@pytest.fixture
def other(another_listener, database):
    """Another participant, one trial further."""
    begun(another_listener).rate(another_listener.state()["next_trial"])
    return another_listener


def begun(listener):
    listener.begin()
    listener.do_steps()
    return listener


def post(app, document, path="/collect"):
    return app.test_client().post(path, data=webmushra_form(document), content_type=FORM)


def everything(database):
    """Read every row of every table."""
    with database.reading() as db:
        return {
            table.name: sorted(map(repr, db.execute(select(table)).all()))
            for table in models.Base.metadata.sorted_tables
        }


def answer_to(client, method, path, body, *, sent):
    """Ask, and return what came back, the identifier itself blotted out."""
    with client.open(path, method=method, json=body) as response:
        headers = [(name, value) for name, value in response.headers if name != "Date"]
        return response.status_code, headers, response.text.replace(sent, "IT")


def test_a_foreign_identifier_is_answered_like_an_unknown_one_and_stores_nothing(
    app, database, me, other, collected
):
    rng, client = random.Random(1), app.test_client()
    before, n_asked = everything(database), 0
    for kind, value in foreign_values(database, me, other):
        unknown = like(value, rng=rng)
        pairs = zip(
            requests_with(app, me, value, kind), requests_with(app, me, unknown, kind), strict=True
        )
        for foreign, unheard in pairs:
            answers = [
                answer_to(client, *request, sent=sent)
                for request, sent in ((foreign, value), (unheard, unknown))
            ]
            n_asked += 1
            assert answers[0] == answers[1], (kind, foreign)
            shell = 200 if foreign[1].startswith("/s/") else 404  # a page that holds no data
            assert answers[0][0] in (404, 422, shell), (kind, foreign)
    assert n_asked > 300
    assert everything(database) == before


def test_every_route_with_an_identifier_is_tried(app, me):
    tried = set()
    for method, path, _body in requests_with(app, me, "u" * 22, "unknown"):
        tried.add((method, app.url_map.bind("").match(path, method=method)[0]))
    wanted = {
        (method, app.url_map.bind("").match(re.sub(r"\{\w+\}", "u" * 22, path), method=method)[0])
        for method, path in routes_of(app, OWN)
        if "{" in path
    }
    assert tried >= wanted


def test_an_event_about_anothers_trial_names_no_position(me, other, database):
    foreign = identifiers(database)[other.token]
    event = {"seq": 0, "at_s": 1.0, "kind": "play", "detail": {}}
    event |= {"trial": foreign["trial"], "stimulus": foreign["stimulus"]}
    sent = me.client.post(f"{me.address}/events", json={"page": "p" * 16, "events": [event]})
    assert sent.json == {"stored": 1}
    with database.reading() as db:
        (stored,) = db.scalars(select(models.Event).filter_by(page="p" * 16))
        assert (stored.trial_position, stored.stimulus_position) == (None, None)


def test_a_posted_result_named_by_anything_of_ours_is_answered_alike_and_touches_none(
    app, database, me, other, collected
):
    ours = {"study": "study"} | identifiers(database)[other.token]
    rng, before = random.Random(1), everything(database)
    sessions = {who.token for who in (me, other)}
    for name, value in ours.items():
        for place in ("uuid", "id", "stimulus", "testId", "address"):
            answers = []
            for sent in (value, like(value, rng=rng)):
                path = f"/{sent}/collect" if place == "address" else "/collect"
                response = post(app, renamed(collected, place, sent), path)
                answers.append((response.status_code, response.text.replace(sent, "IT")))
            assert answers[0] == answers[1], (name, place)
            assert answers[0][0] == {"testId": 404, "address": 422}.get(place, 200)
    after = everything(database)
    for table in ("sessions", "trials", "presentations", "ratings", "events"):
        assert set(before[table]) <= set(after[table])
    with database.reading() as db:
        of_own = select(models.Session.token).where(models.Session.token.in_(sessions))
        posted = select(models.CollectedSession.session_id)
        assert set(db.scalars(of_own.where(models.Session.id.not_in(posted)))) == sessions


def renamed(document, place, sent):
    """Put an identifier into a posted document."""
    if place in ("uuid", "testId"):
        return document | {place: sent}
    if place == "address":
        return document
    response = {"stimulus": sent if place == "stimulus" else "reference", "score": 50}
    page = {"type": "mushra", "id": sent if place == "id" else "t1", "responses": [response]}
    return document | {"trials": [page], "uuid": None}
