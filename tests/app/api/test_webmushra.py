"""What webMUSHRA's pages post lands whole, validated and once, or is refused with the reason."""

import csv
import hashlib
import io
import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from support.experimenter import HASH
from support.fuzzing import snapshot

from webmushra_app.api.webmushra import read_document
from webmushra_app.database import models
from webmushra_app.database.maintenance import examine

FORM = "application/x-www-form-urlencoded"
UUID = "3f1c8a52-5f0e-4a38-9a0e-0d6f6c1f2b11"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


def session(**changes):
    """Make the document of a session, as webMUSHRA 1.4 sends it: sliders' values are texts."""
    return {
        "testId": "codec_test",
        "participant": {
            "name": ["age", "feedback", "code"],
            "response": ["30", "R&B + soul = 100 % fun? \"yes\"\nnext line 🎸", "007"],
        },
        "trials": [
            mushra_page("trial_1", {"reference": "100", "C1": "63", "anchor35": "12"}),
            mushra_page("trial_2", {"C1": "5", "anchor35": "0", "reference": "98"}),
            {
                "type": "likert_single_stimulus",
                "id": "likert",
                "responses": [{"stimulus": "C1", "stimulusRating": "not at all", "time": 1771}],
            },
        ],
        "uuid": UUID,
        "config": "configs/default.yaml",
    } | changes  # fmt: skip


def mushra_page(name, scores):
    responses = [
        {"stimulus": stimulus, "score": score, "time": 20931, "comment": ""}
        for stimulus, score in scores.items()
    ]
    return {"type": "mushra", "id": name, "responses": responses}


def as_sent(document):
    """Make the body that webMUSHRA's page sends: the JSON as it is, encoded by nobody."""
    return ("sessionJSON=" + json.dumps(document, ensure_ascii=False)).encode()


@pytest.fixture
def app(make_app, stimulus_set, tmp_path):
    return make_app(stimulus_set, admin_password_hash=HASH, data=tmp_path)


@pytest.fixture
def experimenter(experimenter):
    experimenter.post("/admin/studies/collect", test_id="codec_test")
    return experimenter


@pytest.fixture
def post(app, experimenter):
    def post(body, *, path="/service/write.php"):
        body = body if isinstance(body, bytes) else as_sent(body)
        return app.test_client().post(path, data=body, content_type=FORM)

    return post


def rows(database, sql):
    with database.reading() as db:
        return db.execute(text(sql)).all()


def exported(experimenter, file):
    download = experimenter.download(file, study="codec_test")
    return list(csv.DictReader(io.StringIO(download.text, newline="")))


@pytest.mark.parametrize("path", ["/service/write.php", "/collect", "/codec_test/collect"])
@on_sqlite
def test_a_session_is_stored_with_its_answer_empty_as_the_page_wants(post, database, path):
    response = post(session(), path=path)
    assert (response.status_code, response.data) == (200, b"")
    assert rows(
        database, "SELECT item, condition, kind, score, trial_time_s FROM ratings_long "
        "ORDER BY trial_position, stimulus_position"
    ) == [
        ("trial_1", "reference", "reference", 100, 20.931),
        ("trial_1", "C1", "", 63, 20.931),
        ("trial_1", "anchor35", "anchor", 12, 20.931),
        ("trial_2", "C1", "", 5, 20.931),
        ("trial_2", "anchor35", "anchor", 0, 20.931),
        ("trial_2", "reference", "reference", 98, 20.931),
    ]  # fmt: skip


def test_text_answers_are_stored_whole(post, experimenter):
    post(session())
    (row,) = exported(experimenter, "participants.csv")
    assert row["answer_feedback"] == 'R&B + soul = 100 % fun? "yes"\nnext line 🎸'
    assert row["answer_code"] == "007"


@on_sqlite
def test_an_encoded_form_is_read_the_same(post, database):
    post(session())
    before = rows(database, "SELECT * FROM ratings_long")
    encoded = "sessionJSON=" + quote(json.dumps(session()), safe="")
    assert post(encoded.encode()).status_code == 200
    assert rows(database, "SELECT * FROM ratings_long") == before


def test_pages_of_other_types_are_kept_in_the_document(post, experimenter):
    post(session())
    (event,) = exported(experimenter, "events.csv")
    assert event["kind"] == "collected"
    assert json.loads(event["detail"]) == session()


@pytest.mark.parametrize("uuid", [UUID, None])
def test_a_second_press_of_the_button_stores_nothing_twice(post, database, uuid):
    document = session(uuid=uuid)
    assert post(document).status_code == 200
    again = document["participant"]
    pressed_twice = {
        "name": again["name"] * 2,  # the page appends its answers anew
        "response": again["response"] * 2,
    }
    assert post(document).status_code == 200
    assert post(document | {"participant": pressed_twice}).status_code == 200
    assert rows(database, "SELECT count(*) FROM ratings") == [(6,)]
    assert rows(database, "SELECT count(*) FROM sessions") == [(1,)]


