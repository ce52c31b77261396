"""Nobody sees or changes anything of the experimenter's without the password."""

import re
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from support.experimenter import HASH, PASSWORD, Experimenter

from webmushra_app import timestamps
from webmushra_app.admin.access import LOGIN_LASTS_S
from webmushra_app.admin.password import PasswordError, hash_password
from webmushra_app.database import connection, models

SAMPLES = {"study_id": "1", "session_id": "abcdefghjkmn", "name": "ratings.csv"}


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite:///{tmp_path}/ratings.sqlite3"


@pytest.fixture
def app(make_app, stimulus_set, tmp_path):
    return make_app(stimulus_set, admin_password_hash=HASH, data=tmp_path)


@pytest.fixture
def experimenter(app):
    return Experimenter(app.test_client())


def admin_routes(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            path = re.sub(r"<[^>]*?(\w+)>", lambda m: SAMPLES[m[1]], rule.rule)
            for method in rule.methods & {"GET", "POST"}:
                yield method, path, rule.endpoint


def state_of(database):
    with database.reading() as db:
        return [
            db.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all()
            for name in ("studies", "sessions", "ratings", "reports", "audit", "admin_logins")
        ]


def test_without_a_password_everything_is_closed_and_says_how_to_open(make_app, stimulus_set):
    app = make_app(stimulus_set)
    for method, path, _endpoint in admin_routes(app):
        response = app.test_client().open(path, method=method)
        assert response.status_code == 403
        assert "python -m webmushra_app admin-password" in response.text


def test_without_log_in_every_route_answers_401_or_sends_to_the_log_in(app, database):
    before = state_of(database)
    for method, path, endpoint in admin_routes(app):
        if endpoint in ("admin.show_login", "admin.log_in"):
            continue
        response = app.test_client().open(path, method=method)
        if method == "GET":
            assert (response.status_code, response.location) == (303, "/admin/login"), path
            assert app.test_client().head(path).status_code == 303
        else:
            assert response.status_code == 401, path
    assert state_of(database) == before


@pytest.mark.parametrize("whose", ["invented", "expired", "of another password", "logged out"])
def test_a_foreign_or_dead_cookie_opens_nothing(experimenter, app, whose):
    experimenter.log_in()
    assert experimenter.get("/admin/").status_code == 200
    database = app.extensions["webmushra"].database
    if whose == "invented":
        experimenter.client.set_cookie("autofx_admin", "x" * 43, path="/admin")
    elif whose == "logged out":
        key = experimenter.client.get_cookie("autofx_admin", path="/admin").value
        experimenter.post("/admin/logout")
        experimenter.client.set_cookie("autofx_admin", key, path="/admin")
    else:
        with database.writing() as db:
            login = db.query(models.AdminLogin).one()
            if whose == "expired":
                login.started_at = timestamps.moment(ago_s=LOGIN_LASTS_S + 1)
            else:
                login.password_sha256 = "0" * 64
    for method, path, endpoint in admin_routes(app):
        if endpoint in ("admin.show_login", "admin.log_in"):
            continue
        response = experimenter.client.open(path, method=method)
        assert response.status_code == (303 if method == "GET" else 401), path


def test_every_change_without_the_forms_token_is_refused(experimenter, app, database):
    experimenter.log_in()
    before = state_of(database)
    for method, path, _endpoint in admin_routes(app):
        if method == "POST":
            for form in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 43}, {"csrf_token": "é"}):
                response = experimenter.client.post(path, data=form)
                assert response.status_code == 403, path
    assert state_of(database) == before


