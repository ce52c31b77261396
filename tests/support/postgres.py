"""A PostgreSQL server of the tests' own, on a socket in a temporary folder."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def run_postgres(folder):
    programs = find_postgres_programs()
    who = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(folder, **who)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder} | who
    data = f"{folder}/data"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
    subprocess.run(
        [*control, "init", "-s", "-o", "-U postgres --auth=trust --no-sync"], check=True, **quiet
    )
    subprocess.run([*control, "start", "-o", options], check=True, **quiet)
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "stop", "-m", "immediate"], check=True, **quiet)


def find_postgres_programs():
    found = shutil.which("initdb") or next(
        iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
    )
    if not found:
        pytest.fail(
            "PostgreSQL's server programs are missing: apt-get install postgresql "
            "(or leave these tests out with AUTOFX_SKIP_POSTGRES=1)"
        )
    return Path(found).parent
