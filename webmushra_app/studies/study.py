"""A study in memory, as participants' requests read it: settings, items, stimuli, conditions."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.orm import selectinload

from stimuli_gen.listening_test import ListeningTest
from webmushra_app import timestamps
from webmushra_app.database import models
from webmushra_app.database.connection import Database


class OpenStudyError(RuntimeError):
    """A study that cannot be opened; one line naming what is wrong and how to fix it."""


@dataclass(frozen=True)
class OpenStudy:
    """A study in memory; it doesn't change until its stimulus set is imported again."""

    id: int
    name: str
    title: str
    folder: Path
    settings: ListeningTest
    items: tuple[models.Item, ...]

    @property
    def trial_items(self) -> list[models.Item]:
        """List the items that count."""
        return [item for item in self.items if not item.training]

    @property
    def training_items(self) -> list[models.Item]:
        """List the items that participants practise on, in the manifest's order."""
        return [item for item in self.items if item.training]

    @property
    def n_trials(self) -> int:
        """Count the trials of one session, training left out."""
        wanted = self.settings.items_per_listener or len(self.trial_items)
        return min(wanted, len(self.trial_items))


def open_study(database: Database, name: str) -> None:
    """Show a study to the participants who come from now on.

    Raises
    ------
    OpenStudyError
        If there is none of this name.
    """
    with database.writing() as db:
        study = db.scalar(select(models.Study).where(models.Study.name == name))
        if study is None:
            raise OpenStudyError(
                f"{database}: holds no study {name!r}; import its stimulus set first"
            )
        study.opened_at = moment_of_opening(db)
        study.closed_at = None


def moment_of_opening(db: DbSession) -> str:
    """Return the present moment, or one after all openings where the clock was set back."""
    return timestamps.moment_after(db.scalar(select(func.max(models.Study.opened_at))))


def load_study(db: DbSession, study_id: int) -> OpenStudy:
    """Load a study with all its items."""
    study = db.scalars(
        select(models.Study)
        .where(models.Study.id == study_id)
        .options(
            selectinload(models.Study.items)
            .selectinload(models.Item.stimuli)
            .joinedload(models.Stimulus.condition)
        )
    ).one()
    return OpenStudy(
        id=study.id,
        name=study.name,
        title=study.title,
        folder=Path(study.folder),
        settings=ListeningTest.model_validate(study.settings),
        items=tuple(study.items),
    )
