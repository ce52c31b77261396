"""A MUSHRA-like listening test in the browser.

Modules
-------
config, logs
    Settings of the server, and its log.
database
    The connection, the tables, how writers queue and share commits, queries, migrations, upkeep.
studies
    A study's settings, its import, the assignment of items, the duration of a session.
results
    The exported tables and their files.
api
    The routes of participants' pages and of webMUSHRA's pages, and what crosses them.
admin
    The experimenter's pages.
sub_path
    The whole application under a sub-path of its host.
server, simulate
    gunicorn on this machine, and simulated participants.
"""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from stimuli_gen.listening_test import ListeningTestError
from stimuli_gen.manifest import ManifestError
from webmushra_app import admin, logs
from webmushra_app.api import participant, rate_limits, responses, services, trial, webmushra
from webmushra_app.config import Config, ConfigError, production_config
from webmushra_app.database.connection import Database, DatabaseError
from webmushra_app.studies.importer import import_study
from webmushra_app.studies.registry import Studies
from webmushra_app.studies.study import OpenStudyError, open_study
from webmushra_app.sub_path import SubPath

USER_ERRORS = (ConfigError, DatabaseError, OpenStudyError)
"""Faults of a setting, a database or a stimulus set: one line says how to fix it.

They are RuntimeErrors, which gunicorn prints as that line too.
"""


def create_app(config: Config | None = None) -> Flask:
    """Make the listening test as a WSGI application.

    Parameters
    ----------
    config : Config, optional
        Without it the settings come from ``AUTOFX_*`` environment variables, as in production:
        ``gunicorn 'webmushra_app:create_app()'``.

    Raises
    ------
    One of USER_ERRORS
        If a setting, the database or the stimulus set cannot be used.
    """
    config = config or production_config()
    database = Database(config.database_url)
    try:
        database.prepare()
        if config.study:
            name = _import(database, config.study)
            if config.reopen_study:
                open_study(database, name)
        studies = Studies(database)
    finally:
        database.engine.dispose()  # no connection may cross the fork into a worker

    app = logs.ListeningTestApp(__name__)
    services.register(app, config, database, studies)
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's own way to wrap an app
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies
        )
    if config.prefix:
        app.wsgi_app = SubPath(app.wsgi_app, config.prefix)  # type: ignore[method-assign]  # as above
    logs.register(app, config)
    responses.register(app, frame_ancestors=config.frame_ancestors)
    rate_limits.register(app, config)
    app.register_blueprint(participant.blueprint)
    app.register_blueprint(trial.blueprint)
    app.register_blueprint(webmushra.blueprint)
    admin.register(app)
    return app


def _import(database: Database, folder: Path) -> str:
    try:
        return import_study(database, folder)
    except (ManifestError, ListeningTestError) as error:
        raise OpenStudyError(str(error)) from None
