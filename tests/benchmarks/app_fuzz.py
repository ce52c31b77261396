"""Hostile requests to every route by the thousand, on SQLite and on PostgreSQL.

Prints how many were answered how, the faults (5xx), the rows that break a rule, and whether
another session's data changed or leaked. See ``tests/support/fuzzing.py`` for what is sent.

    PYTHONPATH=tests python -m benchmarks.app_fuzz --requests 20000
"""

import argparse
import tempfile
import time
from pathlib import Path

from support.experimenter import HASH
from support.fuzzing import Fuzzer, broken_rows, snapshot
from support.http_listener import write_stimulus_set

from benchmarks.app_faults import databases
from benchmarks.app_gunicorn import print_row
from webmushra_app import create_app
from webmushra_app.config import Config
from webmushra_app.results.export import export


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="on both together")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_stimulus_set(folder / "set")
        with databases(folder) as each:
            for kind, url in each:
                app = create_app(
                    Config(url, study, secret_key="fuzzing" * 8, admin_password_hash=HASH)
                )
                database = app.extensions["webmushra"].database
                fuzzer = Fuzzer(app, seed=options.seed)
                before = snapshot(database, fuzzer.prey)
                started_s = time.perf_counter()
                outcome = fuzzer.run(options.requests // len(each))
                took_s = time.perf_counter() - started_s
                broken, faults = broken_rows(database)
                exported = export(database, folder / kind)
                print_row(
                    f"hostile requests, {kind}",
                    requests=sum(outcome.statuses.values()),
                    statuses={str(k): n for k, n in sorted(outcome.statuses.items(), key=str)},
                    server_faults=len(outcome.faults),
                    broken_rows=len(broken) + len(faults),
                    leaks=len(outcome.leaks),
                    other_session_changed=snapshot(database, fuzzer.prey) != before,
                    exported_rows=sum(exported.values()),
                    seconds=took_s,
                )
                for fault in (*outcome.faults[:5], *broken.items(), *faults[:5]):
                    print(fault)
                database.engine.dispose()


if __name__ == "__main__":
    main()
