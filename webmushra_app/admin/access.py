"""Who may see the experimenter's pages, and which forms are really theirs.

Closed by default: without a password nothing opens. A log-in is a random key in a cookie that only
these pages get (``HttpOnly``, ``SameSite=Strict``, path ``/admin``); the database holds its hash,
so that a log-out, an expiry or a new password ends it for good. Every form carries the log-in's
token against cross-site requests, and none of a GET's answers changes anything.
"""

import hashlib
import ipaddress
import secrets
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from webmushra_app import timestamps
from webmushra_app.api.responses import (
    HTTP_DETAILS,
    HTTP_TITLES,
    RETRY_AFTER_S,
    SECURITY_HEADERS,
    Refusal,
    log,
)
from webmushra_app.api.services import services
from webmushra_app.database import models
from webmushra_app.logs import pseudonym

COOKIE = "autofx_admin"
FORM_FIELD = "csrf_token"
LOGIN_LASTS_S = 12 * 3600.0
ANYBODY = ("admin.show_login", "admin.log_in")
CLOSED = "the experimenter's pages are closed, because no password is set"
CONTENT_SECURITY_POLICY = SECURITY_HEADERS["Content-Security-Policy"].replace(
    "form-action 'none'", "form-action 'self'"
)

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def sha256(text: str) -> str:
    """Hash a text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def address() -> str:
    """Name where the request comes from by a pseudonym."""
    return pseudonym(_network(request.remote_addr or ""), secret_key=services().config.secret_key)


def _network(remote: str) -> str:
    """Take the first 64 bits of an IPv6 address: one customer has all addresses that begin so.

    >>> _network("2001:db8:1:2:3:4:5:6"), _network("192.0.2.7")
    ('2001:db8:1:2::/64', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    if parsed.version == 4:
        return remote
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def show(template: str, status: int = 200, **values: Any) -> Response:
    """Render one of the experimenter's pages, which no cache keeps."""
    login = g.get("admin_login")
    return Response(
        render_template(
            f"admin/{template}.html",
            csrf_token=login.csrf_token if login else "",
            logged_in=login is not None,
            **values,
        ),
        status,
        mimetype="text/html",
    )


def go(endpoint: str, **values: Any) -> AnyResponse:
    """Send the browser to a page after a change."""
    return redirect(url_for(f"admin.{endpoint}", **values), 303)


@blueprint.before_request
def let_in() -> AnyResponse | None:
    """Let in who is logged in, and only forms of their own."""
    if not services().config.admin_password_hash:
        return show("closed", 403, reason=CLOSED)
    if request.endpoint in ANYBODY:
        return None
    g.admin_login = _find_login(request.cookies.get(COOKIE, ""))
    reads_only = request.method in ("GET", "HEAD", "OPTIONS")
    if g.admin_login is None:
        if reads_only:
            return go("show_login")
        raise Refusal(401, "log in first; nothing was changed")
    if not reads_only:
        refuse_foreign_form(g.admin_login.csrf_token)
    return None


def refuse_foreign_form(token: str) -> None:
    """Refuse a form that doesn't carry the token that it was sent out with.

    Raises
    ------
    Refusal
        403; nothing has been changed.
    """
    sent = request.form.get(FORM_FIELD, "")
    from_elsewhere = request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
    if not token or from_elsewhere or not secrets.compare_digest(sent.encode(), token.encode()):
        raise Refusal(403, "this form is not from here or too old; load its page again")


def _find_login(key: str) -> models.AdminLogin | None:
    if not key:
        return None
    password_hash = services().config.admin_password_hash
    with services().database.reading() as db:
        return db.scalar(
            select(models.AdminLogin).where(
                models.AdminLogin.key_sha256 == sha256(key),
                models.AdminLogin.password_sha256 == sha256(password_hash),
                models.AdminLogin.started_at.between(*timestamps.recent(within_s=LOGIN_LASTS_S)),
            )
        )


@blueprint.after_request
def add_headers(response: Response) -> Response:
    """Keep pages out of caches and let forms go to this server alone."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.errorhandler(Refusal)
def refused(error: Refusal) -> Response:
    """Answer a refusal with a page of one sentence."""
    response = show(
        "refused", error.status, title=HTTP_TITLES.get(error.status, "Refused"), reason=error.detail
    )
    if error.status == 429:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


@blueprint.errorhandler(TimeoutError)
@blueprint.errorhandler(OperationalError)
def database_unavailable(error: Exception) -> Response:
    """Answer with a page of one sentence where the database can't be read or written."""
    log.error("database unavailable: %s", str(getattr(error, "orig", error)).partition("\n")[0])
    return refused(
        Refusal(
            503,
            "the database is busy, full or gone, so nothing was changed; if trying again does not "
            "help, make room on the server's disk or look into its log",
        )
    )


@blueprint.errorhandler(HTTPException)
def not_found(error: HTTPException) -> AnyResponse:
    """Answer a wrong request with a page of one sentence."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    return refused(Refusal(status, HTTP_DETAILS.get(status, error.name.lower())))
