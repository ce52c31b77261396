"""A session from consent to completion code, as the page lives it."""

import pytest
from sqlalchemy import text
from support.consent import CONSENT_VERSION

COMPLETE_ANSWERS = {
    "musical_background": "amateur",
    "hearing": "normal",
    "device": "headphones",
}


def rows(database, sql):
    with database.reading() as db:
        return db.execute(text(sql)).all()


def test_a_whole_session_ends_with_a_completion_code_of_its_own(listener, another_listener):
    assert listener.begin().status_code == 201
    assert listener.do_steps().json["stage"] == "trials"
    listener.rate_all()
    first = listener.finish().json
    second = another_listener.take_the_test().json
    assert first["stage"] == second["stage"] == "finished"
    assert first["next_trial"] is None
    assert len({first["completion"]["code"], second["completion"]["code"]}) == 2


def test_beginning_again_after_a_lost_answer_gives_the_same_session(listener, database):
    first, again = listener.begin(), listener.begin()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["token"] == again.json["token"]
    assert rows(database, "SELECT count(*) FROM sessions") == [(1,)]


def test_consent_to_an_older_text_begins_nothing(listener, database):
    listener.wish["consent_version"] = "0"
    response = listener.begin()
    assert response.status_code == 409
    assert response.json["detail"] == "the consent text has changed; reload the page"
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]


def test_the_consent_is_stored_with_its_version(listener, database):
    listener.begin()
    assert rows(database, "SELECT consent_version FROM sessions") == [(CONSENT_VERSION,)]


def test_steps_come_in_the_order_of_the_study(listener):
    listener.begin()
    assert listener.state()["stage"] == "questionnaire"
    listener.put("steps/questionnaire", {"answers": COMPLETE_ANSWERS})
    assert listener.state()["stage"] == "level"
    listener.put("steps/level", {"level_db": -20})
    assert listener.state()["stage"] == "headphones"
    listener.put("steps/headphones", {"correct": 2, "total": 6, "passed": False})
    assert listener.state()["stage"] == "instructions"  # the check is advisory by default
    listener.put("steps/instructions", {})
    assert listener.state()["stage"] == "trials"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "musical_background: please answer this question"),
        (COMPLETE_ANSWERS | {"hearing": "golden"}, "hearing: must be one of the offered answers"),
        (COMPLETE_ANSWERS | {"hearing": 7.0}, "hearing: must be one of the offered answers"),
        (COMPLETE_ANSWERS | {"email": "a@b.c"}, "answers: there is no such question"),
    ],
)
def test_answers_that_the_questionnaire_does_not_allow_are_refused(listener, answers, message):
    listener.begin()
    response = listener.put("steps/questionnaire", {"answers": answers})
    assert response.status_code == 422
    assert response.json["detail"] == message
    assert listener.state()["stage"] == "questionnaire"


def test_a_required_headphone_check_holds_until_it_is_passed(make_app, make_listener, make_set):
    study = make_set(listening_test='[listening_test]\nheadphone_check = "required"\n')
    listener = make_listener(make_app(study))
    listener.begin()
    listener.do_steps()
    failed = {"correct": 1, "total": 6, "passed": False}
    skipped = {"correct": 0, "total": 0, "passed": False, "skipped": True}
    for outcome in (failed, skipped):
        other = make_listener(listener.client.application)
        other.begin()
        other.put("steps/headphones", outcome)
        assert "headphones" not in other.state()["steps_done"]
        trial = other.state()["next_trial"]
        assert other.rate(trial).status_code == 409


def test_the_level_moves_by_four_db_at_most_once_a_trial_is_finished(listener):
    listener.begin()
    listener.do_steps()
    assert listener.put("steps/level", {"level_db": -40}).json["level_range_db"] == [-60, 12]
    listener.rate(listener.state()["next_trial"])
    assert listener.state()["level_range_db"] == [-44, -36]
    assert listener.put("steps/level", {"level_db": -36}).json["level_db"] == -36
    refused = listener.put("steps/level", {"level_db": -35.9})
    assert refused.status_code == 409
    assert refused.json["detail"] == "level_db: must now be in [-44, -36] dB"
    assert listener.put("steps/level", {"level_db": -44}).json["level_db"] == -44


def test_finishing_early_is_refused_and_says_what_is_left(listener):
    listener.begin()
    listener.do_steps()
    listener.rate(listener.state()["next_trial"])
    response = listener.finish()
    assert response.status_code == 409
    assert response.json["detail"] == "6 of 7 trials are not finished yet"


def test_finishing_twice_gives_the_same_code(listener):
    first = listener.take_the_test().json["completion"]
    assert listener.finish().json["completion"] == first


def test_another_day_the_link_resumes_at_the_first_open_trial(listener, app, make_listener):
    listener.begin()
    listener.do_steps()
    trials = listener.state()["trials"]
    for trial in trials[:3]:
        listener.rate(trial["id"])
    another_day = make_listener(app)
    another_day.token = listener.token
    state = another_day.state()
    assert state["stage"] == "trials"
    assert state["next_trial"] == trials[3]["id"]
    assert [trial["id"] for trial in state["trials"]] == [trial["id"] for trial in trials]
    assert state["estimate_left_s"] < listener_estimate(app)


