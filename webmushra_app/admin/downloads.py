"""Ratings out: every file of the export, for one study, streamed."""

from collections.abc import Iterator

from flask import Response

from webmushra_app.admin import audit
from webmushra_app.admin.access import blueprint
from webmushra_app.admin.studies import STUDY, find_study
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.results import export

MIMETYPES = {"csv": "text/csv", "json": "application/json"}


@blueprint.post(f"{STUDY}/export/<string:name>")
def download(study_id: int, name: str) -> Response:
    """Send one file of the export; a POST, because the audit log notes it."""
    if name not in export.FILES:
        raise Refusal(404, f"there is no {name[:40]!r}; there are {', '.join(export.FILES)}")
    database = services().database
    with database.writing() as db:
        study = find_study(db, study_id).name
        audit.record(db, "exported", study=study, file=name)

    def lines() -> Iterator[str]:
        with database.reading() as db:
            yield from export.write_lines(db, name, study=study)

    response = Response(lines(), mimetype=MIMETYPES[name.rsplit(".", maxsplit=1)[-1]])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
