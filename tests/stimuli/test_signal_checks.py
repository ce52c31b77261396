"""What must not come before a listener is caught and named."""

import numpy as np
import pytest
from support.small_studies import TINY, render_text

from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance
from stimuli_gen.item_sounds import make_item_sounds
from stimuli_gen.job import make_tasks, open_job
from stimuli_gen.manifest import read_manifest
from stimuli_gen.signal_checks import (
    BLOCK_S,
    FaultError,
    find_decay_s,
    is_indistinguishable,
    null_test_db,
    refuse_broken,
    refuse_clipped,
)
from stimuli_gen.study import StudySpecError

TIME_S = np.arange(22_050) / 44_100
NOTE = (0.5 * np.sin(2 * np.pi * 220 * TIME_S) * np.exp(-3 * TIME_S)).astype(np.float32)[None]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda wave: wave * 0, "mine is silent"),
        (lambda wave: wave * 1e-4, "mine is silent"),
        (lambda wave: np.where(wave == wave.max(), np.nan, wave), "mine holds NaN"),
        (lambda wave: np.where(wave == wave.max(), np.inf, wave), "mine holds NaN or infinite"),
    ],
)
def test_broken_sounds_are_refused_by_name(spoil, complaint):
    refuse_broken(NOTE, "mine")
    with pytest.raises(FaultError, match=complaint):
        refuse_broken(spoil(NOTE), "mine")


def test_flattened_tops_are_clipping_and_a_single_peak_at_full_scale_is_not():
    refuse_clipped(NOTE / np.abs(NOTE).max(), "mine")
    with pytest.raises(FaultError, match="mine is clipped"):
        refuse_clipped(np.clip(3 * NOTE, -1, 1), "mine")


@pytest.mark.parametrize("rate_db_per_s", [19.0, 37.0, 83.0])
def test_decay_ends_where_an_exponential_has_lost_40_db(rate_db_per_s):
    time_s = np.arange(3 * 44_100) / 44_100
    wave = np.sin(2 * np.pi * 220 * time_s) * 10 ** (-rate_db_per_s * time_s / 20)
    assert find_decay_s(wave[None], 44_100) == pytest.approx(40 / rate_db_per_s, abs=BLOCK_S)
    assert find_decay_s(0 * wave[None], 44_100) == 0.0


def test_null_test_measures_the_difference_whatever_the_level():
    noise = np.random.default_rng(0).normal(size=NOTE.shape).astype(np.float32)
    noise *= np.sqrt(np.square(NOTE).sum() / np.square(noise).sum())
    assert null_test_db(NOTE, -2 * NOTE) < -60
    assert null_test_db(NOTE, NOTE + 0.1 * noise) == pytest.approx(-20, abs=0.5)
    assert null_test_db(NOTE, noise) == pytest.approx(0, abs=0.5)
    assert is_indistinguishable(NOTE, NOTE + 0.01 * noise)
    assert not is_indistinguishable(NOTE, NOTE + 0.1 * noise)


ESTIMATOR = """
import numpy as np
from stimuli_gen.signal_checks import null_test_db

def silent(request):
    return 0 * request.clean

def perfect(request):
    return 0.5 * request.reference

def broken(request):
    return {"drive_db": 1 / 0}

def too_much(request):
    return {p.name: 2 * p.high for p in request.effect.parameters}

def nothing(request):
    return None

def too_short(request):
    return request.clean[:, :1000]
"""
TWINS = """
import numpy as np

def one(request):
    return np.roll(request.reference, 9, axis=1)

def other(request):
    return np.roll(request.reference, 18, axis=1)
"""
STUDY = """
name = "faulty"
title = "Faults"
seed = 7
families = ["distortion"]
conditions = ["reference", "clean", { id = "mine", function = "my_faults:NAME" }]
items = { in_domain = 1 }
"""


def render_with(name, folder, extra=""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "my_faults.py").write_text(ESTIMATOR)
    text = STUDY.replace("NAME", name).replace("seed = 7", f"seed = 7\n{extra}")
    return render_text(text, folder)


