"""Pages of the studies: the list, and one study as it goes; importing, opening, closing, quota."""

from pathlib import Path

from flask import Response, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession
from werkzeug.wrappers import Response as AnyResponse

from stimuli_gen.listening_test import ListeningTestError
from stimuli_gen.manifest import MANIFEST_NAME, ManifestError
from webmushra_app import timestamps
from webmushra_app.admin import audit, box_plots
from webmushra_app.admin.access import blueprint, go, show
from webmushra_app.admin.progress import count_coverage, group_sessions, list_sessions
from webmushra_app.admin.screening import flag_sessions
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.api.session import why_closed
from webmushra_app.api.webmushra import MAX_NAME, new_collected_study
from webmushra_app.database import models
from webmushra_app.results import export
from webmushra_app.studies.importer import import_study
from webmushra_app.studies.study import OpenStudyError, moment_of_opening

STUDY = "/studies/<int(max=2147483647):study_id>"
PROLIFIC = "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
MAX_QUOTA = 1_000_000


def find_study(db: DbSession, study_id: int, *, lock: bool = False) -> models.Study:
    """Find a study by its number.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
    study_id : int
    lock : bool
        Whether to lock its row until the transaction ends (on PostgreSQL).

    Raises
    ------
    Refusal
        404 if there is none.
    """
    wanted = select(models.Study).where(models.Study.id == study_id)
    study = db.scalar(wanted.with_for_update() if lock else wanted)
    if study is None:
        raise Refusal(404, "there is no such study")
    return study


def state_of(db: DbSession, study: models.Study) -> str:
    """Return in words what a participant who comes now finds."""
    if not study.folder:
        return "closed" if study.closed_at else "collecting"
    if study.opened_at is None:
        return "not opened yet"
    if services().studies.current().study.id != study.id:
        return "replaced by another"
    if reason := why_closed(db, study):
        return "closed" if study.closed_at else reason.split(";")[0].removeprefix("this study ")
    return "open"


def list_sets() -> dict[str, Path]:
    """List the stimulus sets that can be imported, by their folders' names."""
    config = services().config
    folders = sorted(config.data.iterdir()) if config.data.is_dir() else []
    if config.study:
        folders.append(config.study)
    return {folder.name: folder for folder in folders if (folder / MANIFEST_NAME).is_file()}


@blueprint.get("/")
def list_studies() -> Response:
    """Show all studies, and what can be imported."""
    with services().database.reading() as db:
        counts = {
            (study_id, simulated): (begun, finished)
            for study_id, simulated, begun, finished in db.execute(
                select(
                    models.Session.study_id,
                    models.Session.simulated,
                    func.count(),
                    func.count(models.Session.finished_at),
                ).group_by(models.Session.study_id, models.Session.simulated)
            )
        }
        found = db.scalars(select(models.Study).order_by(models.Study.id.desc())).all()
        rows = [
            (
                study,
                state_of(db, study),
                *(counts.get((study.id, simulated), (0, 0)) for simulated in (False, True)),
            )
            for study in found
        ]
    return show("studies", rows=rows, sets=list(list_sets()), data=services().config.data)


@blueprint.post("/studies/import")
def bring_in() -> AnyResponse:
    """Import one of the stimulus sets that are there, without opening it to participants."""
    folder = list_sets().get(request.form.get("set", ""))
    if folder is None:
        raise Refusal(422, "choose one of the stimulus sets in the list")
    try:
        name = import_study(services().database, folder, open_new=False)
    except (ManifestError, ListeningTestError, OpenStudyError) as error:
        raise Refusal(422, str(error)) from None
    with services().database.writing() as db:
        study = db.scalars(select(models.Study).where(models.Study.name == name)).one()
        audit.record(db, "imported", study=name, folder=folder.name)
    services().studies.reload()
    return go("show_study", study_id=study.id)


@blueprint.post("/studies/collect")
def announce() -> AnyResponse:
    """Take results of webMUSHRA pages under a test id from now on."""
    name = request.form.get("test_id", "").strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Refusal(422, f"test id: give the testId of the pages, 1 to {MAX_NAME} characters")
    with services().database.writing() as db:
        if db.scalar(select(models.Study.id).where(models.Study.name == name)):
            raise Refusal(409, f"there is a study {name!r} already")
        study = new_collected_study(name)
        db.add(study)
        db.flush()
        audit.record(db, "collecting", study=name)
    return go("show_study", study_id=study.id)


@blueprint.get(STUDY)
def show_study(study_id: int) -> Response:
    """Show one study as it goes."""
    with services().database.reading() as db:
        study = find_study(db, study_id)
        report = db.get(models.Report, study_id)
        live = _look_at(db, study)
    link = url_for("participant.page", _external=True)
    return show(
        "study", study=study, report=report, link=link, prolific=link + PROLIFIC,
        files=export.FILES, **live,
    )  # fmt: skip


@blueprint.get(f"{STUDY}/live")
def show_live(study_id: int) -> Response:
    """Show what changes while participants are at it; the page fetches this again and again."""
    with services().database.reading() as db:
        study = find_study(db, study_id)
        return show("live", study=study, **_look_at(db, study))


def _look_at(db: DbSession, study: models.Study) -> dict:
    sessions = list_sessions(db, study.id)
    flags = flag_sessions(db, study)
    return {
        "state": state_of(db, study),
        "groups": group_sessions(sessions),
        "flagged": [s for s in sessions if s.id in flags],
        "flags": flags,
        "coverage": count_coverage(db, study.id),
        "boxes": box_plots.list_boxes(db, study),
        "plot": box_plots,
    }


@blueprint.post(f"{STUDY}/open")
def open_to_participants(study_id: int) -> AnyResponse:
    """Show this study to the participants who come from now on."""
    with services().database.writing() as db:
        study = find_study(db, study_id, lock=True)
        study.opened_at = moment_of_opening(db)
        study.closed_at = None
        audit.record(db, "opened", study=study.name)
    services().studies.reload()
    return go("show_study", study_id=study_id)


@blueprint.post(f"{STUDY}/close")
def close(study_id: int) -> AnyResponse:
    """Begin no more sessions; those under way may end."""
    with services().database.writing() as db:
        study = find_study(db, study_id, lock=True)
        study.closed_at = study.closed_at or timestamps.moment()
        audit.record(db, "closed", study=study.name)
    return go("show_study", study_id=study_id)


@blueprint.post(f"{STUDY}/quota")
def set_quota(study_id: int) -> AnyResponse:
    """Set how many real participants are wanted; empty for no bound."""
    text = request.form.get("quota", "").strip()
    if text and not (text.isdecimal() and len(text) < 8 and 1 <= int(text) <= MAX_QUOTA):
        raise Refusal(422, f"quota: a whole number from 1 to {MAX_QUOTA}, or nothing")
    quota = int(text) if text else None
    with services().database.writing() as db:
        study = find_study(db, study_id, lock=True)
        study.quota = quota
        audit.record(db, "quota", study=study.name, quota=quota)
    return go("show_study", study_id=study_id)
