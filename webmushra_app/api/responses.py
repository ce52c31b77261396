"""What all routes share: reading JSON bodies, refusing in one sentence, and security headers."""

import logging
from collections.abc import Sequence
from typing import TypeVar

from flask import Flask, Response, request
from gunicorn.http.errors import ParseException
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from stimuli_gen.contract import describe_validation_error, locate_validation_error
from webmushra_app.api.schemas import Problem

log = logging.getLogger("webmushra_app")

MAX_BODY_BYTES = 256 * 1024
RETRY_AFTER_S = 2
PROBLEM_JSON = "application/problem+json"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Referrers are withheld because a session's address holds its key."""

Body = TypeVar("Body", bound=BaseModel)


class Refusal(Exception):
    """A request that is answered with 4xx and one sentence."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field


class OpaqueConverter(BaseConverter):
    """Identifiers in addresses: anything else isn't found, before a query is made."""

    regex = "[A-Za-z0-9_-]{16,64}"


def read_bytes() -> bytes:
    """Read the request's whole body.

    Raises
    ------
    Refusal
        400 if it broke off.
    """
    content = request.get_data(cache=False)
    if request.content_length not in (None, len(content)):
        raise Refusal(400, "the body broke off before its end; send it again")
    return content


def read_body(model: type[Body]) -> Body:
    """Validate the request's JSON body.

    Raises
    ------
    Refusal
        415 if the request doesn't say that it is JSON, 400 if it isn't or broke off, 422 naming
        the field that is wrong.
    """
    if request.mimetype != "application/json":
        raise Refusal(415, "send the body as application/json")
    try:
        return model.model_validate_json(read_bytes())
    except ValidationError as error:
        wrong = describe_validation_error(error, model)
        if error.errors()[0]["type"] == "json_invalid":
            raise Refusal(400, f"the body is not JSON: {wrong}") from None
        raise Refusal(422, wrong, field=locate_validation_error(error)) from None


def answer(message: BaseModel, status: int = 200) -> Response:
    """Send a message as JSON that no cache keeps."""
    response = Response(message.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(status: int, detail: str, *, field: str | None = None) -> Response:
    """Answer with a problem (after RFC 9457).

    Parameters
    ----------
    status : int
        HTTP status, 400 or above.
    detail : str
        One sentence: what is wrong and how to fix it.
    field : str, optional
        Dotted name of the field that is wrong.
    """
    title = HTTP_TITLES.get(status, "Error")
    response = answer(Problem(status=status, title=title, detail=detail, field=field), status)
    response.mimetype = PROBLEM_JSON
    if status in (429, 503):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


HTTP_TITLES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
HTTP_DETAILS = {
    404: "there is nothing here; check the link",
    413: f"a body may have at most {MAX_BODY_BYTES} bytes",
    500: "something went wrong here, nothing was stored; the fault is in the server's log",
}


def framed_by(sites: Sequence[str]) -> dict[str, str]:
    """Make the security headers of pages that the named sites may show in a frame."""
    headers = dict(SECURITY_HEADERS)
    policy = headers["Content-Security-Policy"]
    allowed = f"frame-ancestors {' '.join(sites)}"
    headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", allowed)
    del headers["X-Frame-Options"]  # which knows no list of sites
    return headers


def register(app: Flask, *, frame_ancestors: Sequence[str] = ()) -> None:
    """Give the app its error answers, its headers and its converter of identifiers.

    Parameters
    ----------
    app : Flask
    frame_ancestors : sequence of str
        Sites that may show the participants' pages in a frame; experimenters' pages never are.
    """
    framed = framed_by(frame_ancestors) if frame_ancestors else SECURITY_HEADERS
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.converters["opaque"] = OpaqueConverter

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Response:
        return refuse(error.status, error.detail, field=error.field)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> AnyResponse:
        status = error.code or 500
        if status < 400:
            return error.get_response()
        response = refuse(status, HTTP_DETAILS.get(status, error.name.lower()))
        response.headers.extend(
            (name, value) for name, value in error.get_headers() if name == "Allow"
        )
        return response

    @app.errorhandler(ParseException)
    def malformed(_error: ParseException) -> Response:
        return refuse(400, "the body is not sent as HTTP wants it")

    @app.errorhandler(IntegrityError)
    def conflicting(_error: IntegrityError) -> Response:
        return refuse(409, "another request stored this at the same moment; fetch the state again")

    @app.errorhandler(TimeoutError)
    @app.errorhandler(OperationalError)
    def database_busy(error: Exception) -> Response:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        log.error("database unavailable: %s", reason)
        return refuse(503, "the database is busy or full, nothing was stored; try again")

    @app.errorhandler(DBAPIError)
    def database_failed(error: DBAPIError) -> Response:
        log.error("database error: %s", str(error.orig).partition("\n")[0])
        if isinstance(error, DataError):  # a value that no validation stopped: a fault of ours
            return refuse(500, HTTP_DETAILS[500])
        return refuse(503, "the database does not answer as it should; nothing was stored")

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = SECURITY_HEADERS if request.blueprint == "admin" else framed
        missing = [item for item in headers.items() if item[0] not in response.headers]
        response.headers.extend(missing)
        return response
