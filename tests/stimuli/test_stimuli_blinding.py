"""The files without the manifest reveal no condition."""

import hashlib

import numpy as np
import pytest
import soundfile
from support.small_studies import render_text

from stimuli_gen.loudness import measure_loudness
from stimuli_gen.manifest import read_manifest

pytestmark = pytest.mark.slow

STUDY = """
name = "blind"
title = "Blind"
seed = 11
format = "FORMAT"
families = ["delay", "distortion"]
conditions = ["reference", "mlp_163nc", "random", "clean", "anchor35"]
items = { in_domain = 2, out_of_domain = 2 }
"""
SPREAD_LU = 0.1
HEADER_BYTES = 44
N_PERMUTATIONS = 2_000
CHANCE_P = 0.01


@pytest.fixture(scope="module", params=["wav", "flac"])
def blind_set(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("blind")
    return render_text(STUDY.replace("FORMAT", request.param), folder)


@pytest.fixture(scope="module")
def blind_items(blind_set):
    return read_manifest(blind_set).items


def probability_of_chance(scores):
    """Test whether a score separates conditions, by permuting them within items.

    Parameters
    ----------
    scores : array, shape (items, conditions)
        What a snooper reads off each file.
    """
    rng = np.random.default_rng(0)
    centred = scores - scores.mean(axis=1, keepdims=True)
    observed = np.square(centred.mean(axis=0)).sum()
    permuted = [
        np.square(rng.permuted(centred, axis=1).mean(axis=0)).sum() for _ in range(N_PERMUTATIONS)
    ]
    return np.mean(np.array(permuted) >= observed * (1 - 1e-9))


def test_snoopers_test_would_tell_files_that_do_differ():
    scores = np.random.default_rng(0).normal(size=(8, 5))
    assert probability_of_chance(scores) > CHANCE_P
    scores[:, 2] += 5
    assert probability_of_chance(scores) < CHANCE_P


def test_file_names_and_their_order_tell_nothing(blind_items):
    names = np.array([[int(s.file[6:22], 16) for s in item.stimuli] for item in blind_items])
    assert probability_of_chance(np.argsort(np.argsort(names.astype(float)))) > CHANCE_P
    for item in blind_items:
        for stimulus in item.stimuli:
            assert stimulus.condition not in stimulus.file
            digest = hashlib.sha256(stimulus.condition.encode()).hexdigest()
            assert stimulus.file[6:22] not in digest


def test_sizes_headers_and_times_are_equal_within_an_item(blind_set, blind_items):
    for item in blind_items:
        paths = [blind_set / item.reference.file, *(blind_set / s.file for s in item.stimuli)]
        assert len({path.stat().st_size for path in paths}) == 1
        assert len({path.stat().st_mtime_ns for path in paths}) == 1
        if paths[0].suffix == ".wav":
            assert len({path.read_bytes()[:HEADER_BYTES] for path in paths}) == 1


def test_files_carry_no_tags(blind_set):
    for path in (blind_set / "audio").iterdir():
        with soundfile.SoundFile(path) as sound:
            assert sound.copy_metadata() == {}


def test_rate_channels_length_and_format_are_equal(blind_set, blind_items):
    for item in blind_items:
        described = {
            (info.samplerate, info.channels, info.frames, info.format, info.subtype)
            for info in (soundfile.info(blind_set / s.file) for s in item.stimuli)
        }
        assert len(described) == 1


def test_loudness_is_equal_within_a_tenth_of_a_unit(blind_set, blind_items):
    for item in blind_items:
        loudness = [
            measure_loudness(soundfile.read(blind_set / s.file, always_2d=True)[0].T, 44_100)
            for s in item.stimuli
        ]
        assert np.ptp(loudness) <= SPREAD_LU


def test_open_and_hidden_reference_differ_in_bytes_and_by_no_more_than_dither(
    blind_set, blind_items
):
    for item in blind_items:
        hidden = next(s for s in item.stimuli if s.condition == "reference")
        assert item.reference.sha256 != hidden.sha256
        a, b = (
            soundfile.read(blind_set / f, dtype="int16")[0]
            for f in (item.reference.file, hidden.file)
        )
        assert np.abs(a.astype(int) - b).max() <= 2


def test_lead_in_and_end_are_faded_to_dither_in_every_file(blind_set, blind_items):
    for item in blind_items:
        for stimulus in item.stimuli:
            steps, _ = soundfile.read(blind_set / stimulus.file, dtype="int16")
            assert np.abs(steps[[0, 1, -2, -1]].astype(int)).max() <= 3
