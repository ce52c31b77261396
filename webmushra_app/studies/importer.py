"""Opens a stimulus set for listening: checks its files and brings it into the database."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession
from sqlalchemy.orm import selectinload

from stimuli_gen.manifest import (
    MANIFEST_NAME,
    Manifest,
    read_manifest,
    verify_files,
)
from webmushra_app.database import models
from webmushra_app.database.connection import Database
from webmushra_app.studies.settings import ListeningTest, read_listening_test


class StudyError(RuntimeError):
    """A study that cannot be opened; one line naming what is wrong and the mend."""


NO_STUDY = (
    "{database}: holds no study yet; give a stimulus set with --study SET/ (or AUTOFX_STUDY), made "
    "by 'python -m stimuli_gen render demo -o SET/'"
)


@dataclass(frozen=True)
class Study:
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
        """List the items that listeners practise on, in the manifest's order."""
        return [item for item in self.items if item.training]

    @property
    def n_trials(self) -> int:
        """Count the trials of one sitting, training left out."""
        wanted = self.settings.items_per_listener or len(self.trial_items)
        return min(wanted, len(self.trial_items))


def import_study(database: Database, folder: Path, *, open_new: bool = True) -> str:
    """Bring a stimulus set into the database, or bring its settings up to date.

    Parameters
    ----------
    database : Database
    folder : Path
        The stimulus set.
    open_new : bool
        Whether a study that wasn't there before is shown to listeners from now on.

    Returns
    -------
    str
        The study's name.

    Raises
    ------
    ManifestError, ListeningTestError
        If the set is incomplete, has changed bytes, or its settings are wrong.
    StudyError
        If the database holds sittings of another set of the same name.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder)
    settings = read_listening_test(folder)
    verify_files(folder, manifest)
    if all(item.training for item in manifest.items):
        raise StudyError(f"{folder / MANIFEST_NAME}: has no item that isn't training")
    digest = _content_digest(manifest)
    with database.writing() as db:
        study = db.scalar(select(models.Study).where(models.Study.name == manifest.name))
        opened_at = models.moment() if open_new else None
        if study and study.manifest_sha256 != digest:
            opened_at = opened_at or study.opened_at
            _drop_unused(db, study, folder)
            study = None
        if study is None:
            study = _new_study(manifest, folder, digest)
            study.opened_at = opened_at
            db.add(study)
        study.folder = str(folder)
        study.settings = settings.model_dump()
        study.imported_at = models.moment()
    return manifest.name


def open_study(database: Database, name: str) -> None:
    """Show a study to the listeners who come from now on.

    Raises
    ------
    StudyError
        If there is none of this name.
    """
    with database.writing() as db:
        study = db.scalar(select(models.Study).where(models.Study.name == name))
        if study is None:
            raise StudyError(f"{database}: holds no study {name!r}; import its stimulus set first")
        study.opened_at = models.moment()
        study.closed_at = None


def load_study(db: DbSession, study_id: int) -> Study:
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
    return Study(
        id=study.id,
        name=study.name,
        title=study.title,
        folder=Path(study.folder),
        settings=ListeningTest.model_validate(study.settings),
        items=tuple(study.items),
    )


def _content_digest(manifest: Manifest) -> str:
    """Hash what listeners hear: two renderings of one study with the same sounds are the same."""
    described = manifest.model_dump_json(include={"name", "conditions", "items"})
    return hashlib.sha256(described.encode()).hexdigest()


def _drop_unused(db: DbSession, study: models.Study, folder: Path) -> None:
    sittings = db.scalar(
        select(func.count()).select_from(models.Session).where(models.Session.study_id == study.id)
    )
    if sittings:
        raise StudyError(
            f"{folder / MANIFEST_NAME}: the database already holds {sittings} sittings of another "
            f"set named {study.name!r}; rename the study or choose another database (--database)"
        )
    db.delete(study)
    db.flush()


def _new_study(manifest: Manifest, folder: Path, digest: str) -> models.Study:
    conditions = {
        condition.id: models.Condition(
            name=condition.id, label=condition.label, kind=condition.kind
        )
        for condition in manifest.conditions
    }
    items = [
        models.Item(
            name=item.id,
            family=item.family,
            domain=item.domain,
            training=item.training,
            reference_file=item.reference.file,
            reference_bytes=(folder / item.reference.file).stat().st_size,
            duration_s=max(stimulus.duration_s for stimulus in item.stimuli),
            stimuli=[
                models.Stimulus(
                    condition=conditions[stimulus.condition],
                    file=stimulus.file,
                    bytes=(folder / stimulus.file).stat().st_size,
                )
                for stimulus in item.stimuli
            ],
        )
        for item in manifest.items
    ]
    return models.Study(
        name=manifest.name,
        title=manifest.title,
        manifest_sha256=digest,
        conditions=list(conditions.values()),
        items=items,
    )
