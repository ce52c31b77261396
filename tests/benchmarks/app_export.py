"""Export of a million ratings: seconds and peak memory, beside a bare SQLite cursor and CSV writer.

Run ``PYTHONPATH=tests python -m benchmarks.app_export [N_LISTENERS]``; 10,000 listeners of
25 trials with 4 stimuli make a million ratings. Each file is written by a process of its own. The
baseline reads the same rows in the same order with the standard library and escapes nothing.
Where other work keeps the machine busy, the processor's seconds say more than the clock's.
"""

import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from sqlalchemy import text
from tqdm import tqdm

from stimuli_gen.listening_test import parse_listening_test
from webmushra_app import timestamps
from webmushra_app.database import models
from webmushra_app.database.connection import Database
from webmushra_app.results.export import FILES

N_TRIALS, CONDITIONS = 25, ("reference", "mlp_163nc", "random", "clean")
FEW_S, FEW_MB = 60.0, 200.0

ANSWERS = json.dumps({"hearing": "normal", "device": "headphones", "musical_background": "none"})
FILL = f"""
CREATE TEMP TABLE numbers AS
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT i FROM n;
INSERT INTO sessions (id, token, request_id, study_id, participant, external, language, simulated,
    consent_version, examples, questionnaire, completion_code, started_at, seen_at, finished_at)
SELECT printf('s%011d', i), printf('token-%026d', i), printf('request-%024d', i), 1, '007', '{{}}',
    'en', 1, '1', '{{}}', '{ANSWERS}', 'CODE', :now, :now, :now FROM numbers WHERE i < :n_listeners;
INSERT INTO trials (id, public_id, reference_id, session_id, item_id, position, training,
    trial_time_s, comment, finished_at)
SELECT i + 1, printf('t%015d', i), printf('r%015d', i), printf('s%011d', i / :n_trials),
    1 + i % :n_trials, 1 + i % :n_trials, 0, 31.5, 'a comment, of "usual" length', :now
FROM numbers WHERE i < :n_listeners * :n_trials;
INSERT INTO presentations (id, public_id, trial_id, stimulus_id, position)
SELECT i + 1, printf('p%015d', i), 1 + i / 4, 1 + 4 * (i / 4 % :n_trials) + i % 4, 1 + i % 4
FROM numbers;
INSERT INTO ratings (presentation_id, score, plays, listened_s, rated_at)
SELECT i + 1, abs(random()) % 101, 2, 5.25, :now FROM numbers;
"""

BASELINE = """
import csv, sqlite3, sys
with open(sys.argv[2], "w", newline="") as file:
    rows = sqlite3.connect(sys.argv[1]).execute(
        "SELECT * FROM ratings_long ORDER BY study, session, trial_position, stimulus_position")
    csv.writer(file).writerows(rows)
"""
OURS = """
import sys
from webmushra_app.database.connection import open_existing
from webmushra_app.results.export import write_lines
with open(sys.argv[2], "w", newline="") as file, open_existing(sys.argv[1]).reading() as db:
    file.writelines(write_lines(db, sys.argv[3]))
"""
MEASURED = """
import re, time
started_s, used_s = time.perf_counter(), time.process_time()
{program}
peak_kb = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
print(time.perf_counter() - started_s, time.process_time() - used_s, int(peak_kb) / 1024)
"""


def fill(path: Path, n_listeners: int) -> int:
    """Write a database of so many listeners; returns the number of its ratings."""
    database = Database(f"sqlite:///{path}")
    database.prepare()
    conditions = [models.Condition(name=c, label=c, kind="control") for c in CONDITIONS]
    items = [
        models.Item(
            name=f"item{n}", family="delay", domain="in", training=False, reference_file="",
            reference_bytes=0, duration_s=2.5,
            stimuli=[models.Stimulus(condition=c, file=f"{n}", bytes=0) for c in conditions],
        )
        for n in range(N_TRIALS)
    ]  # fmt: skip
    settings = parse_listening_test({}).model_dump()
    n_ratings = n_listeners * N_TRIALS * len(CONDITIONS)
    values = {"n_listeners": n_listeners, "n_trials": N_TRIALS, "last": n_ratings - 1}
    values["now"] = timestamps.moment()
    with database.writing() as db:
        db.add(
            models.Study(
                id=1, name="large", title="Large", folder="", manifest_sha256="",
                settings=settings, conditions=conditions, items=items,
            )
        )  # fmt: skip
        db.flush()
        for statement in FILL.strip().removesuffix(";").split(";\n"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            db.execute(text(statement), used)
    database.engine.dispose()
    return n_ratings


def measure(program: str, *arguments: object) -> tuple[float, float, float]:
    """Run a program on its own; returns seconds, processor seconds and peak memory in MB."""
    code = MEASURED.format(program=textwrap.dedent(program))
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, processor_s, megabytes = map(float, ran.stdout.split())
    return seconds, processor_s, megabytes


def main(n_listeners: int) -> None:
    """Print a row for each file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.sqlite3"
        n_ratings = fill(path, n_listeners)
        base = measure(BASELINE, path, Path(folder) / "bare.csv")
        rows = [("bare cursor and csv.writer", *base)]
        for name in tqdm(FILES, unit="file"):
            out = Path(folder) / name
            rows.append((name, *measure(OURS, f"sqlite:///{path}", out, name)))
            out.unlink()
    print(f"{n_ratings:,} ratings; wanted for each file: ≤ {FEW_S:g} s, ≤ {FEW_MB:g} MB")
    print(f"{'':28}{'s':>8}{'CPU s':>8}{'x bare':>8}{'MB':>8}")
    for name, seconds, processor_s, megabytes in rows:
        fits = "" if seconds <= FEW_S and megabytes <= FEW_MB else "  too much"
        figures = f"{seconds:8.1f}{processor_s:8.1f}{processor_s / base[1]:8.2f}{megabytes:8.0f}"
        print(f"{name:28}{figures}{fits}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