pytestmark = pytest.mark.usefixtures("forget_modules")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("silent", r"distortion-01: 20 draws failed; .*mine \(own sound\) is silent"),
        (
            "broken",
            r"mine, item distortion-01: ZeroDivisionError: .*my_faults.py, line 12",
        ),
        ("too_much", r"drive_db must be in \[0, 60\] dB, got 120"),
        ("nothing", r"wants settings \(a dict\) or a sound \(an array\)"),
        ("too_short", r"lasts 1000 samples, the clean sound 286650"),
    ],
)
def test_faulty_estimators_are_named_with_what_is_wrong(tmp_path, name, complaint):
    with pytest.raises(StudySpecError, match=complaint):
        render_with(name, tmp_path)


def test_study_may_stop_at_the_first_fault_instead_of_drawing_again(tmp_path):
    with pytest.raises(StudySpecError, match=r"mine .* is silent .*on_fault = 'redraw' would"):
        render_with("silent", tmp_path, 'on_fault = "stop"')


def test_perfect_estimate_is_kept_and_remarked_on(tmp_path):
    folder = render_with("perfect", tmp_path)
    (item,) = read_manifest(folder).items
    (remark,) = item.remarks
    assert remark.startswith("mine (own sound) is indistinguishable from the reference: null test")


def test_estimates_that_hardly_differ_are_named(tmp_path):
    """Copies 0.2 and 0.4 ms late: other samples, nearly the same spectrum."""
    (tmp_path / "my_twins.py").write_text(TWINS)
    folder = render_text(
        STUDY.replace(
            '"my_faults:NAME" }',
            '"my_twins:one" }, { id = "other", function = "my_twins:other" }',
        ),
        tmp_path,
    )
    (item,) = read_manifest(folder).items
    close = [s for s in item.stimuli if s.condition in ("mine", "other")]
    assert all(0 < s.distances["log_mel_db"] < AUDIBLE_DB for s in close)
    for name in ("mine", "other"):
        assert f"{name} is within 0.5 dB of the reference (log-mel): hardly a difference" in (
            item.remarks
        )
    assert "mine and other are within 0.5 dB of each other (log-mel)" in item.remarks


def test_references_that_hardly_change_the_sound_are_drawn_again_or_named(tmp_path):
    """A shallow vibrato leaves a low note almost as it is, some pedals always do."""
    study = tmp_path / "study.toml"
    text = STUDY.replace(', { id = "mine", function = "my_faults:NAME" }', "")
    text = text.replace('families = ["distortion"]\n', "")
    study.write_text(text.replace("in_domain = 1", "in_domain = 10, out_of_domain = 12"))
    job = open_job(str(study))
    subtle = [item for item in job.items if item.id in ("modulation-14", "modulation-15")]
    remarks = []
    for task in make_tasks(job, subtle):
        sounds = make_item_sounds(task)
        waves = sounds.reference.wave, sounds.clean
        samples = round(max(find_decay_s(wave, 44_100) for wave in waves) * 44_100)
        distance_db = log_mel_distance(*(wave[:, :samples] for wave in waves), 44_100)
        named = f"reference ({sounds.reference.effect}) is within 0.5 dB of the clean sound"
        assert (distance_db < AUDIBLE_DB) == (named in sounds.remarks)
        remarks += sounds.remarks
    assert any(remark.startswith("draw 1 thrown away: reference (") for remark in remarks)


def test_thrown_away_draws_are_remarked_on(tmp_path):
    """Echoes that come after the end of a sound of 0.6 s are not in it."""
    text = TINY.replace("seed = 7", "seed = 3\ntail_s = 0.0\nlongest_tail_s = 0.0\nlongest_s = 0.6")
    text = text.replace("in_domain = 1", "in_domain = 8")
    remarks = [r for item in read_manifest(render_text(text, tmp_path)).items for r in item.remarks]
    thrown = [r for r in remarks if "thrown away: reference (Delay) is indistinguishable" in r]
    assert thrown
