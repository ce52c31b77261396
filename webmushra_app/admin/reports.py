"""The analysis of a study, run beside the server: ``python -m analysis.report`` as a process.

Its folder is ``reports/<number of the study>`` in the data folder; a new one takes the place of
the old one when it is whole. The database's address goes through the environment, because others
can read a process's arguments.
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from flask import Response, send_from_directory
from sqlalchemy.orm import Session as DbSession
from werkzeug.wrappers import Response as AnyResponse

from stimuli_gen.manifest import MANIFEST_NAME
from webmushra_app import timestamps
from webmushra_app.admin import audit
from webmushra_app.admin.access import blueprint, go, show
from webmushra_app.admin.studies import STUDY, find_study
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.database import models
from webmushra_app.database.connection import Database

TIMEOUT_S = 600.0
MAX_MESSAGE = 500
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-same-origin allow-downloads"
)
"""The report's page carries its styles with it; scripts stay off."""


def folder_of(study_id: int) -> Path:
    """Name the folder of a study's report."""
    return services().config.data.resolve() / "reports" / str(study_id)


def is_running(report: models.Report | None) -> bool:
    """Whether a report is being made; one whose server was stopped meanwhile isn't."""
    first, last = timestamps.recent(within_s=TIMEOUT_S)
    return report is not None and report.state == "running" and first <= report.started_at <= last


def discard(db: DbSession, study: models.Study) -> None:
    """Remove a study's report, because it holds what must be gone."""
    if report := db.get(models.Report, study.id):
        db.delete(report)
    shutil.rmtree(folder_of(study.id), ignore_errors=True)


@blueprint.post(f"{STUDY}/report")
def make_report(study_id: int) -> AnyResponse:
    """Start the analysis, unless it is running."""
    with services().database.writing() as db:
        study = find_study(db, study_id, lock=True)
        report = db.get(models.Report, study_id) or models.Report(study_id=study_id)
        if is_running(report):
            return go("show_report", study_id=study_id)
        report.state, report.message = "running", ""
        report.started_at, report.finished_at = timestamps.moment(), None
        db.add(report)
        audit.record(db, "report", study=study.name)
    arguments = (services().database, study, folder_of(study_id))
    threading.Thread(target=_run, args=arguments, daemon=True).start()
    return go("show_report", study_id=study_id)


def _run(database: Database, study: models.Study, folder: Path) -> None:
    """Run the analysis, move its report into place, and store how it went."""
    new = folder.with_name(f"{folder.name}-new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        fault = _analyse(database, study, new)
        if not fault:
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        fault = str(error)
    with database.writing() as db:
        report = db.get(models.Report, study.id)
        if report is None:  # a participant withdrew meanwhile
            shutil.rmtree(folder, ignore_errors=True)
            return
        report.state, report.message = "failed" if fault else "done", fault[:MAX_MESSAGE]
        report.finished_at = timestamps.moment()


def _analyse(database: Database, study: models.Study, output: Path) -> str:
    """Write a study's report into a folder; return its error in one line, or an empty text."""
    command = [sys.executable, "-m", "analysis.report", f"--study={study.name}", f"-o{output}"]
    manifest = Path(study.folder) / MANIFEST_NAME
    if study.folder and manifest.is_file():
        command.append(f"--manifest={manifest}")  # labels, the study's order, distances
    url = database.url.render_as_string(hide_password=False)
    ended = subprocess.run(  # noqa: S603 – the interpreter that runs us, on our own module
        command,
        env=os.environ | {"AUTOFX_DATABASE_URL": url, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        umask=0o077,
    )
    if ended.returncode == 0:
        return ""
    lines = ended.stderr.strip().splitlines() or ["the analysis ended without a message"]
    return lines[-1].removeprefix("Error: ")


@blueprint.get(f"{STUDY}/report")
def show_report(study_id: int) -> Response:
    """Show how far the analysis is."""
    with services().database.reading() as db:
        study = find_study(db, study_id)
        report = db.get(models.Report, study_id)
    there = (folder_of(study_id) / "index.html").is_file()
    running = is_running(report)
    return show("report", study=study, report=report, running=running, there=there)


@blueprint.get(f"{STUDY}/report/<path:name>")
def show_report_file(study_id: int, name: str) -> AnyResponse:
    """Send a file of the study's report, from its folder and from nowhere else."""
    folder = folder_of(study_id)
    if not folder.is_dir():
        raise Refusal(404, "there is no report of this study yet")
    response = send_from_directory(folder, name)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