def test_other_ratings_under_the_same_uuid_are_kept_apart_until_included(
    post, database, experimenter
):
    post(session())
    other = session(trials=[mushra_page("trial_1", {"reference": "1"})])
    assert post(other).status_code == 200
    assert rows(database, "SELECT count(*), max(score) FROM ratings_long") == [(6, 100)]
    query = "SELECT id, excluded_because FROM sessions WHERE excluded_at IS NOT NULL"
    ((excluded, why),) = rows(database, query)
    assert why == "unverified: another result of the same uuid came before"
    experimenter.post(f"/admin/sessions/{excluded}/include")
    assert rows(database, "SELECT count(*) FROM ratings_long") == [(7,)]


def old_request_id(document):
    """Compute what identified a posted result up to schema 0003."""
    named = f"{document['testId']}\n{document['uuid']}"
    return "webmushra-" + hashlib.sha256(named.encode()).hexdigest()[:48]


def test_no_post_confirms_or_changes_a_session_begun_here(
    post, experimenter, database, make_listener, app
):
    victim = make_listener(app)
    victim.request_id = old_request_id(session())
    assert victim.begin().status_code == 422
    victim = make_listener(app)
    victim.begin()
    victim.do_steps()
    victim.rate_all()
    with database.writing() as db:  # as a database of schema 0003 may hold it
        stored = db.query(models.Session).filter_by(token=victim.token).one()
        stored.request_id = old_request_id(session())
    before = snapshot(database, victim)
    truth = rows(database, "SELECT item, condition, score FROM ratings_long")
    pages = {}
    for item, condition, score in truth:
        pages.setdefault(item, {})[condition] = score
    right = session(trials=[mushra_page(item, scores) for item, scores in pages.items()])
    wrong = session(trials=[mushra_page(item, dict.fromkeys(pages[item], 1)) for item in pages])
    answers = [post(guess) for guess in (wrong, right, wrong)]
    assert {(a.status_code, a.data) for a in answers} == {(200, b"")}
    assert snapshot(database, victim) == before
    faults = list(examine(database))
    assert [fault for fault in faults if "could guess its ratings" in fault] == [
        f"session {before[0][0]}: a webMUSHRA post could guess its ratings; exclude it"
    ]


def test_a_uuid_taken_beforehand_keeps_no_result_out(post, database):
    post(session(trials=[mushra_page("trial_1", {"reference": "1"})]))
    assert post(session()).status_code == 200
    assert rows(database, "SELECT count(*) FROM all_ratings") == [(7,)]


@on_sqlite
def test_the_doctor_finds_answers_that_nobody_was_asked(listener, database):
    listener.begin()
    listener.do_steps()
    with database.writing() as db:
        db.query(models.Session).one().questionnaire = {"smuggled": "x"}
    (fault,) = examine(database)
    assert fault.endswith("has an answer to 'smuggled', which is not asked")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trials": [mushra_page(f"t{n}", {"a": 1}) for n in range(201)]}, "at most 200 items"),
        (
            {"participant": {"name": [f"q{n}" for n in range(101)], "response": [1] * 101}},
            "at most 100 questions, got 101",
        ),
        ({"participant": {"name": ["q" * 201], "response": [1]}}, "at most 200 characters"),
    ],
)
@on_sqlite
def test_what_is_too_much_for_one_session_is_refused(post, database, changes, reason):
    response = post(session(**changes))
    assert response.status_code == 422
    assert reason in response.json["detail"]
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]


@on_sqlite
def test_what_is_collected_shows_in_the_live_view_like_any_other_study(post, experimenter):
    post(session())
    page = experimenter.get(experimenter.study_path("codec_test")).text
    assert "collecting" in page
    for condition in ("reference", "C1", "anchor35"):
        assert f'<th scope="row">{condition}</th><td>real</td><td class="n">2</td>' in page


