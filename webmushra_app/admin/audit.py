"""The audit log: every change that experimenters made, when, and from which address."""

from flask import Response, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from webmushra_app.admin.access import address, blueprint, show
from webmushra_app.api.services import services
from webmushra_app.database import models

ROWS_A_PAGE = 100


def record(
    db: DbSession,
    action: str,
    *,
    study: str | None = None,
    session: str | None = None,
    **detail: str | float | None,
) -> None:
    """Add one change to the log, in the transaction that makes it.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
    action : str
        What was done, in the past tense: ``opened``, ``excluded``, …; at most 32 characters.
    study, session : str, optional
        Names of what it was done to, as exports show them.
    **detail
        What else the log shows, by name.
    """
    db.add(
        models.Audit(address=address(), action=action, study=study, session=session, detail=detail)
    )


def page_number() -> int:
    """Read which page of a long list is wanted, from 1 on."""
    wanted = request.args.get("page", "1")
    return max(1, int(wanted)) if wanted.isdecimal() and len(wanted) < 7 else 1


@blueprint.get("/audit")
def show_audit() -> Response:
    """Show the log, newest first."""
    page = page_number()
    with services().database.reading() as db:
        rows = db.scalars(
            select(models.Audit)
            .order_by(models.Audit.id.desc())
            .limit(ROWS_A_PAGE)
            .offset((page - 1) * ROWS_A_PAGE)
        ).all()
        n_rows = db.execute(select(func.count()).select_from(models.Audit)).scalar_one()
    return show("audit", rows=rows, page=page, n_pages=-(-n_rows // ROWS_A_PAGE))
