"""Erasing the session of a participant who withdraws: find it by a code, show it, erase it.

The code is a completion code, a crowd-work id, or the link of the session. What is erased is gone
from the database and from the study's report on this server; the audit log keeps the
session's meaningless name.
"""

from flask import Response, request
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session as DbSession
from werkzeug.wrappers import Response as AnyResponse

from webmushra_app.admin import audit, reports
from webmushra_app.admin.access import blueprint, go, show
from webmushra_app.admin.sessions import SESSION, find_session
from webmushra_app.admin.studies import find_study
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.database import models


@blueprint.get("/withdraw")
def ask_code() -> Response:
    """Show the form for the participant's code."""
    return show("withdraw")


@blueprint.post("/withdraw")
def find_by_code() -> Response:
    """Show which session a code belongs to; nothing is erased yet."""
    code = request.form.get("code", "").strip().rsplit("/s/", 1)[-1]
    if not code or "\0" in code:
        raise Refusal(422, "code: type the participant's code, crowd-work id or link")
    with services().database.reading() as db:
        found = db.scalars(
            select(models.Session)
            .where(
                or_(
                    models.Session.completion_code == code,
                    models.Session.participant == code,
                    models.Session.token == code,
                    models.Session.id == code,
                )
            )
            .limit(2)
        ).all()
        if not found:
            raise Refusal(404, "no session has this code, crowd-work id or link")
        if len(found) > 1:
            raise Refusal(
                409,
                "several sessions share this code; ask the participant for the session's link, or "
                "open the right one from the list of sessions",
            )
        study = find_study(db, found[0].study_id)
        copies = _copies_since(db, found[0].started_at)
    return show("withdraw", session=found[0], study=study, copies=copies)


@blueprint.post(f"{SESSION}/withdraw")
def erase(session_id: str) -> AnyResponse:
    """Erase a session with all that hangs on it."""
    database = services().database
    with database.writing() as db:
        session = find_session(db, session_id, lock=True)
        study = find_study(db, session.study_id)
        db.execute(delete(models.Session).where(models.Session.id == session_id))
        reports.discard(db, study)
        audit.record(db, "withdrawn", study=study.name, session=session_id)
    if not database.scrub():
        raise Refusal(
            503,
            "the session is erased, but another program still reads the database, and a copy stays "
            "in its -wal file until that ends",
        )
    return go("show_study", study_id=study.id)


def _copies_since(db: DbSession, moment: str) -> list[models.Audit]:
    """List the backups and exports made since a moment, which this server cannot reach."""
    copies = select(models.Audit).where(
        models.Audit.action.in_(("backed up", "exported")), models.Audit.at >= moment
    )
    return list(db.scalars(copies.order_by(models.Audit.id)).all())
