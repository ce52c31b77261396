"""Log-in and log-out. Each address has a few tries, fewer while many addresses try.

No number of wrong tries by others locks an address out: it always has one try in each window.
"""

import re
import secrets

from flask import Response, g, request
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session as DbSession
from werkzeug.wrappers import Response as AnyResponse

from webmushra_app import timestamps
from webmushra_app.admin import audit
from webmushra_app.admin.access import (
    COOKIE,
    LOGIN_LASTS_S,
    address,
    blueprint,
    go,
    refuse_foreign_form,
    sha256,
    show,
)
from webmushra_app.admin.password import password_matches
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.database import models

FORM_COOKIE = "autofx_login"
COOKIE_PATH = "/admin"
WINDOW_S = 15 * 60.0
TRIES_OF_ADDRESS = 5
BUSY_TRIES = 50
"""Tries of all addresses within the window, from which on each address has one only."""


@blueprint.get("/login")
def show_login() -> Response:
    """Show the form; its token is in a cookie too, because nobody is logged in yet."""
    return _form(200)


def _form(status: int, problem: str = "") -> Response:
    token = request.cookies.get(FORM_COOKIE, "")
    if not re.fullmatch(r"[\w-]{32}", token, re.ASCII):
        token = secrets.token_urlsafe(24)
    response = show("login", status, form_token=token, problem=problem)
    _set_cookie(response, FORM_COOKIE, token)
    return response


def _set_cookie(
    response: AnyResponse, name: str, value: str, *, max_age_s: float | None = None
) -> None:
    """Set a cookie that only these pages get, and no script; by default until the browser ends."""
    response.set_cookie(
        name,
        value,
        max_age=None if max_age_s is None else int(max_age_s),
        path=COOKIE_PATH,
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


@blueprint.post("/login")
def log_in() -> AnyResponse:
    """Check the password and hand out a new key."""
    refuse_foreign_form(request.cookies.get(FORM_COOKIE, ""))
    _count_try()
    password_hash = services().config.admin_password_hash
    if not password_matches(request.form.get("password", ""), password_hash):
        with services().database.writing() as db:
            audit.record(db, "log-in refused")
        return _form(401, "That is not the password.")
    key = secrets.token_urlsafe(32)
    with services().database.writing() as db:
        db.execute(delete(models.AdminAttempt).where(models.AdminAttempt.address == address()))
        db.execute(
            delete(models.AdminLogin).where(
                ~models.AdminLogin.started_at.between(*timestamps.recent(within_s=LOGIN_LASTS_S))
            )
        )
        db.add(
            models.AdminLogin(
                key_sha256=sha256(key),
                password_sha256=sha256(password_hash),
                csrf_token=secrets.token_urlsafe(32),
            )
        )
        audit.record(db, "logged in")
    response = go("list_studies")
    _set_cookie(response, COOKIE, key, max_age_s=LOGIN_LASTS_S)
    response.delete_cookie(FORM_COOKIE, path=COOKIE_PATH)
    return response


def _count_try() -> None:
    """Count a try before the password is looked at.

    Raises
    ------
    Refusal
        429 after too many.
    """
    here = models.AdminAttempt.address == address()
    with services().database.writing() as db:
        db.execute(
            delete(models.AdminAttempt).where(
                ~models.AdminAttempt.at.between(*timestamps.recent(within_s=WINDOW_S))
            )
        )
        n_all, n_here = db.execute(
            select(func.count(), func.count().filter(here)).select_from(models.AdminAttempt)
        ).one()
        allowed = 1 if n_all - n_here >= BUSY_TRIES else TRIES_OF_ADDRESS
        blocked = n_here >= allowed
        if not blocked or not _is_known_as_blocked(db):
            if blocked:
                audit.record(db, "log-in blocked", tries=n_here)
            else:
                db.add(models.AdminAttempt(address=address()))
    if blocked:
        raise Refusal(429, "too many passwords were tried; wait a quarter of an hour")


def _is_known_as_blocked(db: DbSession) -> bool:
    """Whether the audit log has a line on this address's block in this window already."""
    return bool(
        db.scalar(
            select(models.Audit.id)
            .where(
                models.Audit.action == "log-in blocked",
                models.Audit.address == address(),
                models.Audit.at.between(*timestamps.recent(within_s=WINDOW_S)),
            )
            .limit(1)
        )
    )


@blueprint.post("/logout")
def log_out() -> AnyResponse:
    """End this log-in."""
    with services().database.writing() as db:
        db.execute(
            delete(models.AdminLogin).where(
                models.AdminLogin.key_sha256 == g.admin_login.key_sha256
            )
        )
        audit.record(db, "logged out")
    response = go("show_login")
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return response
