"""Ratings arrive whole and once, or not at all."""

import math

import pytest
from sqlalchemy import text

from webmushra_app.admin.screening import flag_sessions
from webmushra_app.database import models


def stored(database):
    with database.reading() as db:
        return db.execute(
            text(
                "SELECT trial_position, stimulus_position, score, plays, listened_s, trial_time_s, "
                "comment FROM ratings_long ORDER BY trial_position, stimulus_position"
            )
        ).all()


@pytest.fixture
def ready(listener):
    """A listener before the first trial."""
    listener.begin()
    listener.do_steps()
    return listener


@pytest.fixture
def first_trial(ready):
    return ready.state()["next_trial"]


def test_the_stored_rows_are_what_the_listener_set(ready, first_trial, database):
    saved = ready.rate(first_trial, score=41.5, comment="bright 🎸, =1+1\nand more")
    assert saved.json["changed"] is True
    assert stored(database) == [
        (1, n + 1, 41.5 + n, 2, 5.25, 31.5, "bright 🎸, =1+1\nand more") for n in range(4)
    ]


def test_putting_the_same_trial_twice_changes_nothing(ready, first_trial, database):
    body = ready.result(first_trial)
    ready.put(f"trials/{first_trial}", body)
    before = stored(database)
    body["ratings"].reverse()
    again = ready.put(f"trials/{first_trial}", body)
    assert (again.status_code, again.json["changed"]) == (200, False)
    assert stored(database) == before


def test_other_ratings_for_a_finished_trial_are_refused(ready, first_trial, database):
    ready.rate(first_trial, score=10)
    before = stored(database)
    response = ready.rate(first_trial, score=11)
    assert response.status_code == 409
    assert stored(database) == before


def test_a_trial_before_its_steps_is_refused(listener, database):
    listener.begin()
    response = listener.rate(listener.state()["next_trial"])
    assert response.status_code == 409
    assert response.json["detail"] == "the step 'questionnaire' comes before the trials"
    assert stored(database) == []


@pytest.mark.parametrize(
    "score", [-0.1, 100.1, 5000, "abc", "50", None, True, [], math.nan, math.inf, 10**400]
)
def test_a_score_that_is_no_number_from_0_to_100_stores_nothing(
    ready, first_trial, database, score
):
    body = ready.result(first_trial)
    body["ratings"][1]["score"] = score
    response = ready.put(f"trials/{first_trial}", body)
    assert response.status_code in (400, 422)
    assert stored(database) == []
    assert ready.state()["next_trial"] == first_trial


@pytest.mark.parametrize("score", [0, 100, 0.0, 99.75])
def test_the_ends_of_the_scale_are_scores(ready, first_trial, database, score):
    body = ready.result(first_trial)
    body["ratings"][0]["score"] = score
    assert ready.put(f"trials/{first_trial}", body).status_code == 200
    assert stored(database)[0].score == score


def test_every_stimulus_must_be_rated(ready, first_trial, database):
    body = ready.result(first_trial)
    body["ratings"].pop()
    response = ready.put(f"trials/{first_trial}", body)
    assert response.status_code == 422
    assert response.json["detail"] == "ratings: 1 of 4 stimuli are not rated"
    assert stored(database) == []


def test_a_stimulus_of_another_trial_is_refused(ready, first_trial, database):
    body = ready.result(first_trial)
    other = ready.result(ready.state()["trials"][1]["id"])
    body["ratings"][0] = other["ratings"][0]
    assert ready.put(f"trials/{first_trial}", body).status_code == 422
    body["ratings"][0] = body["ratings"][1]
    assert ready.put(f"trials/{first_trial}", body).status_code == 422
    assert stored(database) == []


def test_someone_elses_trial_is_not_found(ready, another_listener, database):
    another_listener.begin()
    foreign = another_listener.state()["next_trial"]
    body = another_listener.result(foreign)
    assert ready.put(f"trials/{foreign}", body).status_code == 404
    assert ready.client.get(f"{ready.address}/trials/{foreign}").status_code == 404
    assert stored(database) == []


def test_a_draft_survives_a_reload_and_ends_with_the_trial(ready, first_trial):
    stimuli = ready.trial(first_trial)["stimuli"]
    draft = {
        "ratings": [
            {"stimulus": stimuli[0]["id"], "score": 40.0, "plays": 1, "listened_s": 2.0},
            {"stimulus": stimuli[1]["id"], "score": None, "plays": 0, "listened_s": 0.0},
        ],
        "trial_time_s": 8.0,
        "comment": "half",
    }
    assert ready.put(f"trials/{first_trial}/draft", draft).status_code == 200
    assert ready.trial(first_trial)["draft"] == draft
    ready.rate(first_trial)
    assert ready.trial(first_trial)["draft"] is None
    assert ready.put(f"trials/{first_trial}/draft", draft).status_code == 409


def test_a_finished_trial_can_be_looked_at_again(ready, first_trial):
    body = ready.result(first_trial)
    ready.put(f"trials/{first_trial}", body)
    body["ratings"].sort(key=lambda rating: rating["stimulus"])
    assert ready.trial(first_trial)["result"] == body


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"ratings=1", "application/x-www-form-urlencoded", 415),
        (b" " * 300_000, "application/json", 413),
    ],
)
def test_a_body_that_is_not_what_was_asked_for_is_refused_in_one_sentence(
    ready, first_trial, content, content_type, status
):
    response = ready.client.put(
        f"{ready.address}/trials/{first_trial}", data=content, content_type=content_type
    )
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == status
    assert "\n" not in response.json["detail"]


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_comment_that_no_database_can_hold_is_refused(ready, first_trial, character):
    response = ready.rate(first_trial, comment=f"a{character}b")
    assert response.status_code in (400, 422)


def test_trials_are_taken_in_their_order(ready, database):
    first, second, *_ = [trial["id"] for trial in ready.state()["trials"]]
    response = ready.rate(second)
    assert response.status_code == 409
    assert response.json["detail"] == "trial 1 comes before trial 2"
    assert stored(database) == []
    assert ready.rate(first).status_code == ready.rate(second).status_code == 200


def test_a_stimulus_rated_without_being_played_is_refused(ready, first_trial, database):
    body = ready.result(first_trial)
    body["ratings"][2]["plays"] = 0
    response = ready.put(f"trials/{first_trial}", body)
    assert response.status_code == 422
    assert response.json["detail"] == "ratings: a stimulus was rated without being played"
    assert stored(database) == []


def test_a_session_that_rated_sounds_it_never_fetched_is_flagged(app, database, make_listener):
    honest, hasty = make_listener(app), make_listener(app)
    for listener in (honest, hasty):
        listener.begin()
        listener.do_steps()
        for summary in listener.state()["trials"]:
            trial = listener.trial(summary["id"])
            kept = trial["stimuli"] if listener is honest else trial["stimuli"][1:]
            for stimulus in kept:
                listener.hear(stimulus)
            listener.rate(summary["id"])
    app.extensions["webmushra"].fetched.wait()
    with database.reading() as db:
        study = db.query(models.Study).one()
        of_hasty = db.query(models.Session.id).filter_by(token=hasty.token).scalar()
        flags = flag_sessions(db, study)
    unsent = [session for session, found in flags.items() if "rated sounds" in " ".join(found)]
    assert unsent == [of_hasty]
