"""What experimenters see and do, against what the database then holds."""

import json
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.experimenter import HASH
from support.http_listener import LABELS

from analysis.ratings.readers import read_database
from webmushra_app import timestamps
from webmushra_app.__main__ import main
from webmushra_app.database import models
from webmushra_app.studies.importer import import_study

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def app(make_app, stimulus_set, tmp_path):
    return make_app(stimulus_set, admin_password_hash=HASH, data=tmp_path)


def audit_of(database):
    with database.reading() as db:
        return [(row.action, row.study, row.session) for row in db.query(models.Audit)]


def session_of(database):
    with database.reading() as db:
        return db.query(models.Session).order_by(models.Session.started_at).first()


def cells(page, row):
    """Read the cells of the table row that begins with a text."""
    found = re.search(rf'<th scope="row">{row}.*?</tr>', page, re.S)[0]
    return [re.sub("<.*?>", "", cell).strip() for cell in re.findall("<td.*?</td>", found, re.S)]


def make_report(experimenter):
    """Have the report made; gives the page that says how it went."""
    study = experimenter.study_path()
    experimenter.post(f"{study}/report")
    ended_by = time.monotonic() + 300
    while "The analysis is running" in (page := experimenter.get(f"{study}/report").text):
        assert time.monotonic() < ended_by
    return page


def test_a_set_is_imported_from_the_list_and_heard_once_opened(
    experimenter, app, make_set, tmp_path
):
    make_set(name="second")
    found = re.findall(r"<option>(.*?)</option>", experimenter.get("/admin/").text)
    imported = [name for name in found if (tmp_path / name / "manifest.json").is_file()]
    for name in imported:
        assert experimenter.post("/admin/studies/import", set=name).status_code in (303, 422)
    listener = app.test_client()
    assert listener.get("/api/v1/study").json["name"] == "study"
    assert "not opened yet" in experimenter.get(experimenter.study_path("second")).text
    experimenter.post(f"{experimenter.study_path('second')}/open")
    assert listener.get("/api/v1/study").json["name"] == "second"
    assert "replaced by another" in experimenter.get(experimenter.study_path("study")).text


@pytest.mark.parametrize("name", ["../set", "/etc", "nowhere", ""])
@on_sqlite
def test_only_what_is_in_the_list_can_be_imported(experimenter, name):
    assert experimenter.post("/admin/studies/import", set=name).status_code == 422


@on_sqlite
def test_a_set_with_a_changed_byte_is_refused_with_its_name(experimenter, make_set, tmp_path):
    folder = make_set(name="broken")
    changed = next((folder / "audio").iterdir())
    changed.write_bytes(b"other")
    response = experimenter.post("/admin/studies/import", set=folder.name)
    assert response.status_code == 422
    assert "changed since the set was made" in response.text


@on_sqlite
def test_closing_and_opening_again_bounds_who_may_begin(experimenter, app, make_listener):
    study = experimenter.study_path()
    experimenter.post(f"{study}/close")
    assert make_listener(app).begin().status_code == 409
    assert 'class="state ">closed<' in experimenter.get(study).text
    experimenter.post(f"{study}/open")
    assert make_listener(app).begin().status_code == 201


@pytest.mark.parametrize(
    ("quota", "status"),
    [("1", 303), ("", 303), *((bad, 422) for bad in ("0", "-1", "x", "²", "1.5", "9" * 30))],
)
@on_sqlite
def test_a_quota_is_a_whole_number_or_nothing(experimenter, quota, status):
    response = experimenter.post(f"{experimenter.study_path()}/quota", quota=quota)
    assert response.status_code == status


def test_the_live_view_counts_real_and_simulated_sessions_apart(
    experimenter, app, database, make_listener
):
    make_listener(app, simulated=True).take_the_test()
    make_listener(app).take_the_test()
    left = make_listener(app)
    left.begin()
    left.do_steps()
    for trial in left.state()["trials"][:2]:
        left.rate(trial["id"])
    make_listener(app).begin()
    with database.writing() as db:
        session = db.query(models.Session).filter_by(token=left.token).one()
        session.seen_at = timestamps.moment(ago_s=3600)
    page = experimenter.get(f"{experimenter.study_path()}/live").text
    real = cells(page, "Real participants")
    assert real[:5] == ["3", "1", "1", "1", "0"]
    assert real[6] == "at trial 3 of 7: 1"
    assert cells(page, "Simulated participants")[:5] == ["1", "1", "0", "0", "0"]
    practice = cells(page, "practice")
    assert (practice[1], practice[3]) == ("2", "1")


