"""Render a study into a stimulus set: a folder with its sounds, manifest, study and preview.

Equal studies, inputs and versions give equal sounds, whatever the number of workers. File names
and dither follow from a salt that is drawn for each set. A *reproducible* set has no salt and equal
files: only ``created`` and ``generator.command`` of the manifest differ (set SOURCE_DATE_EPOCH to
fix the time). Between processors of different kinds the last bit of a sound can differ.

An interrupted rendering leaves finished items in ``.unfinished``; the same command goes on there.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from autofx_core.parallel import run_all
from stimuli_gen.check import check_item
from stimuli_gen.item import AUDIO_FOLDER, RenderedItem, find_item_loudness, render_item
from stimuli_gen.item_sounds import ItemTask
from stimuli_gen.job import MADE_BY, Job, list_modules, make_tasks
from stimuli_gen.listening_test import STUDY_NAME
from stimuli_gen.manifest import (
    MANIFEST_NAME,
    Condition,
    Encoding,
    Generator,
    Item,
    Manifest,
    read_manifest,
)
from stimuli_gen.preview import write_preview
from stimuli_gen.study import StudySpecError, read_study_bytes

Result = TypeVar("Result")

UNFINISHED = ".unfinished"
SALT_NAME = "salt"
ITEMS_PER_WORKER = 6
"""A process takes about as long to start as so many items take to render."""


def render_set(
    job: Job,
    output: Path,
    *,
    command: str,
    workers: int = 1,
    cluster: str | None = None,
    reproducible: bool = False,
) -> Manifest:
    """Render a stimulus set, or finish one that was interrupted; shows progress.

    Parameters
    ----------
    job
        As `open_job` returns.
    output
        The set's folder: new, empty, or what an interrupted rendering left.
    command
        What was typed, for the manifest.
    workers
        Processes on this machine.
    cluster
        Address of a Dask scheduler to render on instead.
    reproducible
        Whether file names and dither follow from the seed alone, so that anybody who renders the
        same study gets the same bytes.

    Raises
    ------
    StudySpecError, AudioError, ClusterError, ManifestError, OSError
        If an input is missing or wrong, a file would fail its check, or the output folder holds
        something else.
    """
    done = _open_output(job, output)
    salt = "" if reproducible else _keep_salt(output)
    left = [item for item in job.items if item.id not in done]
    target_lufs = _find_set_loudness(job, workers, cluster) if left else None
    tasks = make_tasks(job, left, target_lufs=target_lufs, salt=salt)
    rendered = _run(job, render_checked, tasks, workers, cluster)
    with tqdm(total=len(job.items), initial=len(done), unit="item") as progress:
        for result in rendered:
            _keep(job, output, result)
            done[result.item.id] = result.item
            progress.update()
    manifest = _describe(job, [done[item.id] for item in job.items], command, salt)
    _finish(job, output, manifest)
    return manifest


def render_checked(task: ItemTask) -> RenderedItem:
    """Render an item, and measure its files as `check` will.

    Raises
    ------
    StudySpecError
        If its sounds cannot be made, or its files are not what the manifest would promise.
    """
    rendered = render_item(task)
    if problems := check_item(rendered.item, task.study, rendered.files.get):
        raise StudySpecError(f"{task.planned.id}: {problems[0]}")
    return rendered


def _find_set_loudness(job: Job, workers: int, cluster: str | None) -> float | None:
    """Find the loudness that every item can have, where the study wants one for the whole set."""
    if job.study.equally_loud == "item":
        return None
    found = _run(job, find_item_loudness, make_tasks(job, job.items), workers, cluster)
    return min(tqdm(found, total=len(job.items), unit="item", desc="loudness"))


def _run(
    job: Job,
    function: Callable[[ItemTask], Result],
    tasks: Iterator[ItemTask],
    workers: int,
    cluster: str | None,
) -> Iterator[Result]:
    return run_all(
        function,
        tasks,
        workers=min(workers, max(1, len(job.items) // ITEMS_PER_WORKER)),
        cluster=cluster,
        modules=[path for path in list_modules(job.study, job.folder) if path.parent == job.folder],
        packages=MADE_BY,
    )


def is_finished(job: Job, output: Path) -> bool:
    """Return whether the folder already holds this very set, whatever its salt.

    Raises
    ------
    ManifestError
        If its manifest is damaged.
    StudySpecError
        If it holds another set.
    """
    if not (output / MANIFEST_NAME).exists():
        return False
    made = read_manifest(output).generator
    if (made.inputs, made.versions) != (job.inputs, job.versions):
        raise StudySpecError(f"{output}: holds another stimulus set; choose an empty folder")
    return True


def _open_output(job: Job, output: Path) -> dict[str, Item]:
    """Make the folder, or read the items that an interrupted rendering has finished."""
    unfinished = output / UNFINISHED
    if output.exists() and not unfinished.is_dir() and any(output.iterdir()):
        raise StudySpecError(f"{output}: is not empty; choose an empty folder")
    unfinished.mkdir(parents=True, exist_ok=True)
    (output / AUDIO_FOLDER).mkdir(exist_ok=True)
    done = {}
    for path in unfinished.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["fingerprint"] == job.fingerprint:
            item = Item.model_validate(kept["item"])
            done[item.id] = item
    return done


def _keep_salt(output: Path) -> str:
    """Draw the set's salt, or read the one that an interrupted rendering drew."""
    path = output / UNFINISHED / SALT_NAME
    if not path.exists():
        path.write_text(secrets.token_hex(16), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _keep(job: Job, output: Path, result: RenderedItem) -> None:
    for name, content in result.files.items():
        (output / name).write_bytes(content)
    kept = {"fingerprint": job.fingerprint, "item": result.item.model_dump(mode="json")}
    path = output / UNFINISHED / f"{result.item.id}.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(kept), encoding="utf-8")
    partial.replace(path)


def _describe(job: Job, items: list[Item], command: str, salt: str) -> Manifest:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    created = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return Manifest(
        name=job.study.name,
        title=job.study.title,
        seed=job.study.seed,
        created=created.replace(microsecond=0),
        generator=Generator(
            versions=job.versions, command=command, inputs=job.inputs, salt=salt or None
        ),
        sample_rate=job.study.sample_rate_hz,
        encoding=Encoding(
            format=job.study.format, bit_depth=job.study.bit_depth, dither=job.study.dither
        ),
        conditions=[
            Condition(id=spec.id, label=spec.label or spec.id, kind=spec.resolved_kind)
            for spec in job.study.conditions
        ],
        items=items,
    )


def _finish(job: Job, output: Path, manifest: Manifest) -> None:
    moment = manifest.created.timestamp()
    wanted = set(manifest.files())
    for path in (output / AUDIO_FOLDER).iterdir():
        if path.relative_to(output).as_posix() not in wanted:
            path.unlink()  # left by an interrupted rendering of another study
        else:
            os.utime(path, (moment, moment))  # the order of rendering could reveal conditions
    (output / STUDY_NAME).write_bytes(read_study_bytes(job.path))
    write_preview(output, manifest)
    partial = output / f"{MANIFEST_NAME}.part"
    partial.write_text(manifest.to_json(), encoding="utf-8")
    partial.replace(output / MANIFEST_NAME)
    shutil.rmtree(output / UNFINISHED)