def listener_estimate(app):
    return app.test_client().get("/api/v1/study").json["estimate_s"]


def test_prolific_identifiers_are_stored_and_redirect_comes_back(make_app, make_listener, make_set):
    study = make_set(
        listening_test="""
        [listening_test.completion]
        code = "C0FFEE"
        redirect = "https://app.prolific.com/submissions/complete?cc=C0FFEE"
        """,
    )
    app = make_app(study)
    pid = "5f3a0000000000000000007b"
    listener = make_listener(app, external={"PROLIFIC_PID": pid, "STUDY_ID": "007"})
    done = listener.take_the_test().json
    assert done["completion"] == {
        "code": "C0FFEE",
        "redirect": "https://app.prolific.com/submissions/complete?cc=C0FFEE",
    }
    database = app.extensions["webmushra"].database
    assert set(rows(database, "SELECT participant FROM ratings_long")) == {(pid,)}


def test_the_language_is_kept_for_another_day(listener):
    listener.begin()
    assert listener.client.put(listener.address, json={"language": "fr"}).json["language"] == "fr"
    assert listener.state()["language"] == "fr"
    refused = listener.client.put(listener.address, json={"language": "de"})
    assert refused.json["detail"] == "language: must be one of en, fr"


def test_a_break_is_offered_after_every_so_many_trials_that_count(
    make_app, make_listener, make_set
):
    study = make_set(listening_test="[listening_test]\nbreak_every = 2\n")
    listener = make_listener(make_app(study))
    trials = listener.begin().json["trials"]
    assert [trial["training"] for trial in trials] == [True] + [False] * 6
    assert [n for n, trial in enumerate(trials) if trial["break_before"]] == [3, 5]


def test_events_are_stored_once_however_often_they_are_sent(listener, database):
    listener.begin()
    trial = listener.state()["trials"][2]
    batch = {
        "page": "a" * 16,
        "events": [
            {"seq": 0, "at_s": 1.5, "kind": "trial_shown", "trial": trial["id"]},
            {"seq": 1, "at_s": 2.0, "kind": "audio_failed", "detail": {"status": 503}},
            {"seq": 1, "at_s": 2.0, "kind": "audio_failed", "detail": {"status": 503}},
        ],
    }
    send = f"{listener.address}/events"
    assert listener.client.post(send, json=batch).json == {"stored": 2}
    assert listener.client.post(send, json=batch).json == {"stored": 0}
    assert rows(database, "SELECT kind, trial_position FROM events ORDER BY seq") == [
        ("trial_shown", 3),
        ("audio_failed", None),
    ]


def test_the_announced_time_learns_from_real_medians_not_from_simulated_ones(
    make_app, make_listener, stimulus_set
):
    app = make_app(stimulus_set)
    before = listener_estimate(app)
    for _ in range(5):
        make_listener(app, simulated=True).take_the_test()
    app = make_app(stimulus_set)
    assert listener_estimate(app) == before
    for _ in range(5):
        make_listener(app).take_the_test()
    learnt = listener_estimate(make_app(stimulus_set))
    steps_s = 40 + 25 + 60 + 60
    assert learnt == pytest.approx(steps_s + 7 * 31.5)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("steps/level", {"level_db": -19.0}),
        ("steps/headphones", {"correct": 0, "total": 6, "passed": False}),
        ("steps/questionnaire", {"answers": COMPLETE_ANSWERS | {"hearing": "impaired"}}),
    ],
)
def test_after_the_finish_nothing_changes(listener, database, path, body):
    listener.take_the_test()
    before = rows(database, "SELECT * FROM sessions")
    assert listener.put(path, body).status_code == 409
    assert listener.client.put(listener.address, json={"language": "fr"}).json["language"] == "en"
    batch = {"page": "a" * 16, "events": [{"seq": 0, "at_s": 1.0, "kind": "late"}]}
    assert listener.client.post(f"{listener.address}/events", json=batch).json == {"stored": 0}
    assert rows(database, "SELECT * FROM sessions") == before
    assert rows(database, "SELECT count(*) FROM events") == [(0,)]


def test_the_key_of_a_session_is_not_kept_in_its_events(listener, database):
    listener.begin()
    event = {"seq": 0, "at_s": 1.0, "kind": "refused", "detail": {"path": listener.address}}
    batch = {"page": "a" * 16, "events": [event]}
    listener.client.post(f"{listener.address}/events", json=batch)
    ((detail,),) = rows(database, "SELECT detail FROM events")
    assert listener.token not in str(detail)
    assert "/api/v1/sessions/<key>" in str(detail)


@pytest.mark.parametrize(("only_one", "status"), [("true", 409), ("false", 201)])
def test_a_recruited_id_begins_again_only_if_the_study_allows_it(
    make_app, make_listener, make_set, only_one, status
):
    study = make_set(listening_test=f"[listening_test]\none_session_per_participant = {only_one}\n")
    app = make_app(study)
    who = {"external": {"PROLIFIC_PID": "same"}}
    first = make_listener(app, **who)
    assert first.begin().status_code == 201
    assert first.begin().status_code == 200
    assert make_listener(app, **who).begin().status_code == status
    assert make_listener(app).begin().status_code == 201