def test_the_box_plot_shows_the_medians_of_scores_that_count(experimenter, app, make_listener):
    listener = make_listener(app)
    listener.begin()
    listener.do_steps()
    for trial in listener.state()["trials"]:
        score = 5 if trial["training"] else 50
        body = listener.result(trial["id"])
        for rating in body["ratings"]:
            rating["score"] = score
        listener.put(f"trials/{trial['id']}", body)
    page = experimenter.get(f"{experimenter.study_path()}/live").text
    assert cells(page, "random") == ["real", "6", "50", "50", "50"]


def test_a_low_hidden_reference_and_hasty_trials_are_flagged(experimenter, app, make_listener):
    listener = make_listener(app)
    listener.begin()
    listener.do_steps()
    for trial in listener.state()["trials"]:
        listener.rate(trial["id"], trial_time_s=0.5)
    page = experimenter.get(experimenter.study_path()).text
    assert "hidden reference below 90 in over 15% of trials" in page
    assert "a trial answered faster than its sound lasts" in page


def test_an_excluded_session_leaves_what_is_analysed_and_stays_in_its_file(
    experimenter, app, database, make_listener
):
    make_listener(app).take_the_test()
    session = session_of(database).id
    assert experimenter.post(f"/admin/sessions/{session}/exclude", reason=" ").status_code == 422
    experimenter.post(f"/admin/sessions/{session}/exclude", reason="<b>was a colleague</b>")
    assert experimenter.download("ratings.csv").text.count("\n") == 1
    assert experimenter.download("excluded.csv").text.count("was a colleague") == 28
    make_listener(app).take_the_test()
    found = read_database(database.url.render_as_string(hide_password=False))
    assert found.table["session"].nunique() == 1
    assert "excluded before this analysis: 1 (" in " ".join(found.notes)
    page = experimenter.get(f"/admin/sessions/{session}").text
    assert "&lt;b&gt;was a colleague" in page
    experimenter.post(f"/admin/sessions/{session}/include")
    assert experimenter.download("ratings.csv").text.count("\n") == 57
    assert [entry for entry in audit_of(database) if entry[2]] == [
        ("excluded", "study", session),
        ("included", "study", session),
    ]


@pytest.mark.parametrize("held", ["completion_code", "participant", "token", "link", "id"])
def test_a_session_is_erased_by_what_its_listener_holds(
    experimenter, app, database, make_listener, held
):
    make_listener(app).take_the_test()
    listener = make_listener(app, external={"PROLIFIC_PID": "pid-1"})
    listener.take_the_test()
    with database.reading() as db:
        session = db.query(models.Session).filter_by(token=listener.token).one()
    code = f"http://x/s/{session.token}" if held == "link" else getattr(session, held)
    page = experimenter.post("/admin/withdraw", code=f" {code} ")
    action = re.search(r'action="(/admin/sessions/\w+/withdraw)"', page.text)[1]
    assert listener.state()["stage"] == "finished"  # nothing is erased yet
    assert experimenter.post(action).status_code == 303
    assert listener.client.get(listener.address).status_code == 404
    with database.reading() as db:
        counts = [
            db.query(model).count()
            for model in (models.Session, models.Trial, models.Presentation, models.Rating)
        ]
    assert counts == [1, 7, 28, 28]
    assert audit_of(database)[-1] == ("withdrawn", "study", session.id)


@on_sqlite
def test_what_is_erased_is_left_nowhere_beside_the_database(
    experimenter, app, database, make_listener
):
    listener = make_listener(app, external={"PROLIFIC_PID": "a-recruited-person"})
    listener.begin()
    listener.do_steps()
    first, second, *_ = [trial["id"] for trial in listener.state()["trials"]]
    stimulus = listener.trial(first)["stimuli"][0]["id"]
    draft = {"ratings": [], "trial_time_s": 1.0, "comment": "a draft that names my neighbour"}
    listener.put(f"trials/{first}/draft", draft)
    listener.rate(first, comment="a comment that names my neighbour")
    listener.put(f"trials/{second}/draft", draft)
    secrets = [listener.token, first, second, stimulus, "names my neighbour", "a-recruited-person"]
    with database.reading() as db:
        secrets.append(db.query(models.Session).one().completion_code)
    file = Path(database.url.database)
    left = lambda: [  # noqa: E731
        (secret, path.name)
        for path in file.parent.iterdir()
        for secret in secrets
        if secret.encode() in path.read_bytes()
    ]
    assert {secret for secret, _ in left()} == set(secrets)
    session = session_of(database).id
    assert experimenter.post(f"/admin/sessions/{session}/withdraw").status_code == 303
    assert left() == []


