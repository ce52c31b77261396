"""Render a study into a stimulus set: a folder with its sounds, manifest, study and preview.

Equal studies, inputs and versions give equal files, whatever the number of workers; only
``created`` and ``generator.command`` of the manifest tell when and how (set SOURCE_DATE_EPOCH to
fix the time). Between processors of different kinds the last bit of a sound can differ.

An interrupted rendering leaves finished items in ``.unfinished``; the same command goes on there.
"""

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import util
from pathlib import Path

from tqdm import tqdm

from autofx_core.audio import load_sound, resample, to_mono
from autofx_core.networks.checkpoints import SHIPPED, WEIGHTS_NAME, shipped
from autofx_core.parallel import REPRODUCED_BY, list_versions, run_all
from autofx_core.sources.clean import SOUND_SUFFIXES
from stimuli_gen.conditions import load_function, require_known
from stimuli_gen.item import AUDIO_FOLDER, RenderedItem, render_item
from stimuli_gen.item_sounds import ItemTask
from stimuli_gen.manifest import (
    MANIFEST_NAME,
    Condition,
    Generator,
    Item,
    Manifest,
    file_sha256,
    read_manifest,
)
from stimuli_gen.plan import PlannedItem, plan_items
from stimuli_gen.preview import write_preview
from stimuli_gen.study import STUDY_NAME, Study, StudyError, find_study, read_study

UNFINISHED = ".unfinished"
MADE_BY = (*REPRODUCED_BY, "pyloudnorm")
"""Packages on whose versions a set's bytes may depend."""
ITEMS_PER_WORKER = 6
"""A process takes about as long to start as so many items take to render."""


@dataclass(frozen=True)
class Job:
    """A study, its items, and the fingerprint of all that its files follow from."""

    path: Path
    study: Study
    items: list[PlannedItem]
    inputs: dict[str, str]
    versions: dict[str, str]
    measure: bool

    @property
    def folder(self) -> Path:
        """What the study's paths are relative to."""
        return self.path.parent.resolve()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the set's files follow from."""
        content = [self.inputs, self.versions, self.measure, self.study.model_dump(mode="json")]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def open_job(name: str, *, measure: bool = True, elsewhere: bool = True) -> Job:
    """Read a study by its file's or preset's name and draw its items.

    Parameters
    ----------
    measure
        Whether distances to the references are wanted.
    elsewhere
        Whether conditions that are rendered elsewhere are wanted; their files must be there.

    Raises
    ------
    StudyError, AudioError
        If the study is wrong or its sounds are missing.
    """
    path = find_study(name)
    study = read_study(path)
    if not elsewhere:
        here = [spec for spec in study.conditions if spec.folder is None]
        study = study.model_copy(update={"conditions": here})
    require_known(study)
    items = plan_items(study, path.parent)
    inputs = {STUDY_NAME: file_sha256(path)}
    for network in shipped():
        inputs[f"{network}/{WEIGHTS_NAME}"] = file_sha256(SHIPPED / network / WEIGHTS_NAME)
    for module in list_modules(study, path.parent.resolve()):
        inputs[module.name] = file_sha256(module)
    for spec in study.conditions:
        if spec.folder is not None:
            for item in items:
                sound = find_elsewhere(path.parent, spec.folder, item.id)
                inputs[f"{spec.id}/{sound.name}"] = file_sha256(sound)
    versions = {"python": platform.python_version(), **list_versions(MADE_BY)}
    return Job(path, study, items, inputs, versions, measure)


def list_modules(study: Study, folder: Path) -> list[Path]:
    """List the files of the users' own functions, which are imported to see that they are there."""
    modules = []
    for spec in study.conditions:
        if spec.function is not None:
            load_function(spec.function, folder)
            found = util.find_spec(spec.function.partition(":")[0])
            modules.append(Path(found.origin))
    return modules


def find_elsewhere(folder: Path, place: str, item: str) -> Path:
    """Find the sound that was rendered elsewhere for an item.

    Raises
    ------
    StudyError
        If it is missing.
    """
    for suffix in sorted(SOUND_SUFFIXES):
        path = folder / place / f"{item}{suffix}"
        if path.is_file():
            return path
    raise StudyError(
        f"{folder / place / item}.wav: no such file; "
        "'python -m stimuli_gen inputs' writes the sounds that it is to be made from"
    )


