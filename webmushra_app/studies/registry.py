"""Which study a request is about: that of its session, or else the one opened last.

Studies stay in memory, each with its estimate of a session's duration. What experimenters changed
is read again within a second by every worker, and at once by the one that changed it
(`Studies.reload`).
"""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import select

from webmushra_app.database import models, queries
from webmushra_app.database.connection import Database
from webmushra_app.studies.duration import DurationEstimator
from webmushra_app.studies.study import OpenStudy, OpenStudyError, load_study

READ_EVERY_S = 1.0
NO_STUDY = (
    "{database}: holds no study yet; give a stimulus set with --study SET/ (or AUTOFX_STUDY), made "
    "by 'python -m stimuli_gen render demo -o SET/'"
)


@dataclass(frozen=True)
class Loaded:
    """A study in memory, as it was at its last import."""

    imported_at: str
    study: OpenStudy
    duration: DurationEstimator


class Studies:
    """The studies that this server offers.

    Raises
    ------
    OpenStudyError
        If the database holds none.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._loaded: dict[int, Loaded] = {}
        self._current: int | None = None
        self._read_at_s: float | None = None
        self.current()

    def reload(self) -> None:
        """Read the studies again at the next request."""
        self._read_at_s = None

    def current(self) -> Loaded:
        """Get the study that was opened last."""
        self._refresh()
        if self._current is None:
            raise OpenStudyError(NO_STUDY.format(database=self._database))
        return self._loaded[self._current]

    def of_session(self, token: str) -> Loaded:
        """Get the study of a session; the current one if there is no such session."""
        current = self.current()
        if len(self._loaded) == 1:
            return current
        with self._database.connect() as db:
            study_id = db.scalar(queries.STUDY_OF_SESSION, {"token": token})
        return current if study_id is None else self._loaded.get(study_id, current)

    def _refresh(self) -> None:
        with self._lock:
            now_s = time.monotonic()
            if self._read_at_s is not None and now_s - self._read_at_s < READ_EVERY_S:
                return
            self._loaded, self._current = self._read()
            self._read_at_s = now_s

    def _read(self) -> tuple[dict[int, Loaded], int | None]:
        offered = (
            select(models.Study.id, models.Study.imported_at)
            .where(models.Study.folder != "", models.Study.opened_at.is_not(None))
            .order_by(models.Study.opened_at.desc(), models.Study.id.desc())
        )
        loaded = {}
        with self._database.reading() as db:
            for study_id, imported_at in db.execute(offered):
                known = self._loaded.get(study_id)
                if known is None or known.imported_at != imported_at:
                    study = load_study(db, study_id)
                    known = Loaded(imported_at, study, DurationEstimator(self._database, study))
                loaded[study_id] = known
        return loaded, next(iter(loaded), None)
