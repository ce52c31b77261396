"""Whatever is sent: no fault of the server, no row that breaks a rule, nobody else's data."""

import pytest
from support.experimenter import HASH
from support.fuzzing import Fuzzer, broken_rows, snapshot

pytestmark = pytest.mark.slow


@pytest.fixture
def app(make_app, stimulus_set, tmp_path):
    return make_app(stimulus_set, admin_password_hash=HASH, data=tmp_path)


def test_hostile_requests_break_nothing_and_reach_nobody_else(app, database):
    fuzzer = Fuzzer(app, seed=1)
    before = snapshot(database, fuzzer.prey)
    outcome = fuzzer.run(800)
    assert outcome.faults == []
    assert outcome.leaks == []
    assert snapshot(database, fuzzer.prey) == before
    assert broken_rows(database) == ({}, [])
    accepted = sum(n for status, n in outcome.statuses.items() if status in (200, 201))
    assert accepted > 100  # or the fuzzing would only ever reach the first check


def test_a_replayed_session_changes_nothing(listener, database):
    listener.take_the_test()
    before = snapshot(database, listener)
    listener.begin()
    listener.finish()
    trial = listener.state()["trials"][0]["id"]
    assert listener.rate(trial).json["changed"] is False
    after = snapshot(database, listener)
    assert after[1:] == before[1:]


def test_sql_in_an_identifier_is_not_found(listener):
    listener.begin()
    for token in ("' OR '1'='1", "x' UNION SELECT 1 --", "1; DROP TABLE ratings"):
        assert listener.client.get(f"/api/v1/sessions/{token}").status_code == 404


def test_a_path_out_of_the_set_is_not_found(listener):
    listener.begin()
    for path in ("../../manifest.json", "..%2f..%2fmanifest.json", "%2e%2e/manifest.json"):
        assert listener.client.get(f"{listener.address}/audio/{path}").status_code == 404
        assert listener.client.get(f"/static/{path}").status_code == 404


def test_the_page_escapes_what_the_study_says(make_app, make_set):
    study = make_set(listening_test="[listening_test]\ntitle = \"<script>alert('x')</script>\"\n")
    page = make_app(study).test_client().get("/").text
    assert "<script>alert" not in page
