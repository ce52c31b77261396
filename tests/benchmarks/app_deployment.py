"""The production files with the real nginx: configuration test, headers, restarts under load.

Starts gunicorn with ``deploy/gunicorn.conf.py`` on a socket that this script holds, as systemd
does with ``autofx.socket``, and nginx with ``deploy/nginx.conf``, of which only addresses, paths
and rates are replaced. While 8 clients put trials through nginx over TLS, gunicorn is restarted
gently again and again; prints requests that failed. Needs nginx and openssl.

    python tests/benchmarks/app_deployment.py --restarts 5
"""

import argparse
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from app_gunicorn import CONFIG, free_port, print_row
from app_load import Connection, in_parallel, prepare
from listening import write_stimulus_set

NGINX_CONF = CONFIG.with_name("nginx.conf")
WRAPPER = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{site}
}}
"""


class SecureConnection(Connection):
    """A connection over TLS that trusts the certificate made here."""

    def __init__(self, port: int) -> None:
        context = ssl._create_unverified_context()
        self.http = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)


def write_site(folder: Path, *, http_port: int, https_port: int) -> Path:
    """Make an nginx configuration of ours for this machine."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    site = NGINX_CONF.read_text()
    for pattern, replacement in {
        r"unix:\S+\.sock": f"unix:{folder}/autofx.sock",
        r"listen 80;": f"listen 127.0.0.1:{http_port};",
        r"listen 443 ": f"listen 127.0.0.1:{https_port} ",
        r"ssl_certificate .*;": f"ssl_certificate {certificate};",
        r"ssl_certificate_key .*;": f"ssl_certificate_key {key};",
        r"rate=50r/s": "rate=100000r/s",
    }.items():
        site, count = re.subn(pattern, replacement, site)
        if not count:
            raise SystemExit(f"{NGINX_CONF}: nothing to replace for {pattern}")
    path = folder / "nginx.conf"
    path.write_text(WRAPPER.format(folder=folder, site=site))
    return path


def start_gunicorn(folder: Path, held: socket.socket) -> subprocess.Popen:
    """Start gunicorn with the socket at file descriptor 3, as systemd hands it over."""
    environment = os.environ | {
        "AUTOFX_STUDY": str(folder / "set"),
        "AUTOFX_DATABASE_URL": f"sqlite:///{folder}/ratings.sqlite3",
        "AUTOFX_SECRET_KEY": secrets.token_urlsafe(32),
        "AUTOFX_PROXIES": "1",
        "AUTOFX_REQUESTS_PER_MINUTE": "0",
        "AUTOFX_SESSIONS_PER_HOUR": "0",
        "AUTOFX_LOG_FORMAT": "text",
    }
    command = (
        f"exec 3<&{held.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; "
        f"exec {sys.executable} -m gunicorn -c {CONFIG}"
    )
    return subprocess.Popen(command, shell=True, pass_fds=[held.fileno()], env=environment)


def restart(server: subprocess.Popen, folder: Path, held: socket.socket) -> subprocess.Popen:
    """Stop gently and start anew, as ``systemctl restart`` does."""
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    return start_gunicorn(folder, held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=5)
    options = parser.parse_args()
    if not shutil.which("nginx"):
        raise SystemExit("nginx is missing: apt-get install nginx")
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as held:
        folder = Path(name)
        folder.chmod(0o755)
        write_stimulus_set(folder / "set", n_items=30)
        held.bind(f"{folder}/autofx.sock")
        held.listen(2048)
        (folder / "autofx.sock").chmod(0o666)
        http_port, https_port = free_port(), free_port()
        site = write_site(folder, http_port=http_port, https_port=https_port)
        tested = subprocess.run(
            ["nginx", "-t", "-c", site, "-e", "stderr"],
            capture_output=True,
            text=True,
            check=False,
        )
        print_row("nginx -t", says=tested.stderr.strip().splitlines()[-1].split("/")[-1])
        server = start_gunicorn(folder, held)
        proxy = subprocess.Popen(["nginx", "-c", site, "-e", "stderr", "-g", "daemon off;"])
        try:
            _measure(folder, held, server, http_port, https_port, n_restarts=options.restarts)
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)


def _measure(
    folder: Path,
    held: socket.socket,
    server: subprocess.Popen,
    http_port: int,
    https_port: int,
    *,
    n_restarts: int,
) -> None:
    time.sleep(1)
    plain = http.client.HTTPConnection("127.0.0.1", http_port)
    plain.request("GET", "/s/abc")
    print_row("plain http", status=plain.getresponse().status)
    secure = SecureConnection(https_port).http
    secure.request("GET", "/healthz")
    response = secure.getresponse()
    print_row(
        "https",
        status=response.status,
        hsts=response.headers["Strict-Transport-Security"],
        policies=len(response.headers.get_all("Content-Security-Policy")),
    )
    puts = in_parallel(
        lambda _: prepare(https_port, n_sittings=6, connect=SecureConnection), [None] * 8
    )
    failed: list = []
    stop = threading.Event()

    def put(client_puts: list[tuple[str, bytes]]) -> int:
        connection = SecureConnection(https_port)
        done = 0
        for path, body in client_puts:
            if stop.is_set():
                break
            status, content = connection.ask("PUT", path, body)
            done += status == 200
            if status != 200:
                failed.append((status, content[:100]))
        return done

    counts: list = []
    clients = threading.Thread(target=lambda: counts.extend(in_parallel(put, puts)))
    clients.start()
    for _ in range(n_restarts):
        time.sleep(0.5)
        server = restart(server, folder, held)
        time.sleep(1.5)
    stop.set()
    clients.join()
    server.terminate()
    server.wait(timeout=60)
    print_row("restarts under load", restarts=n_restarts, saved=sum(counts), failed=len(failed))
    for failure in failed[:3]:
        print(failure)


if __name__ == "__main__":
    main()
