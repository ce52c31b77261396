"""A MUSHRA-like listening test in the browser.

Modules
-------
config, db, models, migrations
    Settings, the database and its tables.
listening_test, study, presentation, timing, sitting
    What a study asks, what it holds, who hears what, how long it takes, where a sitting stands.
schemas, openapi, http, services
    What crosses the HTTP API, its description, and what all routes share.
participant, trial
    The routes.
export, simulate, serve
    Ratings out, simulated listeners in, the server itself.
"""

from flask import Flask

from webmushra_app import http, participant, services, trial
from webmushra_app.config import Config, production_config
from webmushra_app.db import Database
from webmushra_app.study import import_study, open_study, read_study_name
from webmushra_app.timing import Clock


def create_app(config: Config | None = None) -> Flask:
    """Make the listening test as a WSGI application.

    Parameters
    ----------
    config : Config, optional
        Without it the settings come from ``AUTOFX_*`` environment variables, as in production:
        ``gunicorn 'webmushra_app:create_app()'``.

    Raises
    ------
    ConfigError, DatabaseError, StudyError, ManifestError, ListeningTestError
        In one line, if a setting, the database or the stimulus set cannot be used.
    """
    config = config or production_config()
    database = Database(config.database_url)
    try:
        database.prepare()
        if config.study:
            import_study(database, config.study)
        study = open_study(database, config.study and read_study_name(config.study))
    finally:
        database.engine.dispose()  # no connection may cross the fork into a worker

    app = Flask(__name__)
    app.secret_key = config.secret_key
    services.register(app, services.Services(config, database, study, Clock(database, study)))
    http.register(app)
    app.register_blueprint(participant.blueprint)
    app.register_blueprint(trial.blueprint)
    return app
