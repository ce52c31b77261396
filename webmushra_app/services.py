"""What the routes work with: the database, the open study, its clock and the settings."""

from dataclasses import dataclass

from flask import Flask, current_app

from webmushra_app.config import Config
from webmushra_app.db import Database
from webmushra_app.study import Study
from webmushra_app.timing import Clock

EXTENSION = "webmushra"


@dataclass(frozen=True)
class Services:
    """Made once for each worker."""

    config: Config
    database: Database
    study: Study
    clock: Clock


def register(app: Flask, provided: Services) -> None:
    """Give the app what its routes work with."""
    app.extensions[EXTENSION] = provided


def services() -> Services:
    """Get what the current app works with."""
    return current_app.extensions[EXTENSION]
