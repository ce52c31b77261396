"""A MUSHRA-like listening test in the browser.

Modules
-------
config, db, turns, group_commit, models, statements, migrations
    Settings, the database, how its writers queue and share commits, its tables, and what listeners'
    requests ask of them.
listening_test, study, studies, presentation, timing, sitting
    What a study asks, what it holds, which one is meant, who hears what, how long it takes, where
    a sitting stands.
schemas, openapi, http, services, limits, logs
    What crosses the HTTP API, its description, and what all routes share.
participant, trial, collect, admin
    The routes: listeners', webMUSHRA's pages', experimenters'.
export, exported_tables, maintenance, simulate, serve
    Ratings out and kept safe, simulated listeners in, the server itself.
"""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from stimuli_gen.manifest import ManifestError
from webmushra_app import admin, collect, http, limits, logs, participant, services, trial
from webmushra_app.config import Config, ConfigError, production_config
from webmushra_app.db import Database, DatabaseError
from webmushra_app.listening_test import ListeningTestError
from webmushra_app.studies import Studies
from webmushra_app.study import StudyError, import_study, open_study

USER_ERRORS = (ConfigError, DatabaseError, StudyError)
"""What can be wrong with a setting, a database or a stimulus set: one line says how to mend it.

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

    app = Flask(__name__)
    services.register(app, services.Services(config, database, studies))
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)
    logs.register(app, config)
    http.register(app)
    limits.register(app, config)
    app.register_blueprint(participant.blueprint)
    app.register_blueprint(trial.blueprint)
    app.register_blueprint(collect.blueprint)
    admin.register(app)
    return app


def _import(database: Database, folder: Path) -> str:
    try:
        return import_study(database, folder)
    except (ManifestError, ListeningTestError) as error:
        raise StudyError(str(error)) from None
