"""Which study a request is about: that of its sitting, or else the one open at the server's door.

Studies stay in memory, each with its clock; what experimenters changed is noticed within a second
by every worker, and at once by the one that changed it (`Studies.look_again`).
"""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import select

from webmushra_app.database import models
from webmushra_app.database import queries as statements
from webmushra_app.database.connection import Database
from webmushra_app.studies.duration import Clock
from webmushra_app.studies.importer import NO_STUDY, Study, StudyError, load_study

LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Loaded:
    """A study in memory, as it was at its last import."""

    imported_at: str
    study: Study
    clock: Clock


class Studies:
    """The studies that this server can play.

    Raises
    ------
    StudyError
        If the database holds none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._loaded: dict[int, Loaded] = {}
        self._current: int | None = None
        self._looked_at_s: float | None = None
        self.current()

    def look_again(self) -> None:
        """Notice at the next request what was changed just now."""
        self._looked_at_s = None

    def current(self) -> Loaded:
        """Get the study that was opened last."""
        self._look()
        if self._current is None:
            raise StudyError(NO_STUDY.format(database=self._database))
        return self._loaded[self._current]

    def of_sitting(self, token: str) -> Loaded:
        """Get the study of a sitting; the current one if there is no such sitting."""
        current = self.current()
        if len(self._loaded) == 1:
            return current
        with self._database.connect() as db:
            study_id = db.scalar(statements.STUDY_OF_SESSION, {"token": token})
        return self._loaded.get(study_id, current)

    def _look(self) -> None:
        with self._lock:
            now_s = time.monotonic()
            if self._looked_at_s is not None and now_s - self._looked_at_s < LOOK_EVERY_S:
                return
            self._loaded, self._current = self._read()
            self._looked_at_s = now_s

    def _read(self) -> tuple[dict[int, Loaded], int | None]:
        playable = (
            select(models.Study.id, models.Study.imported_at)
            .where(models.Study.folder != "", models.Study.opened_at.is_not(None))
            .order_by(models.Study.opened_at.desc(), models.Study.id.desc())
        )
        loaded = {}
        with self._database.reading() as db:
            for study_id, imported_at in db.execute(playable):
                known = self._loaded.get(study_id)
                if known is None or known.imported_at != imported_at:
                    study = load_study(db, study_id)
                    known = Loaded(imported_at, study, Clock(self._database, study))
                loaded[study_id] = known
        return loaded, next(iter(loaded), None)
