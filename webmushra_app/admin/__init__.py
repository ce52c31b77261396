"""The experimenter's side, under ``/admin``: server-rendered pages behind a password.

Modules
-------
access, password, login, audit
    Who may come in, the forms' protection, and what was done by whom.
studies, sessions, withdrawal
    Pages of the studies, of one session, and of erasing one.
progress, screening, box_plots
    What the live view shows: counts, suspicions, box plots.
downloads, reports
    Ratings out, and the analysis run beside the server.

Conventions: what changes anything is a POST with the form's token and leaves a line in the audit
log; after it the browser is sent to a page (303). Participants' pages have no link to these.
"""

from flask import Flask

from webmushra_app.admin import (  # noqa: F401 – each gives the blueprint its routes
    audit,
    downloads,
    login,
    reports,
    sessions,
    studies,
    withdrawal,
)
from webmushra_app.admin.access import blueprint


def register(app: Flask) -> None:
    """Give the app the experimenter's pages."""
    app.register_blueprint(blueprint)
