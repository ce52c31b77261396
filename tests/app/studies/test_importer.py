"""A stimulus set comes into the database whole, unchanged, and once."""

import json

import pytest

from webmushra_app import timestamps
from webmushra_app.database import models
from webmushra_app.studies.importer import import_study
from webmushra_app.studies.registry import Studies
from webmushra_app.studies.study import OpenStudyError, open_study


def test_a_changed_byte_is_refused_by_name(make_app, stimulus_set):
    changed = sorted((stimulus_set / "audio").iterdir())[3]
    changed.write_bytes(b"x" + changed.read_bytes()[1:])
    with pytest.raises(OpenStudyError, match=f"{changed}: changed since the set was made"):
        make_app(stimulus_set)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_leaves_the_set_is_refused_by_name(make_app, stimulus_set, tmp_path, what):
    audio = stimulus_set / "audio"
    if what == "folder":
        audio.rename(tmp_path / "elsewhere")
        audio.symlink_to(tmp_path / "elsewhere")
    else:
        linked = sorted(audio.iterdir())[3]
        linked.rename(tmp_path / linked.name)
        linked.symlink_to(tmp_path / linked.name)
    with pytest.raises(OpenStudyError, match="is a link that leaves the stimulus set"):
        make_app(stimulus_set)


def test_opening_the_same_set_again_keeps_its_sessions(make_app, make_listener, stimulus_set):
    listener = make_listener(make_app(stimulus_set))
    listener.begin()
    again = make_listener(make_app(stimulus_set))
    again.token = listener.token
    assert again.state()["stage"] == "questionnaire"


def test_settings_may_change_between_two_runs(make_app, stimulus_set):
    make_app(stimulus_set)
    (stimulus_set / "study.toml").write_text("[listening_test]\nitems_per_listener = 3\n")
    assert make_app(stimulus_set).test_client().get("/api/v1/study").json["n_trials"] == 3


def test_another_set_of_the_same_name_does_not_mix_with_sessions_of_the_first(
    make_app, make_listener, stimulus_set, make_set
):
    make_listener(make_app(stimulus_set)).begin()
    other = make_set()
    with pytest.raises(
        OpenStudyError, match="already holds 1 sessions of another set named 'study'"
    ):
        make_app(other)


def test_another_set_of_the_same_name_replaces_one_that_nobody_heard(make_app, database, make_set):
    import_study(database, make_set(n_items=3))
    assert len(Studies(database).current().study.trial_items) == 3


def test_without_a_set_the_last_opened_study_is_opened(make_app, database, make_set):
    import_study(database, make_set(name="second"))
    assert Studies(database).current().study.name == "second"
    open_study(database, "study")
    assert Studies(database).current().study.name == "study"


def test_an_empty_database_says_how_to_give_it_a_study(database):
    with database.writing() as db:
        db.delete(db.query(models.Study).one())
    with pytest.raises(OpenStudyError, match="give a stimulus set with --study SET/"):
        Studies(database)


def test_a_set_of_training_items_alone_is_no_study(make_app, stimulus_set):
    path = stimulus_set / "manifest.json"
    manifest = json.loads(path.read_text())
    for item in manifest["items"]:
        item["training"] = True
    path.write_text(json.dumps(manifest))
    with pytest.raises(OpenStudyError, match="has no item that isn't training"):
        make_app(stimulus_set)


def test_each_listener_gets_a_part_and_the_parts_stay_balanced(make_app, make_listener, make_set):
    study = make_set(n_items=9, listening_test="[listening_test]\nitems_per_listener = 3\n")
    app = make_app(study)
    for _ in range(6):
        assert len(make_listener(app).begin().json["trials"]) == 1 + 3
    database = app.extensions["webmushra"].database
    with database.reading() as db:
        counts = {}
        for trial in db.query(models.Trial).filter_by(training=False):
            counts[trial.item_id] = counts.get(trial.item_id, 0) + 1
    assert sorted(counts.values()) == [2] * 9


def test_a_session_goes_on_when_another_study_is_opened(make_app, make_listener, make_set):
    app = make_app(make_set())
    listener = make_listener(app)
    listener.begin()
    listener.do_steps()
    provided = app.extensions["webmushra"]
    import_study(provided.database, make_set(name="second"))
    provided.studies.reload()
    assert app.test_client().get("/api/v1/study").json["name"] == "second"
    own = app.test_client().get(f"{listener.address}/study").json
    assert (own["name"], own["open"]) == ("study", True)
    listener.rate_all()
    assert listener.finish().json["stage"] == "finished"
    assert make_listener(app).take_the_test().status_code == 200


def test_a_closed_study_begins_no_session_and_lets_the_begun_ones_end(
    make_app, make_listener, stimulus_set
):
    app = make_app(stimulus_set)
    listener = make_listener(app)
    listener.begin()
    with app.extensions["webmushra"].database.writing() as db:
        db.query(models.Study).one().closed_at = timestamps.moment()
    assert app.test_client().get("/api/v1/study").json["open"] is False
    refused = make_listener(app).begin()
    assert (refused.status_code, refused.json["detail"]) == (
        409,
        "this study is closed; thank you for your interest",
    )
    listener.do_steps()
    listener.rate_all()
    assert listener.finish().status_code == 200


def test_a_full_study_takes_simulated_listeners_only(make_app, make_listener, stimulus_set):
    app = make_app(stimulus_set)
    with app.extensions["webmushra"].database.writing() as db:
        db.query(models.Study).one().quota = 1
    assert make_listener(app, simulated=True).begin().status_code == 201
    assert make_listener(app).begin().status_code == 201
    refused = make_listener(app).begin()
    assert "has all the participants it needs" in refused.json["detail"]
    assert make_listener(app, simulated=True).begin().status_code == 201
