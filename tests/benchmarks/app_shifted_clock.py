"""The listening test with a clock that is off by as many seconds as a file says.

``SHIFT_FILE`` names it. All moments that are stored come from `webmushra_app.timestamps`.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask

import webmushra_app
from webmushra_app import timestamps


class ShiftedClock(datetime):
    """A clock that is off by what the file says."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(
            seconds=float(Path(os.environ["SHIFT_FILE"]).read_text())
        )


def create_app() -> Flask:
    """Make the app with the shifted clock."""
    timestamps.datetime = ShiftedClock  # type: ignore[misc]  # the name that the module looks up
    return webmushra_app.create_app()
