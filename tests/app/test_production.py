"""In production: secrets have no default, logs name nobody, limits hold, headers protect."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from gunicorn.config import Config as GunicornConfig
from sqlalchemy import text
from support.http_listener import Listener

from webmushra_app import create_app
from webmushra_app import server as serve
from webmushra_app.api.rate_limits import Limit
from webmushra_app.api.responses import SECURITY_HEADERS
from webmushra_app.config import Config, ConfigError, production_config
from webmushra_app.database.maintenance import back_up
from webmushra_app.results.export import export

GUNICORN_CONFIG = Path(__file__).parents[2] / "webmushra_app" / "deploy" / "gunicorn.conf.py"
SECRET = "pS9-nVb2Qx_74tLwZrK0aYe3GmUcHd5J"


@pytest.mark.parametrize("secret", ["", "changeme", "x" * 40, "secret" * 10])
def test_a_missing_short_or_repetitive_secret_stops_the_start(secret):
    with pytest.raises(ConfigError, match="AUTOFX_SECRET_KEY must be at least 32 random"):
        production_config({"AUTOFX_SECRET_KEY": secret})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "AUTOFX_SECRET_KEY must be at least 32 random characters"),
        ({"AUTOFX_SECRET_KEY": SECRET, "AUTOFX_PROXIES": "one"}, "AUTOFX_PROXIES must be a whole"),
        (
            {"AUTOFX_SECRET_KEY": SECRET, "AUTOFX_STUDY": "nowhere"},
            "nowhere/manifest.json: no such",
        ),
        (
            {"AUTOFX_SECRET_KEY": SECRET, "AUTOFX_DATABASE_URL": "sqlite:////proc/none/r.db"},
            "choose another with --database",
        ),
    ],
)
def test_gunicorn_refuses_a_wrong_setting_in_one_line(tmp_path, environment, message):
    inherited = {name: value for name, value in os.environ.items() if "AUTOFX" not in name}
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", GUNICORN_CONFIG],
        cwd=tmp_path,
        env=inherited | environment | {"AUTOFX_BIND": "127.0.0.1:0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    (line,) = result.stderr.split("\n\n")[0].strip().splitlines()
    assert line.startswith("Error: ")
    assert message in line
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("n_idle", "leaves_it"), [(1, False), (0, True)])
def test_a_worker_lets_others_have_a_connection_while_its_threads_are_busy(
    monkeypatch, n_idle, leaves_it
):
    configuration = GunicornConfig()
    configuration.set("threads", 2)
    worker = serve.FairWorker(1, os.getpid(), [], None, 30, configuration, None)
    worker.nr_conns, worker.keepalived_conns = 2, [None] * n_idle
    taken = []
    worker.enqueue_req = lambda connection: taken.append(connection.sock)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        another = lambda _head_start_s: taken.append(listener.accept()[0])  # noqa: E731
        monkeypatch.setattr(serve.time, "sleep", another)
        socket.create_connection(listener.getsockname()).close()
        worker.accept(listener)
    assert len(taken) == 1
    assert worker.nr_conns == (2 if leaves_it else 3)
    taken[0].close()
    worker.tmp.close()


def test_every_answer_carries_the_security_headers(listener):
    listener.begin()
    for path in ("/", "/api/v1/study", "/nothing/here", f"{listener.address}/trials/{'x' * 16}"):
        headers = listener.client.get(path).headers
        for name, value in SECURITY_HEADERS.items():
            assert headers[name] == value


def test_the_content_security_policy_allows_no_inline_script(app):
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_a_fault_tells_the_browser_no_detail(app, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.get("/fault")
    def fault():
        raise RuntimeError("the password is swordfish")

    response = app.test_client().get("/fault")
    assert response.status_code == 500
    assert "swordfish" not in response.text
    assert "swordfish" in caplog.text


def test_the_log_of_a_fault_names_the_route_and_no_key(app, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.get("/api/v1/sessions/<opaque:token>/fault")
    def fault(token):
        raise RuntimeError("broken")

    assert app.test_client().get(f"/api/v1/sessions/{'k' * 32}/fault").status_code == 500
    assert "fault in /api/v1/sessions/<opaque:token>/fault [GET]" in caplog.text
    assert "k" * 32 not in caplog.text


@pytest.mark.parametrize("table", ["sessions", "trials"])
def test_a_database_that_vanishes_is_503_and_names_no_key(app, listener, caplog, table):
    listener.begin()
    database = app.extensions["webmushra"].database
    with database.begin() as connection:
        connection.execute(text("DROP VIEW ratings_long"))
        connection.execute(text("DROP VIEW all_ratings"))
        connection.execute(text(f"ALTER TABLE {table} RENAME TO gone"))
    assert listener.client.get(listener.address).status_code == 503
    assert listener.finish().status_code == 503
    assert listener.token not in caplog.text


def test_requests_over_an_addresss_limit_are_told_to_wait(make_app, stimulus_set):
    client = make_app(stimulus_set, requests_per_minute=5).test_client()
    statuses = [client.get("/api/v1/study").status_code for _ in range(7)]
    assert sorted(statuses)[:5] == [200] * 5  # a new minute may have begun in between
    assert statuses[-1] in (200, 429)
    refused = [client.get("/api/v1/study") for _ in range(5)][-1]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "2"


def test_sessions_over_an_addresss_limit_are_not_begun(make_app, make_listener, stimulus_set):
    app = make_app(stimulus_set, sessions_per_hour=2)
    statuses = [make_listener(app).begin().status_code for _ in range(5)]
    assert statuses.count(429) >= 1


def test_posted_results_are_limited_by_address_and_in_all(make_app, stimulus_set):
    app = make_app(stimulus_set, posts_per_hour=20)

    def post(address):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client.post("/collect", data=b"", content_type="text/plain").status_code

    assert [post("192.0.2.1") for _ in range(4)][-1] == 429
    assert post("192.0.2.2") == 415
    assert 429 in [post(f"198.51.100.{n}") for n in range(40)]


@pytest.mark.parametrize(
    ("environment", "is_refused"),
    [
        ({"AUTOFX_BIND": "0.0.0.0:8000"}, True),
        ({"AUTOFX_BIND": "[::]:8000"}, True),
        ({"AUTOFX_BIND": "[::1]:8000"}, False),
        ({"AUTOFX_BIND": "unix:/run/autofx/autofx.sock"}, False),
        ({"AUTOFX_BIND": "0.0.0.0:8000", "AUTOFX_PROXIES": "1"}, False),
        ({"AUTOFX_BIND": "0.0.0.0:8000", "AUTOFX_PUBLIC": "1"}, False),
    ],
)
def test_an_open_address_wants_a_proxy_or_leave(environment, is_refused):
    environment |= {"AUTOFX_SECRET_KEY": SECRET}
    if is_refused:
        with pytest.raises(ConfigError, match="is open to other machines"):
            production_config(environment)
    else:
        assert production_config(environment).secret_key == SECRET


def test_files_are_for_the_servers_user_alone(make_set, tmp_path):
    folder = tmp_path / "private"
    app = create_app(Config(f"sqlite:///{folder}/r.db", make_set(), secret_key=SECRET))
    database = app.extensions["webmushra"].database
    Listener(app.test_client()).take_the_test()
    export(database, folder / "export")
    back_up(database, folder / "backup")
    for path in (folder, *folder.rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    database.engine.dispose()


def test_a_limit_of_zero_is_none():
    limit = Limit(0, per_s=60)
    assert all(limit.allows("a") for _ in range(1000))


def test_behind_a_proxy_each_client_has_its_own_limit(make_app, stimulus_set):
    app = make_app(stimulus_set, requests_per_minute=3, proxies=1)

    def statuses(address):
        forwarded = {"X-Forwarded-For": address}
        get = app.test_client().get
        return [get("/healthz", headers=forwarded).status_code for _ in range(3)]

    assert statuses("192.0.2.1") == statuses("192.0.2.2") == [200] * 3


def test_without_a_proxy_nobody_chooses_their_own_address(make_app, stimulus_set):
    client = make_app(stimulus_set, requests_per_minute=3).test_client()
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(10)]
    assert 429 in [client.get("/healthz", headers=headers).status_code for headers in forged]


def test_logs_are_json_and_name_neither_address_nor_key(
    make_app, make_listener, stimulus_set, capsys
):
    listener = make_listener(make_app(stimulus_set, log_format="json"))
    listener.take_the_test()
    captured = capsys.readouterr().err
    lines = [json.loads(line) for line in captured.splitlines()]
    stored = [line for line in lines if line["route"].endswith("trials/<opaque:trial_id>")]
    assert {line["status"] for line in stored} == {200}
    assert {"time", "level", "event", "method", "ms", "address", "session"} <= set(stored[0])
    assert listener.token not in captured
    assert "127.0.0.1" not in captured