@on_sqlite
def test_a_withdrawal_names_the_copies_that_it_cannot_reach(
    experimenter, database, app, make_listener, tmp_path
):
    make_listener(app).take_the_test()
    experimenter.download("ratings.csv")
    url = database.url.render_as_string(hide_password=False)
    backup = ["backup", str(tmp_path / "mine.sqlite3"), "--database", url]
    assert CliRunner().invoke(main, backup).exit_code == 0
    page = experimenter.post("/admin/withdraw", code=session_of(database).id).text
    assert "exported: ratings.csv" in page
    assert f"backed up: {tmp_path}/mine.sqlite3" in page


@on_sqlite
def test_a_code_that_several_share_erases_nobody(experimenter, database, make_listener, app):
    for _ in range(2):
        make_listener(app, external={"PROLIFIC_PID": "same"}).take_the_test()
    response = experimenter.post("/admin/withdraw", code="same")
    assert response.status_code == 409
    assert "Several sessions share this code" in response.text
    with database.reading() as db:
        assert db.query(models.Session).count() == 2


@on_sqlite
def test_an_unknown_code_is_told_so(experimenter):
    assert experimenter.post("/admin/withdraw", code="NOBODY").status_code == 404
    assert experimenter.post("/admin/withdraw", code="").status_code == 422


@on_sqlite
def test_numbers_and_names_of_nothing_are_not_found(experimenter):
    for path in ("/admin/studies/999", "/admin/studies/99999999999999999999", "/admin/sessions/x"):
        assert experimenter.get(path).status_code == 404
    assert experimenter.get("/admin/sessions/abcdefghjkmn").status_code == 404
    study = experimenter.study_path()
    assert experimenter.post(f"{study}/export/secret-key").status_code == 404
    assert experimenter.get(f"{study}/report/../../secret-key").status_code == 404


@on_sqlite
def test_the_event_log_of_a_session_is_shown(experimenter, app, database, make_listener):
    listener = make_listener(app)
    listener.begin()
    event = {"seq": 0, "at_s": 1.5, "kind": "audio_failed", "detail": {"file": "<script>"}}
    listener.client.post(f"{listener.address}/events", json={"page": "a" * 16, "events": [event]})
    page = experimenter.get(f"/admin/sessions/{session_of(database).id}").text
    assert "audio_failed" in page
    assert "<script>" not in page


@on_sqlite
def test_the_report_is_shown_to_experimenters_alone_and_runs_no_script(experimenter, app, tmp_path):
    study = experimenter.study_path()
    folder = tmp_path / "reports" / study.rsplit("/", 1)[-1]
    (folder / "tables").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Report</h1>")
    (folder / "tables" / "pairwise.csv").write_text("a,b\n")
    for name in ("index.html", "tables/pairwise.csv"):
        with experimenter.get(f"{study}/report/{name}") as file:
            assert file.status_code == 200
            policy = file.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert app.test_client().get(f"{study}/report/{name}").status_code == 303


@on_sqlite
def test_a_report_of_nothing_says_why(experimenter):
    assert "no ratings yet" in make_report(experimenter)


@on_sqlite
def test_a_report_has_the_labels_and_the_distances_of_the_set(
    experimenter, app, make_listener, tmp_path
):
    for _ in range(3):
        make_listener(app).take_the_test()
    assert "Open the report" in make_report(experimenter)
    (page,) = tmp_path.glob("reports/*/index.html")
    results = json.loads(page.with_name("results.json").read_text())
    assert all(label in page.read_text() for label in LABELS.values())
    assert "mrstft" in {row["predictor"] for row in results["objective"]}


@on_sqlite
def test_a_withdrawal_takes_the_report_away(experimenter, app, database, make_listener, tmp_path):
    make_listener(app).take_the_test()
    with database.reading() as db:
        study_id = db.query(models.Study.id).scalar()
    (tmp_path / "reports" / str(study_id)).mkdir(parents=True)
    experimenter.post(f"/admin/sessions/{session_of(database).id}/withdraw")
    assert not (tmp_path / "reports" / str(study_id)).exists()


@on_sqlite
def test_an_opened_study_stays_open_when_the_server_starts_again(make_app, make_set, stimulus_set):
    app = make_app(stimulus_set)
    import_study(app.extensions["webmushra"].database, make_set(name="second"))
    again = make_app(stimulus_set)  # as a worker that gunicorn starts anew
    assert again.test_client().get("/api/v1/study").json["name"] == "second"
    at_home = make_app(stimulus_set, reopen_study=True)
    assert at_home.test_client().get("/api/v1/study").json["name"] == "study"
