"""Opens a stimulus set for listening: checks its files and brings it into the database."""

import hashlib
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.listening_test import read_listening_test
from stimuli_gen.manifest import (
    MANIFEST_NAME,
    Manifest,
    read_manifest,
    verify_files,
)
from webmushra_app import timestamps
from webmushra_app.database import models
from webmushra_app.database.connection import Database
from webmushra_app.studies.study import OpenStudyError, moment_of_opening


def import_study(database: Database, folder: Path, *, open_new: bool = True) -> str:
    """Bring a stimulus set into the database, or bring its settings up to date.

    Parameters
    ----------
    database : Database
    folder : Path
        The stimulus set.
    open_new : bool
        Whether a study that wasn't there before is shown to participants from now on.

    Returns
    -------
    str
        The study's name.

    Raises
    ------
    ManifestError, ListeningTestError
        If the set is incomplete, has changed bytes, or its settings are wrong.
    OpenStudyError
        If a sound is a link that leaves the set, or the database holds sessions of another set of
        the same name.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder)
    settings = read_listening_test(folder)
    _refuse_links_out(folder, manifest)
    verify_files(folder, manifest)
    if all(item.training for item in manifest.items):
        raise OpenStudyError(f"{folder / MANIFEST_NAME}: has no item that isn't training")
    with database.writing() as db:
        study = _find_or_add(db, manifest, folder, open_new=open_new)
        study.folder = str(folder)
        study.settings = settings.model_dump()
        study.imported_at = timestamps.moment()
    return manifest.name


def _refuse_links_out(folder: Path, manifest: Manifest) -> None:
    """Refuse a set whose sounds are links to files outside of it, which would be played."""
    files = [item.reference.file for item in manifest.items]
    files += [stimulus.file for item in manifest.items for stimulus in item.stimuli]
    for file in files:
        if not (folder / file).resolve().is_relative_to(folder):
            raise OpenStudyError(
                f"{folder / file}: is a link that leaves the stimulus set; copy the file into it"
            )


def _find_or_add(
    db: DbSession, manifest: Manifest, folder: Path, *, open_new: bool
) -> models.Study:
    """Find the study of these sounds, or add it in place of one of its name without sessions."""
    digest = _content_digest(manifest)
    opened_at = moment_of_opening(db) if open_new else None
    known = db.scalar(select(models.Study).where(models.Study.name == manifest.name))
    if known and known.manifest_sha256 == digest:
        return known
    if known:
        opened_at = opened_at or known.opened_at
        _drop_unused(db, known, folder)
    study = _new_study(manifest, folder, digest)
    study.opened_at = opened_at
    db.add(study)
    return study


def _content_digest(manifest: Manifest) -> str:
    """Hash the sounds and their names: equal for two renderings of one study."""
    described = manifest.model_dump_json(include={"name", "conditions", "items"})
    return hashlib.sha256(described.encode()).hexdigest()


def _drop_unused(db: DbSession, study: models.Study, folder: Path) -> None:
    sessions = db.scalar(
        select(func.count()).select_from(models.Session).where(models.Session.study_id == study.id)
    )
    if sessions:
        raise OpenStudyError(
            f"{folder / MANIFEST_NAME}: the database already holds {sessions} sessions of another "
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
