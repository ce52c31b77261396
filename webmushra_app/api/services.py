"""What the routes work with: settings, database, the request's study and its duration."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask, current_app, g, request

from webmushra_app.config import Config
from webmushra_app.database import queries
from webmushra_app.database.connection import Database
from webmushra_app.database.deferred_writes import DeferredWrites, Row
from webmushra_app.studies.duration import DurationEstimator
from webmushra_app.studies.registry import Loaded, Studies
from webmushra_app.studies.study import OpenStudy

EXTENSION = "webmushra"
PARTICIPANTS = ("participant", "trial")
"""The blueprints whose requests are about a study that is being heard."""


@dataclass(frozen=True)
class Services:
    """Made once for each worker."""

    config: Config
    database: Database
    studies: Studies
    fetched: DeferredWrites
    """Notes of which sounds were sent, by presentation."""

    @property
    def study(self) -> OpenStudy:
        """The study that the current request is about."""
        return self._loaded().study

    @property
    def duration(self) -> DurationEstimator:
        """How long a session of that study takes."""
        return self._loaded().duration

    def _loaded(self) -> Loaded:
        if "loaded_study" not in g:
            token = (request.view_args or {}).get("token")
            g.loaded_study = self.studies.of_session(token) if token else self.studies.current()
        return g.loaded_study

    def choose_study(self) -> None:
        """Find the request's study before a transaction begins, so that it waits for nobody."""
        if request.blueprint in PARTICIPANTS:
            self._loaded()


def register(app: Flask, config: Config, database: Database, studies: Studies) -> None:
    """Give the app what its routes work with.

    Parameters
    ----------
    app : Flask
    config : Config
    database : Database
        Migrated.
    studies : Studies
        Of the database.
    """

    def note_fetched(rows: Sequence[Row]) -> None:
        database.store(lambda _: (None, [(queries.NOTE_FETCHED, rows)]), about="fetched sounds")

    provided = Services(config, database, studies, DeferredWrites(note_fetched))
    app.extensions[EXTENSION] = provided
    app.before_request(provided.choose_study)


def services() -> Services:
    """Get what the current app works with."""
    return current_app.extensions[EXTENSION]
