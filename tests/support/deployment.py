"""gunicorn behind the real nginx, both with the files of ``webmushra_app/deploy``.

Only addresses, paths and rates of those files are replaced. The socket between the two is held
here, as systemd holds it by ``autofx.socket``, so that it outlives restarts of gunicorn. nginx gets
its sockets as at an upgrade, listening already: who asks before it is ready is answered when it is.
"""

import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "webmushra_app" / "deploy"
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
TRUST_ANYTHING = ssl._create_unverified_context()  # the certificate is made here
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Runs a program with a socket at file descriptor 3, as systemd does."""
WRAPPER = """
pid {folder}/nginx.pid;
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


class GunicornAlone:
    """gunicorn with ``deploy/gunicorn.conf.py`` and no nginx in front, on a port of loopback.

    Its socket is held here and listens from the start, so that nobody has to wait for it.
    """

    def __init__(self, folder, study, **environment):
        self.folder = folder
        self.database_url = f"sqlite:///{folder}/ratings.sqlite3"
        self.log = folder / "gunicorn.log"  # a line of JSON for each request
        self._environment = settings(study, self.database_url) | environment

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._socket.getsockname()[1]
        self._server = start_gunicorn(self._socket, self._environment, log=self.log)
        return self

    def __exit__(self, *_error):
        self._server.terminate()
        self._server.wait(timeout=60)
        self._socket.close()


def settings(study, database_url):
    """Make the environment of a server without limits that logs every request."""
    return {
        "AUTOFX_STUDY": str(study),
        "AUTOFX_DATABASE_URL": database_url,
        "AUTOFX_SECRET_KEY": secrets.token_urlsafe(32),
        "AUTOFX_REQUESTS_PER_MINUTE": "0",
        "AUTOFX_SESSIONS_PER_HOUR": "0",
        "AUTOFX_LOG_FORMAT": "json",
    }


def start_gunicorn(listening, environment, *, log):
    """Start gunicorn as in production on a socket that listens already."""
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", DEPLOY / "gunicorn.conf.py"]
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, str(listening.fileno()), *gunicorn],
            pass_fds=[listening.fileno()],
            env=os.environ | environment,
            stderr=file,
        )


def find_nginx():
    """Find the program, which is often on root's path only."""
    return shutil.which("nginx", path=SEARCH_PATH)


class Deployment:
    """nginx and gunicorn on a stimulus set; both end with the block.

    Parameters
    ----------
    folder : Path
        Where nginx's workers, who may be nobody, find the socket.
    study : Path
    prefix : str
        Sub-path of the host, such as ``/test``.
    """

    def __init__(self, folder, study, *, prefix=""):
        self.folder = folder
        self.prefix = prefix
        self.database_url = f"sqlite:///{folder}/ratings.sqlite3"
        self.log = folder / "gunicorn.log"  # a line of JSON for each request
        self.configuration = folder / "nginx.conf"
        self._environment = settings(study, self.database_url) | {
            "AUTOFX_PROXIES": "1",
            "AUTOFX_PREFIX": prefix,
        }
        self.secret_key = self._environment["AUTOFX_SECRET_KEY"]

    def __enter__(self):
        self.folder.chmod(0o755)
        path = self.folder / "autofx.sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(2048)
        path.chmod(0o666)
        self._server = self._start_gunicorn()
        self._proxy = self._start_nginx()
        self._await_answer()
        return self

    def __exit__(self, *_error):
        for process in (self._proxy, self._server):
            process.terminate()
            process.wait(timeout=60)
        self._socket.close()

    def nginx(self):
        """Name the command with our configuration, to which arguments can be added."""
        return [find_nginx(), "-c", self.configuration, "-e", self.folder / "nginx.log"]

    def restart(self):
        """Stop gunicorn gently and start it anew, as ``systemctl restart`` does."""
        self._server.terminate()
        self._server.wait(timeout=60)
        self._server = self._start_gunicorn()

    def _start_gunicorn(self):
        return start_gunicorn(self._socket, self._environment, log=self.log)

    def _start_nginx(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as http,
            socket.create_server(("127.0.0.1", 0)) as https,
        ):
            self.http_port, self.https_port = (each.getsockname()[1] for each in (http, https))
            self.url = f"https://127.0.0.1:{self.https_port}{self.prefix}"
            self._write_configuration()
            return subprocess.Popen(
                [*self.nginx(), "-g", "daemon off;"],
                pass_fds=[http.fileno(), https.fileno()],
                env=os.environ | {"NGINX": f"{http.fileno()};{https.fileno()};"},
                stderr=subprocess.DEVNULL,  # its log has it too
            )

    def _await_answer(self):
        """Wait until gunicorn, on a busy machine after a while, answers through nginx."""
        try:
            healthz = f"{self.url}/healthz"
            urllib.request.urlopen(healthz, timeout=120, context=TRUST_ANYTHING).close()
        except OSError:
            logs = [self.folder / name for name in ("nginx.log", "gunicorn.log")]
            raise RuntimeError("\n".join(log.read_text() for log in logs)) from None

    def _write_configuration(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
        )
        site = (DEPLOY / "nginx.conf").read_text()
        for pattern, replacement in {
            r"unix:\S+\.sock": f"unix:{self.folder}/autofx.sock",
            r"listen 80;": f"listen 127.0.0.1:{self.http_port};",
            r"listen 443 ": f"listen 127.0.0.1:{self.https_port} ",
            r"ssl_certificate .*;": f"ssl_certificate {certificate};",
            r"ssl_certificate_key .*;": f"ssl_certificate_key {key};",
            r"rate=50r/s": "rate=100000r/s",
            r"error_log \S+": f"error_log {self.folder}/nginx.log",
            r"location / ": f"location {self.prefix}/ ",
        }.items():
            site, count = re.subn(pattern, replacement, site)
            if not count:
                raise RuntimeError(f"deploy/nginx.conf: nothing to replace for {pattern}")
        self.configuration.write_text(WRAPPER.format(folder=self.folder, site=site))