def make_tasks(job: Job, items: list[PlannedItem]) -> Iterator[ItemTask]:
    """Read the sounds of items, one after the other.

    Raises
    ------
    AudioError
        If one is missing or cannot be used.
    """
    rate = job.study.sample_rate_hz
    for planned in items:
        recording = planned.recording and planned.recording.processed
        elsewhere = {}
        for spec in job.study.conditions:
            if spec.folder is not None:
                path = find_elsewhere(job.folder, spec.folder, planned.id)
                wave, from_hz = load_sound(path)
                elsewhere[spec.id] = resample(to_mono(wave)[None], from_hz, rate)
        yield ItemTask(
            study=job.study,
            study_folder=job.folder,
            planned=planned,
            clean=planned.clean.read(rate),
            clean_sha256=file_sha256(planned.clean.path),
            recording=recording.read(rate) if recording else None,
            recording_sha256=file_sha256(recording.path) if recording else None,
            elsewhere=elsewhere,
            measure=job.measure,
        )


def render_set(
    job: Job, output: Path, *, command: str, workers: int = 1, cluster: str | None = None
) -> Manifest:
    """Render a stimulus set, or finish one that was interrupted; shows progress.

    Raises
    ------
    StudyError, AudioError, ClusterError, ManifestError, OSError
        If an input is missing or wrong, or the output folder holds something else.
    """
    done = _open_output(job, output)
    left = [item for item in job.items if item.id not in done]
    rendered = run_all(
        render_item,
        make_tasks(job, left),
        workers=min(workers, max(1, len(left) // ITEMS_PER_WORKER)),
        cluster=cluster,
        modules=[path for path in list_modules(job.study, job.folder) if path.parent == job.folder],
        packages=MADE_BY,
    )
    with tqdm(total=len(job.items), initial=len(done), unit="item") as progress:
        for result in rendered:
            _keep(job, output, result)
            done[result.item.id] = result.item
            progress.update()
    manifest = _describe(job, [done[item.id] for item in job.items], command)
    _finish(job, output, manifest)
    return manifest


def is_finished(job: Job, output: Path) -> bool:
    """Tell whether the folder already holds this very set.

    Raises
    ------
    ManifestError
        If its manifest is damaged.
    StudyError
        If it holds another set.
    """
    if not (output / MANIFEST_NAME).exists():
        return False
    made = read_manifest(output).generator
    if (made.inputs, made.versions) != (job.inputs, job.versions):
        raise StudyError(f"{output}: holds another stimulus set; choose an empty folder")
    return True


def _open_output(job: Job, output: Path) -> dict[str, Item]:
    """Make the folder, or read the items that an interrupted rendering has finished."""
    unfinished = output / UNFINISHED
    if output.exists() and not unfinished.is_dir() and any(output.iterdir()):
        raise StudyError(f"{output}: is not empty; choose an empty folder")
    unfinished.mkdir(parents=True, exist_ok=True)
    (output / AUDIO_FOLDER).mkdir(exist_ok=True)
    done = {}
    for path in unfinished.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["fingerprint"] == job.fingerprint:
            item = Item.model_validate(kept["item"])
            done[item.id] = item
    return done


def _keep(job: Job, output: Path, result: RenderedItem) -> None:
    for name, content in result.files.items():
        (output / name).write_bytes(content)
    kept = {"fingerprint": job.fingerprint, "item": result.item.model_dump(mode="json")}
    path = output / UNFINISHED / f"{result.item.id}.json"
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(kept), encoding="utf-8")
    partial.replace(path)


def _describe(job: Job, items: list[Item], command: str) -> Manifest:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    created = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return Manifest(
        name=job.study.name,
        title=job.study.title,
        seed=job.study.seed,
        created=created.replace(microsecond=0),
        generator=Generator(versions=job.versions, command=command, inputs=job.inputs),
        sample_rate=job.study.sample_rate_hz,
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
            os.utime(path, (moment, moment))  # the order of rendering is nobody's business
    shutil.copyfile(job.path, output / STUDY_NAME)
    write_preview(output, manifest)
    partial = output / f"{MANIFEST_NAME}.part"
    partial.write_text(manifest.to_json(), encoding="utf-8")
    partial.replace(output / MANIFEST_NAME)
    shutil.rmtree(output / UNFINISHED)