def test_two_listeners_are_two_sessions_of_the_same_items(post, database):
    post(session())
    post(session(uuid="another"))
    assert rows(database, "SELECT count(*) FROM sessions") == [(2,)]
    query = "SELECT count(*) FROM items JOIN studies ON studies.id = study_id WHERE folder = ''"
    assert rows(database, query) == [(2,)]
    assert rows(database, "SELECT count(*) FROM conditions WHERE kind = ''") == [(1,)]


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (5000, "Input should be less than or equal to 100"),
        ("5000", "Input should be less than or equal to 100"),
        ("-1", "Input should be greater than or equal to 0"),
        ("abc", "'abc' is not a number"),
        ("NaN", "'NaN' is not a number"),
        ("inf", "'inf' is not a number"),
        ("", "'' is not a number"),
        (True, "must be a number"),
        (None, "must be a number"),
        (10**400, "is not a number"),
    ],
)
@on_sqlite
def test_a_score_that_is_none_is_refused_with_its_place(post, database, score, reason):
    response = post(session(trials=[mushra_page("t", {"reference": 100, "C1": score})]))
    assert response.status_code == 422
    detail = response.json["detail"]
    assert detail.startswith("trials.0.responses.1.score: ")
    assert detail.endswith(reason)
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
@on_sqlite
def test_a_bare_number_that_json_does_not_have_is_refused(post, number):
    body = as_sent(session()).replace(b'"63"', number.encode())
    response = post(body)
    assert (response.status_code, response.json["detail"]) == (422, f"{number} is not a number")


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "the form has no field sessionJSON"),
        (b"sessionJSON=", 400, "is not a JSON object"),
        (b"sessionJSON={", 400, "is not a JSON object"),
        (b"sessionJSON=[]", 400, "is not a JSON object"),
        (b"sessionJSON=" + b"[" * 100_000, 400, "is not a JSON object"),
        (b'sessionJSON={"a":' + b"[" * 900 + b"]" * 900 + b"}", 422, "trials: must be a list"),
        (b'sessionJSON={"a":' + b"[" * 9000 + b"]" * 9000 + b"}", 400, "is not a JSON object"),
        (as_sent({"testId": "codec_test"}), 422, "trials: must be a list"),
        (as_sent(session(testId=7)), 422, "testId: Input should be a valid string"),
        (as_sent(session(testId="unknown")), 404, "are not collected here"),
        (as_sent(session(testId="study")), 404, "are not collected here"),
        (as_sent(session(uuid=[])), 422, "uuid: Input should be a valid string"),
        (as_sent(session(trials=["x"])), 422, "trials.0: Input should be a valid dictionary"),
        (as_sent(session(trials=[mushra_page("t", {"a": 1})] * 2)), 422, "'t' is there twice"),
    ],
)
@on_sqlite
def test_what_is_no_session_is_refused_with_the_reason(post, database, body, status, reason):
    response = post(body)
    assert response.status_code == status
    assert reason in response.json["detail"]
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]


def test_what_arrives_while_the_study_is_closed_is_unverified(post, experimenter, database):
    post(session())
    experimenter.post(f"{experimenter.study_path('codec_test')}/close")
    answers = [post(session()), post(session(uuid="late"))]
    assert {(a.status_code, a.data) for a in answers} == {(200, b"")}
    assert rows(database, "SELECT count(*) FROM ratings_long") == [(6,)]
    assert rows(database, "SELECT excluded_because FROM sessions ORDER BY excluded_at DESC") in (
        [("unverified: it arrived when this study is closed",), (None,)],
        [(None,), ("unverified: it arrived when this study is closed",)],
    )


@on_sqlite
def test_only_a_form_is_taken(app, experimenter):
    response = app.test_client().post("/collect", json=session())
    assert response.status_code == 415


@on_sqlite
def test_what_is_announced_must_have_a_name_of_its_own(experimenter):
    for name, status in (("study", 409), ("codec_test", 409), ("", 422), ("x" * 65, 422)):
        assert experimenter.post("/admin/studies/collect", test_id=name).status_code == status


def test_lone_surrogates_and_nul_neither_break_the_store_nor_the_export(post, experimenter):
    participant = {"name": ["a", "b"], "response": ["\ud800", "x\u0000y"]}
    body = b"sessionJSON=" + json.dumps(session(participant=participant)).encode()
    assert post(body).status_code == 200
    (row,) = exported(experimenter, "participants.csv")
    assert row["answer_a"] == "?"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans())))
def test_every_document_is_read_back_encoded_or_not(document):
    whole = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    assert read_document(b"sessionJSON=" + json.dumps(document).encode()) == whole
    encoded = quote(json.dumps(document), safe="")
    assert read_document(f"sessionJSON={encoded}&other=1".encode()) == whole


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ANYTHING_LIKE_A_SESSION = st.fixed_dictionaries(
    {
        "testId": st.just("codec_test") | JSON,
        "trials": JSON
        | st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.just("mushra") | JSON,
                    "id": st.text(max_size=70) | JSON,
                    "responses": JSON
                    | st.lists(
                        st.fixed_dictionaries(
                            {"stimulus": st.text(max_size=70), "score": st.integers(0, 101) | JSON},
                            optional={"time": JSON, "comment": JSON},
                        ),
                        max_size=3,
                    ),
                }
            ),
            max_size=3,
        ),
    },
    optional={
        "uuid": JSON,
        "participant": st.fixed_dictionaries(
            {"name": st.lists(st.text()) | JSON, "response": st.lists(JSON) | JSON}
        ),
    },
)


@on_sqlite
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=ANYTHING_LIKE_A_SESSION)
def test_whatever_is_posted_is_stored_or_refused_and_still_exported(app, experimenter, document):
    body = b"sessionJSON=" + json.dumps(document).encode()
    response = app.test_client().post("/collect", data=body, content_type=FORM)
    assert response.status_code in (200, 400, 404, 409, 422), response.text
    if response.status_code == 200:
        assert exported(experimenter, "participants.csv")
