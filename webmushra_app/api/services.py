"""What the routes work with: the settings, the database, the request's study and its clock."""

from dataclasses import dataclass

from flask import Flask, current_app, g, request

from webmushra_app.config import Config
from webmushra_app.database.connection import Database
from webmushra_app.studies.duration import Clock
from webmushra_app.studies.importer import Study
from webmushra_app.studies.registry import Loaded, Studies

EXTENSION = "webmushra"
LISTENERS = ("participant", "trial")
"""The blueprints whose requests are about a study that is being heard."""


@dataclass(frozen=True)
class Services:
    """Made once for each worker."""

    config: Config
    database: Database
    studies: Studies

    @property
    def study(self) -> Study:
        """The study that the current request is about."""
        return self._loaded().study

    @property
    def clock(self) -> Clock:
        """The clock of that study."""
        return self._loaded().clock

    def _loaded(self) -> Loaded:
        if "loaded_study" not in g:
            token = (request.view_args or {}).get("token")
            g.loaded_study = self.studies.of_sitting(token) if token else self.studies.current()
        return g.loaded_study

    def choose_study(self) -> None:
        """Find the request's study before a transaction begins, so that it waits for nobody."""
        if request.blueprint in LISTENERS:
            self._loaded()


def register(app: Flask, provided: Services) -> None:
    """Give the app what its routes work with."""
    app.extensions[EXTENSION] = provided
    app.before_request(provided.choose_study)


def services() -> Services:
    """Get what the current app works with."""
    return current_app.extensions[EXTENSION]