def test_a_form_sent_by_another_site_is_refused(experimenter):
    experimenter.log_in()
    response = experimenter.client.post(
        "/admin/studies/1/close",
        data={"csrf_token": experimenter.token},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert response.status_code == 403


def test_nothing_changes_by_get(experimenter, app, database):
    experimenter.log_in()
    before = state_of(database)
    for method, path, _endpoint in admin_routes(app):
        if method == "GET":
            assert experimenter.client.get(path).status_code in (200, 404), path
            assert experimenter.client.head(path).status_code in (200, 404), path
    assert state_of(database) == before


def test_the_cookie_is_for_these_pages_and_not_for_scripts(experimenter):
    response = experimenter.log_in()
    (cookie,) = (c for c in response.headers.getlist("Set-Cookie") if c.startswith("autofx_admin="))
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/admin", f"Max-Age={12 * 3600}"):
        assert attribute in cookie
    assert "Secure" not in cookie


def test_behind_https_the_cookie_travels_by_https_only(make_app, stimulus_set):
    app = make_app(stimulus_set, admin_password_hash=HASH, proxies=1)
    client = app.test_client()
    client.environ_base["HTTP_X_FORWARDED_PROTO"] = "https"
    response = Experimenter(client).log_in()
    (cookie,) = (c for c in response.headers.getlist("Set-Cookie") if c.startswith("autofx_admin="))
    assert "Secure" in cookie


def test_the_database_holds_no_key_that_opens(experimenter, database):
    experimenter.log_in()
    key = experimenter.client.get_cookie("autofx_admin", path="/admin").value
    assert key not in str(state_of(database))


def test_after_five_wrong_passwords_the_right_one_must_wait(experimenter, app, database):
    for _ in range(5):
        assert experimenter.log_in("wrong").status_code == 401
    refused = experimenter.log_in(PASSWORD)
    assert refused.status_code == 429
    assert "wait a quarter of an hour" in refused.text
    other = app.test_client()
    other.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert Experimenter(other).log_in(PASSWORD).status_code == 303
    with database.writing() as db:
        for attempt in db.query(models.AdminAttempt):
            attempt.at = timestamps.moment(ago_s=16 * 60)
    assert experimenter.log_in(PASSWORD).status_code == 303


def test_right_passwords_do_not_add_up_to_a_refusal(experimenter):
    for _ in range(8):
        assert experimenter.log_in().status_code == 303


def test_the_audit_log_tells_of_refused_log_ins_without_the_address(experimenter, app):
    experimenter.log_in("wrong")
    experimenter.log_in()
    page = experimenter.get("/admin/audit").text
    assert "log-in refused" in page
    assert "127.0.0.1" not in page


def test_a_made_up_form_cookie_is_not_taken_over(experimenter):
    experimenter.client.set_cookie("autofx_login", '"><script>', path="/admin")
    page = experimenter.get("/admin/login").text
    assert "<script>" not in page
    assert len(experimenter.token) == 32


def test_pages_send_forms_home_only_and_run_own_scripts_only(experimenter):
    experimenter.log_in()
    policy = experimenter.get("/admin/").headers["Content-Security-Policy"]
    assert "form-action 'self'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_listeners_pages_do_not_mention_the_experimenters(app):
    for path in ("/", "/api/v1/study", "/api/v1/openapi.json"):
        assert "admin" not in app.test_client().get(path).text


@pytest.mark.parametrize("password", ["short", "a" * 30])
def test_a_weak_password_is_refused(password):
    with pytest.raises(PasswordError, match="at least 10 characters, well mixed"):
        hash_password(password)


def try_from(app, remote, password):
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = remote
    return Experimenter(client).log_in(password)


def test_wrong_tries_from_many_addresses_lock_nobody_else_out(app):
    for n in range(60):
        assert try_from(app, f"198.51.100.{n}", "wrong").status_code == 401
    assert try_from(app, "198.51.100.1", "wrong").status_code == 429  # one each, by now
    assert try_from(app, "192.0.2.7", PASSWORD).status_code == 303


def test_an_ipv6_network_is_one_address(app):
    for n in range(5):
        assert try_from(app, f"2001:db8::{n + 1}", "wrong").status_code == 401
    assert try_from(app, "2001:db8::9", PASSWORD).status_code == 429
    assert try_from(app, "2001:db8:0:1::1", PASSWORD).status_code == 303


def test_a_block_made_while_the_clock_was_ahead_ends_with_that(app, clock):
    clock.set(days=10)
    for _ in range(6):
        try_from(app, "192.0.2.9", "wrong")
    assert try_from(app, "192.0.2.9", PASSWORD).status_code == 429
    clock.set(days=0)
    assert try_from(app, "192.0.2.9", PASSWORD).status_code == 303


@pytest.mark.parametrize("days", [-10, 10])
def test_a_log_in_does_not_outlast_a_clock_that_jumps(experimenter, clock, days):
    experimenter.log_in()
    assert experimenter.get("/admin/").status_code == 200
    clock.set(days=days)
    assert experimenter.get("/admin/").status_code == 303


def test_blocked_tries_are_one_line_of_the_audit_log(app, experimenter):
    for _ in range(9):
        try_from(app, "192.0.2.9", "wrong")
    experimenter.log_in()
    page = experimenter.get("/admin/audit").text
    assert page.count("log-in refused") == 5
    assert page.count("log-in blocked") == 1


def test_a_database_that_takes_nothing_is_a_clear_message_at_the_log_in(
    make_app, stimulus_set, monkeypatch
):
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.3)
    app = make_app(stimulus_set, admin_password_hash=HASH)
    database, experimenter = app.extensions["webmushra"].database, Experimenter(app.test_client())
    experimenter.get("/admin/login")
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # to the server a locked file and a full disk are the same
        response = experimenter.post("/admin/login", password=PASSWORD)
    assert response.status_code == 503
    assert "The database is busy, full or gone" in response.text
    assert "make room on the server" in response.text
