"""In production nginx stands in front: the shipped files work together, and restarts lose nothing.

``AUTOFX_SKIP_NGINX=1`` leaves these tests out.
"""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.deployment import TRUST_ANYTHING, Deployment, find_nginx
from support.http_listener import Listener, write_stimulus_set
from support.running import Client

from webmushra_app.api.responses import MAX_BODY_BYTES, SECURITY_HEADERS
from webmushra_app.logs import pseudonym

pytestmark = pytest.mark.slow

N_LISTENERS = 4


@pytest.fixture(scope="module")
def site():
    """gunicorn behind nginx."""
    if os.environ.get("AUTOFX_SKIP_NGINX") == "1":
        pytest.skip("AUTOFX_SKIP_NGINX=1")
    if not find_nginx():
        pytest.fail(
            "nginx is missing: apt-get install nginx "
            "(or leave these tests out with AUTOFX_SKIP_NGINX=1)"
        )
    with tempfile.TemporaryDirectory(prefix="autofx-") as name:
        study = write_stimulus_set(Path(name) / "set")
        with Deployment(Path(name), study) as site:
            yield site


@pytest.fixture
def client(site):
    return Client(site.url, context=TRUST_ANYTHING)


def test_nginx_accepts_the_configuration(site):
    tested = subprocess.run(
        [*site.nginx(), "-t"], capture_output=True, text=True, timeout=30, check=False
    )
    assert tested.returncode == 0, tested.stderr


def test_plain_http_is_sent_to_https(site):
    plain = http.client.HTTPConnection("127.0.0.1", site.http_port, timeout=30)
    plain.request("GET", "/s/abc")
    response = plain.getresponse()
    assert response.status == 301
    assert response.headers["Location"] == "https://127.0.0.1/s/abc"
    plain.close()


def test_every_header_arrives_once_and_asks_for_https_from_now_on(client):
    headers = client.get("/healthz").headers
    for name, value in SECURITY_HEADERS.items():
        assert headers.get_all(name) == [value]
    assert headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]


def test_a_body_over_the_limit_ends_at_nginx(site, client):
    answer = client.post("/api/v1/sessions", json={"request_id": "x" * (MAX_BODY_BYTES + 1)})
    assert answer.status_code == 413
    assert "nginx" in answer.data.decode()


def test_nobody_chooses_the_address_that_limits_and_logs_go_by(site):
    for forged in ("192.0.2.1", "192.0.2.2, 192.0.2.3"):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", site.https_port, timeout=30, context=TRUST_ANYTHING
        )
        connection.request("GET", "/nothing/here", headers={"X-Forwarded-For": forged})
        assert connection.getresponse().status == 404
        connection.close()
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    addresses = {line["address"] for line in lines if line["status"] == 404}
    assert addresses == {pseudonym("127.0.0.1", secret_key=site.secret_key)}


def test_half_sent_requests_stop_nobody(site, client):
    """Without nginx 17 of them occupy all of gunicorn's threads."""
    half_sent = []
    for _ in range(40):
        plain = socket.create_connection(("127.0.0.1", site.https_port), timeout=60)
        half_sent.append(TRUST_ANYTHING.wrap_socket(plain))
        half_sent[-1].sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    assert client.get("/healthz").status_code == 200
    for connection in half_sent:
        connection.close()


def test_a_restart_while_listeners_rate_loses_no_request(site):
    under_way = threading.Barrier(N_LISTENERS + 1, timeout=60)

    def take_the_test(_):
        listener = Listener(Client(site.url, context=TRUST_ANYTHING), simulated=True)
        listener.begin()
        listener.do_steps()
        under_way.wait()
        answers = [listener.rate(trial["id"]) for trial in listener.state()["trials"]]
        return [answer.json["changed"] for answer in answers], listener.finish().status_code

    with ThreadPoolExecutor(N_LISTENERS) as pool:
        sessions = pool.map(take_the_test, range(N_LISTENERS))
        under_way.wait()
        site.restart()
    assert list(sessions) == [([True] * 7, 200)] * N_LISTENERS
