"""Synthetic pairs: clean notes played through pedals with random settings.

As in AutoFX, a processed sound is one clean note, peak-normalised, cut or padded to 35,000 samples
at 22.05 kHz (1.587 s), through one pedal with every parameter uniform in its range,
peak-normalised again. What is stored is what networks learn from: features, the settings of the
generic effects, normalised, and the class that is heard. A *pedal* is a generic effect (`effects`)
or another one (`effects.pedals`); the regressors learn from the former, the recogniser from both.

A setting that changes nothing that can be heard (a mix near 0) is heard as dry: the class is that
of the pedal only if the log-mel distance to the clean sound is at least 0.5 dB.

Four parts, by the *source recording* of the clean note (see `sources`), so that no recording, nor
a transposition of it, is in two parts:

=================  ==========================================================================
`train`            to learn from
`validation`       for early stopping
`unseen_recording`      other recordings of the training programs
`unseen_instrument`   programs that no other part has
=================  ==========================================================================

The training part hears half of its notes in other variants (see `augmentation`), the others all as
they were recorded. Variants alone, or hardly any, are worse for notes of guitars that training
knows and, by up to a tenth, for those of a guitar that it does not; between an eighth and a half
as recorded there is little difference.

The set is made in shards (see `shards`); the sounds, if wanted, are kept as 16-bit numbers, for
networks that hear the sound itself. `dataset_parts` reads it.
"""

import zlib
from collections.abc import Sequence
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.datasets.augmentation import vary_note
from autofx_core.datasets.shards import DatasetError, Shard, Task, begin_set, make_shards
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, N_PARAMETERS, SLICES, denormalize, render
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.features.batch import CLEAN_PREFIX, FeatureBatch
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distances
from autofx_core.parallel import one_thread
from autofx_core.sources.clean import CleanSound, load

TEST_PARTS = ("unseen_recording", "unseen_instrument")
PARTS = ("train", "validation", *TEST_PARTS)
HELD_OUT_SHARE = 8  # each other part has this many times fewer sounds than the training part
HELD_OUT_MOST = 2_500  # sounds of a pedal in each other part
SHARD_SOUNDS = 120
CHUNK = 4  # sounds described at once: few enough for the processor's cache
VARIANTS = 8  # of each clean training note, the recording itself among them
AS_RECORDED = 0.5  # share of the training sounds whose note is the recording itself
CLEAN_KEPT = 4096  # waves by each process: 0.6 GB, more than all variants of 500 notes
FULL_SCALE = 32_767  # of the stored waves

PEDALS = (*EFFECTS, *PEDAL_MODELS)
"""Every pedal, the generic effects first."""

TRUTHS = ("settings", "family", "heard")
HEARD = ("features", "regression", "timbre", "clean_timbre", "relation")
"""Columns that a data set can hold for networks to hear; see `hearing`."""

TASKS = {"settings": tuple(EFFECTS), "recognition": PEDALS}
"""Which pedals a data set has, by what it is for."""


def part_notes(notes: Sequence[CleanSound]) -> dict[str, list[CleanSound]]:
    """Sort notes into the four parts by their split and by whether training saw their program."""
    trained = {note.instrument for note in notes if note.split == "train"}
    parts: dict[str, list[CleanSound]] = {part: [] for part in PARTS}
    for note in notes:
        if note.split == "test":
            part = "unseen_recording" if note.instrument in trained else "unseen_instrument"
        else:
            part = note.split or "train"
        parts[part].append(note)
    return parts


def all_parts(notes: Sequence[CleanSound]) -> dict[str, list[CleanSound]]:
    """Sort notes as `part_notes` does.

    Raises
    ------
    DatasetError
        If a part has none.
    """
    parts = part_notes(notes)
    for part, of_part in parts.items():
        if not of_part:
            raise DatasetError(f"no clean note for the part {part!r}; are the notes split?")
    return parts


