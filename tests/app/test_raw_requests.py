"""Requests that no HTTP library would send, against gunicorn itself with the shipped settings."""

import json
import socket
import tempfile
from pathlib import Path

import pytest
from support.deployment import GunicornAlone
from support.http_listener import Listener, write_stimulus_set
from support.running import Client

pytestmark = pytest.mark.slow

REFUSED = (b"HTTP/1.1 4", b"HTTP/1.1 501")
"""501 is what HTTP wants where a transfer coding is unknown; gunicorn itself answers it."""
CHUNKED = b"Transfer-Encoding: chunked\r\n"
WORDS = b'{"language": "fr"}'
WRONG_BODIES = {
    "a chunk's size that is no number": (CHUNKED, b"zz\r\nabc\r\n0\r\n\r\n"),
    "an empty size": (CHUNKED, b"\r\nabc\r\n0\r\n\r\n"),
    "a negative size": (CHUNKED, b"-3\r\nabc\r\n0\r\n\r\n"),
    "a size as Python writes it": (CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n"),
    "a size with an underscore": (CHUNKED, b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n"),
    "a size of 40 digits": (CHUNKED, b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n"),
    "a chunk longer than its size": (CHUNKED, b"2\r\nabcdef\r\n0\r\n\r\n"),
    "a chunk that ends in its middle": (CHUNKED, b"12\r\n{"),
    "no last chunk": (CHUNKED, b"12\r\n" + WORDS + b"\r\n"),
    "a size without its line's end": (CHUNKED, b"12" * 5000),
    "a chunk's extension of 64 KB": (CHUNKED, b"12;" + b"a" * 65536 + b"\r\n" + WORDS),
    "a trailer that is no header": (CHUNKED, b"12\r\n" + WORDS + b"\r\n0\r\nno header\r\n\r\n"),
    "bytes that are no text": (CHUNKED, bytes(range(256))),
    "a length beside chunks": (CHUNKED + b"Content-Length: 18\r\n", b"12\r\n" + WORDS),
    "chunks twice": (CHUNKED + CHUNKED, b"12\r\n" + WORDS + b"\r\n0\r\n\r\n"),
    "chunks that are not last": (b"Transfer-Encoding: chunked, gzip\r\n", WORDS),
    "an unknown encoding": (b"Transfer-Encoding: x\r\n", WORDS),
    "a negative length": (b"Content-Length: -1\r\n", WORDS),
    "a length with a sign": (b"Content-Length: +18\r\n", WORDS),
    "a length that is no number": (b"Content-Length: many\r\n", WORDS),
    "two lengths": (b"Content-Length: 18\r\nContent-Length: 19\r\n", WORDS),
    "less than the length": (b"Content-Length: 99\r\n", WORDS),
    "a header without a colon": (b"nothing\r\n", b""),
    "a header with a NUL": (b"X-A: \0\r\n", b""),
    "a header of 64 KB": (b"X-A: " + b"a" * 65536 + b"\r\n", b""),
    "5,000 headers": (b"X-A: a\r\n" * 5000, b""),
}
WRONG_LINES = [
    b"\r\n\r\n\r\n",
    b"PUT\r\n\r\n",
    b"PUT /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1 more\r\n\r\n",
    b"GET " + b"/a" * 40_000 + b" HTTP/1.1\r\n\r\n",
    b"\0" * 100 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200,  # TLS to a plain port
]


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="autofx-") as name:
        study = write_stimulus_set(Path(name) / "set")
        with GunicornAlone(Path(name), study) as server:
            yield server


@pytest.fixture(scope="module")
def listener(server):
    listener = Listener(Client(f"http://127.0.0.1:{server.port}"))
    listener.begin()
    return listener


def send(server, raw):
    """Send bytes and no more after them; returns all that comes back before the end."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            raise
        except OSError:
            pass  # closed before all was sent
    return answer


def logged(server):
    text = server.log.read_text()
    requests = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return text, [line["status"] for line in requests if line["event"] == "request"]


def still_as_before(server, listener):
    assert listener.state()["language"] == "en"
    text, statuses = logged(server)
    assert "Traceback" not in text
    assert not [status for status in statuses if status >= 500]
    assert listener.token not in text


@pytest.mark.parametrize("what", WRONG_BODIES)
def test_a_malformed_body_is_refused_or_the_connection_closed(server, listener, what):
    headers, body = WRONG_BODIES[what]
    first = f"PUT {listener.address} HTTP/1.1\r\nHost: a\r\n".encode()
    answer = send(server, first + b"Content-Type: application/json\r\n" + headers + b"\r\n" + body)
    assert not answer or answer.startswith(REFUSED), answer[:200]
    still_as_before(server, listener)


@pytest.mark.parametrize("raw", WRONG_LINES, ids=range(len(WRONG_LINES)))
def test_a_malformed_request_is_refused_or_the_connection_closed(server, listener, raw):
    answer = send(server, raw)
    assert not answer or answer.startswith(REFUSED), answer[:200]
    still_as_before(server, listener)


def test_a_well_formed_chunked_body_is_taken(server, listener):
    """Or the tests above would refuse what they should not."""
    other = Listener(Client(f"http://127.0.0.1:{server.port}"))
    other.begin()
    first = f"PUT {other.address} HTTP/1.1\r\nHost: a\r\n".encode() + CHUNKED
    body = b"12\r\n" + WORDS + b"\r\n0\r\n\r\n"
    answer = send(server, first + b"Content-Type: application/json\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 200")
    assert other.state()["language"] == "fr"
