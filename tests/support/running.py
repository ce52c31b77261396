"""The real server as a process of its own, spoken to over real HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from types import SimpleNamespace

COMMAND = [sys.executable, "-m", "webmushra_app"]


class Server:
    """``python -m webmushra_app`` on a free port; ends with the block."""

    def __init__(self, folder, *, database_url, study=None):
        self.command = [*COMMAND, "--database", database_url, "--port", "0"]
        self.command += ["--study", str(study)] if study else []
        self.folder = folder

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        first_line = self.process.stdout.readline()
        self.url = re.search(r"http://\S+[^/\s]", first_line)[0]
        return self

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=30)
        self.process.stdout.close()

    def kill(self):
        """Kill master and workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


class Client:
    """Speaks HTTP as Flask's test client does, to a server elsewhere."""

    def __init__(self, url, *, context=None):
        self.url = url
        self.context = context

    def open(self, path, method="GET", **body):
        data = json.dumps(body["json"]).encode() if "json" in body else None
        request = urllib.request.Request(
            self.url + path,
            data,
            {"Content-Type": "application/json"} if data else {},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as response:
                return _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())

    def get(self, path):
        return self.open(path)

    def put(self, path, **body):
        return self.open(path, "PUT", **body)

    def post(self, path, **body):
        return self.open(path, "POST", **body)


def _answer(status, headers, data):
    is_json = headers.get_content_type().endswith("json")
    return SimpleNamespace(
        status_code=status,
        headers=headers,
        data=data,
        is_json=is_json,
        json=json.loads(data) if is_json else None,
    )


def run(*arguments, folder):
    """Run a command of the listening test to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
