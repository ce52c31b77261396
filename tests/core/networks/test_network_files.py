"""Exported networks estimate the same as the package, in processes that cannot import it."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, for_analysis
from autofx_core.effects.table import EFFECTS, denormalize, draw_setting, render
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.batch import FeatureBatch
from autofx_core.matching.recognise import recognise
from autofx_core.networks.export import Pipeline, describe, make_pipeline
from autofx_core.networks.inputs import WithProbabilities
from autofx_core.networks.registry import NETWORKS, load_network
from autofx_core.sources.clean import builtin_notes

pytestmark = pytest.mark.slow

NAME = "mlp_211c"  # takes all features, and class probabilities
TOLERANCE = 1e-3  # of an output between 0 and 1; runtimes round otherwise than torch

WITH_ONNX = """
import numpy, onnxruntime
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
outputs = [session.run(["settings"], {"wave": numpy.atleast_2d(s)})[0] for s in sounds]
"""
WITH_TORCH = """
import torch
program = torch.export.load(path).module()
with torch.no_grad():
    outputs = [program(torch.from_numpy(numpy.atleast_2d(s))).numpy() for s in sounds]
"""
ALONE = """
import importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "autofx_core":
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import numpy
path, given, estimated = sys.argv[1:]
with numpy.load(given) as stored:
    sounds = [stored[name] for name in stored.files]
{run}
numpy.savez(estimated, *outputs)
"""


@pytest.fixture(scope="module")
def sounds():
    """One short sound, one long one, and a batch of three; none at peak 1."""
    rng = np.random.default_rng(5)
    note = builtin_notes("test")[0].read(ANALYSIS_RATE_HZ)
    wet = [render(f, note, ANALYSIS_RATE_HZ, draw_setting(rng, f))[0] for f in EFFECTS]
    long = np.concatenate([wet[0], wet[1], wet[0]])
    assert long.size > 35_000
    return [0.3 * wet[2][:9000], 0.5 * long, 0.7 * np.stack(wet)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    run = CliRunner().invoke(main, ["export", NAME, "-o", str(folder)])
    assert run.exit_code == 0, run.output
    return folder


def ours(sound):
    """Estimate as `match` does."""
    waves = [fit_length(for_analysis(w[None], ANALYSIS_RATE_HZ)) for w in np.atleast_2d(sound)]
    columns = FeatureBatch(torch.from_numpy(np.stack(waves)))
    return load_network(NAME).predict(WithProbabilities(columns)).numpy()


@pytest.mark.parametrize(("kind", "run"), [("onnx", WITH_ONNX), ("pt2", WITH_TORCH)])
def test_without_the_package_the_file_estimates_the_same(tmp_path, exported, sounds, kind, run):
    np.savez(tmp_path / "sounds.npz", *sounds)
    words = [exported / f"{NAME}.{kind}", tmp_path / "sounds.npz", tmp_path / "estimated.npz"]
    program = ALONE.replace("{run}", run)
    subprocess.run([sys.executable, "-I", "-c", program, *map(str, words)], check=True)
    with np.load(tmp_path / "estimated.npz") as estimated:
        for sound, name in zip(sounds, estimated.files, strict=True):
            np.testing.assert_allclose(estimated[name], ours(sound), atol=TOLERANCE)


def test_the_description_turns_outputs_into_settings(exported, sounds):
    described = json.loads((exported / f"{NAME}.json").read_text(encoding="utf-8"))
    assert described["inputs"]["names"] == ["wave"]
    assert described["inputs"]["sample_rate_hz"] == ANALYSIS_RATE_HZ
    assert max(described["largest_difference"].values()) <= TOLERANCE
    estimated = ours(sounds[0])[0]
    columns = described["output"]["columns"]
    assert described["output"]["shape"] == ["batch", len(columns)]
    for effect_class in EFFECTS:
        own = [
            (c, x) for c, x in zip(columns, estimated, strict=True) if c["effect"] == effect_class
        ]
        by_hand = {c["name"]: c["low"] + float(x) * (c["high"] - c["low"]) for c, x in own}
        assert by_hand == pytest.approx(denormalize(effect_class, [x for _, x in own]))


def test_a_classifiers_pipeline_gives_its_probabilities_in_the_described_order(sounds):
    pipeline = make_pipeline("afx_classifier")
    with torch.no_grad():
        probabilities = pipeline(torch.from_numpy(sounds[2]))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(3))
    described = describe("afx_classifier", pipeline)
    assert [column["name"] for column in described["output"]["columns"]] == list(CLASSES)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_networks_pipeline_estimates_the_same_whatever_the_level(name, sounds):
    torch.manual_seed(0)
    pipeline = Pipeline(NETWORKS[name](), load_network("afx_classifier")).eval()
    batch = [torch.from_numpy(sounds[2])] * len(pipeline.inputs)
    with torch.no_grad():
        loud, quiet = pipeline(*batch), pipeline(*(sound / 64 for sound in batch))
    assert loud.shape[0] == 3
    torch.testing.assert_close(loud, quiet)


def test_a_run_without_weights_is_one_line_with_how_to_fix_it(tmp_path):
    words = ["export", NAME, "--run", str(tmp_path / "no"), "-o", str(tmp_path)]
    run = CliRunner().invoke(main, words)
    assert run.exit_code == 1
    assert run.output.count("\n") == 1
    assert "no such file; train it with" in run.output


def test_the_pipeline_of_the_eleven_effects_agrees_with_recognition_and_names_them(sounds):
    pipeline = make_pipeline("effect_classifier")
    with torch.no_grad():
        estimated = pipeline(torch.from_numpy(sounds[2])).numpy()
    columns = describe("effect_classifier", pipeline)["output"]["columns"]
    assert {column["name"]: column["class"] for column in columns} == EFFECT_NAMES
    for wave, probabilities in zip(sounds[2], estimated, strict=True):
        expected = recognise(wave[None], ANALYSIS_RATE_HZ).effects
        by_name = {c["name"]: p for c, p in zip(columns, probabilities.tolist(), strict=True)}
        assert by_name == pytest.approx(expected, abs=1e-5)