def plan_shards(task: str, per_pedal: int, seed: int) -> list[Shard]:
    """List the shards of a data set with `per_pedal` training sounds of each pedal."""
    shards = []
    for part in PARTS:
        held_out = min(-(-per_pedal // HELD_OUT_SHARE), HELD_OUT_MOST)
        total = per_pedal if part == "train" else held_out
        for pedal in TASKS[task]:
            starts = range(0, total, SHARD_SOUNDS)
            shards += [
                Shard(part, pedal, i, min(SHARD_SOUNDS, total - start), seed)
                for i, start in enumerate(starts)
            ]
    return shards


@cache
def _recorded(note: CleanSound) -> np.ndarray:
    return note.read(ANALYSIS_RATE_HZ)


@lru_cache(maxsize=CLEAN_KEPT)
def _clean_wave(note: CleanSound, variant: int = 0) -> np.ndarray:
    """Prepare a clean note, as recorded (variant 0) or as another guitar would play it."""
    wave = _recorded(note)
    if variant:
        rng = np.random.default_rng([variant, zlib.crc32(note.id.encode())])
        wave = vary_note(wave, ANALYSIS_RATE_HZ, rng)
    return fit_length(normalize_peak(wave))


@lru_cache(maxsize=CLEAN_KEPT * sum(name.startswith(CLEAN_PREFIX) for name in HEARD))
def _clean_column(note: CleanSound, variant: int, name: str) -> np.ndarray:
    """Describe a clean note, once for all pedals that it is played through."""
    wave = torch.from_numpy(_clean_wave(note, variant))
    return FeatureBatch(wave, wave)[name].numpy()


def play_pedal(
    pedal: str, clean: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Play a clean wave through a pedal with random settings.

    Returns
    -------
    wet : ndarray, shape (1, samples), float32, of any level
    settings : ndarray, shape (15,), float32, normalised; zeros for foreign parameters
    """
    settings = np.zeros(N_PARAMETERS, dtype=np.float32)
    if pedal in PEDAL_MODELS:
        design = PEDAL_MODELS[pedal]
        return design.render(clean, ANALYSIS_RATE_HZ, design.draw(rng)), settings
    vector = rng.uniform(size=len(EFFECTS[pedal].parameters))
    settings[SLICES[pedal]] = vector
    return render(pedal, clean, ANALYSIS_RATE_HZ, denormalize(pedal, vector)), settings


def _draw_notes(shard: Shard, n_notes: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Seed a shard's chance, and draw from it which notes and variants its sounds are made of."""
    rng = np.random.default_rng(
        [shard.seed, PARTS.index(shard.part), PEDALS.index(shard.pedal), shard.index]
    )
    chosen = rng.integers(n_notes, size=shard.sounds)
    varied = (rng.uniform(size=shard.sounds) >= AS_RECORDED) & (shard.part == "train")
    variants = rng.integers(1, VARIANTS, size=shard.sounds) * varied
    return rng, chosen, variants


def render_shard(shard: Shard, notes: Sequence[CleanSound]) -> dict[str, np.ndarray]:
    """Render a shard's sounds.

    Returns
    -------
    dict of ndarray
        `clean` and `wet` (sounds, 35000), peak 1, and `settings` (sounds, 15; zeros for foreign
        parameters), all float32; `note` (sounds,), str; `variant` (sounds,), int.
    """
    rng, rows, variants = _draw_notes(shard, len(notes))
    chosen = [notes[row] for row in rows]
    clean = np.concatenate(
        [_clean_wave(note, int(variant)) for note, variant in zip(chosen, variants, strict=True)]
    )
    wet = np.empty_like(clean)
    settings = np.empty((shard.sounds, N_PARAMETERS), dtype=np.float32)
    for row in range(shard.sounds):
        processed, settings[row] = play_pedal(shard.pedal, clean[row : row + 1], rng)
        wet[row] = normalize_peak(processed)[0]
    note_ids = np.array([note.id for note in chosen])
    return {
        "clean": clean,
        "wet": wet,
        "settings": settings,
        "note": note_ids,
        "variant": variants,
    }


def make_shard(
    shard: Shard, notes: Sequence[CleanSound], heard: Sequence[str]
) -> dict[str, np.ndarray]:
    """Render a shard's sounds and describe them.

    Parameters
    ----------
    heard
        Which of `HEARD` to compute.

    Returns
    -------
    dict of ndarray
        The columns named by `heard` (sounds, width) and `settings` (sounds, 15; zeros for foreign
        parameters), all float32; `family`, the pedal's class, and `heard`, that class or dry,
        index into `CLASSES`, both (sounds,), int64; `note` (sounds,), str; `wave`
        (sounds, 35000), int16.
    """
    rendered = render_shard(shard, notes)
    generic = EFFECTS.get(shard.pedal)
    family = generic.key if generic else PEDAL_MODELS[shard.pedal].effect_class
    of_clean = [name for name in heard if name.startswith(CLEAN_PREFIX)]
    columns: dict[str, list[np.ndarray]] = {name: [] for name in heard}
    distances = []
    for start in range(0, shard.sounds, CHUNK):
        rows = slice(start, start + CHUNK)
        wet, dry = (torch.from_numpy(rendered[name][rows]) for name in ("wet", "clean"))
        distances.append(log_mel_distances(dry, wet))
        chunk = FeatureBatch(wet, dry)
        for name in columns.keys() - of_clean:
            columns[name].append(chunk[name].numpy())
    by_id = {note.id: note for note in notes}
    sounds = list(zip(rendered["note"], rendered["variant"].tolist(), strict=True))
    for name in of_clean:
        columns[name] = [_clean_column(by_id[note], variant, name) for note, variant in sounds]
    audible = torch.cat(distances).numpy() >= AUDIBLE_DB
    return {
        **{name: np.concatenate(chunks) for name, chunks in columns.items()},
        "settings": rendered["settings"],
        "family": np.full(shard.sounds, CLASSES.index(family)),
        "heard": np.where(audible, CLASSES.index(family), CLASSES.index("dry")),
        "note": rendered["note"],
        "wave": np.round(rendered["wet"] * FULL_SCALE).astype(np.int16),
    }


def _carry_notes(task: Task) -> Task:
    """Load the notes that a shard draws, for a machine that lacks their files."""
    shard, notes = task
    drawn = set(_draw_notes(shard, len(notes))[1].tolist())
    loaded = [
        load(note, ANALYSIS_RATE_HZ) if row in drawn else note for row, note in enumerate(notes)
    ]
    return shard, loaded


def _make(task: Task, *, heard: Sequence[str], waves: bool) -> tuple[Shard, dict[str, np.ndarray]]:
    with one_thread():
        columns = make_shard(*task, heard)
    if not waves:
        del columns["wave"]
    return task[0], columns


def make_dataset(
    notes: Sequence[CleanSound],
    folder: Path,
    *,
    per_pedal: int,
    seed: int,
    task: str = "settings",
    heard: Sequence[str] = HEARD[:2],
    waves: bool = False,
    workers: int = 1,
    cluster: str | None = None,
) -> None:
    """Make a data set in a folder, or finish one that was interrupted; shows progress.

    Parameters
    ----------
    per_pedal
        Number of training sounds of each pedal; each other part has an eighth of it, 2,500 at
        most.
    task
        A key of `TASKS`.
    heard
        Which of `HEARD` to compute.
    waves
        Whether to keep the sounds, 70 kB each, for the networks that hear the sound itself.
    workers
        Processes on this machine.
    cluster
        Address of a Dask scheduler whose workers to use instead; they need none of the files.

    Raises
    ------
    DatasetError
        If a part has no notes, or the folder holds a data set of another plan.
    ClusterError
        If the cluster cannot be used.
    """
    parts = all_parts(notes)
    plan = {
        "task": task,
        "per_pedal": per_pedal,
        "seed": seed,
        "variants": VARIANTS,
        "as_recorded": AS_RECORDED,
        "heard": list(heard),
        "waves": waves,
        "notes": {part: sorted(note.id for note in of_part) for part, of_part in parts.items()},
        "sources": {
            part: sorted({n.recording for n in of_part}) for part, of_part in parts.items()
        },
    }
    begin_set(folder, plan)

    def give_notes(shard: Shard) -> Task:
        given = shard, parts[shard.part]
        return _carry_notes(given) if cluster else given

    make_shards(
        folder,
        plan_shards(task, per_pedal, seed),
        partial(_make, heard=tuple(heard), waves=waves),
        give_notes,
        workers=workers,
        cluster=cluster,
    )
