"""Networks as files for other programs: from a sound to the answer, without this package.

==============  ==========================================================================
``NAME.onnx``   ONNX, for onnxruntime: what a plug-in embeds
``NAME.pt2``    the program of torch.export, for torch alone
``NAME.json``   what goes in and what comes out: shapes, names, units, ranges
==============  ==========================================================================

Each holds the whole pipeline: sounds of any length and level at 22.05 kHz in, the first 1.587 s
described, probabilities of effects or normalised settings out, any number of sounds at once. What
differs from the original: it exported one sound at a time, to TorchScript, which torch has
deprecated since.
"""

import copy
import hashlib
import json
import logging
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES
from autofx_core.effects.table import EFFECTS, draw_setting, render
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.batch import FeatureBatch
from autofx_core.networks.checkpoints import SHIPPED, WEIGHTS_NAME, load_model
from autofx_core.networks.classifier import TimbreRecogniser
from autofx_core.networks.inputs import hears_clean
from autofx_core.networks.mlp import NETWORKS, Recogniser
from autofx_core.networks.registry import SHIPPED_NAME as EFFECTS_NAME
from autofx_core.networks.registry import load_recogniser
from autofx_core.sources.clean import builtin_notes

EXPORTED = (*NETWORKS, EFFECTS_NAME)
"""Networks that can be exported: those that estimate, what conditions them, and what `match` asks
for the effect."""

OPSET = 20  # the first whose discrete Fourier transform takes its axis as ONNX does elsewhere
LOWEST_PEAK = 1e-9
TOLERANCE = 1e-3
"""How far an exported answer, a share of 1, may be from the package's own."""


class ExportError(RuntimeError):
    """An export that cannot be made or does not answer alike; the message says what to do."""


class Pipeline(nn.Module):
    """A network and all that it needs to hear a sound.

    Parameters
    ----------
    network
        A recogniser or a regressor.
    recogniser
        What conditions the network, if it wants to be told the class.
    """

    def __init__(self, network: nn.Module, recogniser: nn.Module | None = None) -> None:
        super().__init__()
        self.network, self.recogniser = network, recogniser
        self.names_effects = isinstance(network, Recogniser | TimbreRecogniser)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the sounds that `forward` takes."""
        return ("wave", "clean") if hears_clean(self.network) else ("wave",)

    def forward(self, wave: Tensor, clean: Tensor | None = None) -> Tensor:
        """Answer for sounds.

        Parameters
        ----------
        wave, clean : Tensor, shape (batch, samples), float32, 22.05 kHz, any level
            The sounds, and for a network that hears both, the same without the effect.

        Returns
        -------
        Tensor, shape (batch, 15), normalised settings; of a recogniser, probabilities, shape
        (batch, 6) in the order of `effects.CLASSES` or (batch, 11) in that of
        `designs.EFFECT_NAMES`
        """
        heard = FeatureBatch(_prepare(wave), None if clean is None else _prepare(clean))
        told = self._ask(self.network, heard)
        return told.exp() if self.names_effects else told

    def _ask(self, network: nn.Module, heard: FeatureBatch) -> Tensor:
        return network(
            *(
                self._ask(self.recogniser, heard).exp() if name == "probabilities" else heard[name]
                for name in network.inputs
            )
        )


def _prepare(wave: Tensor) -> Tensor:
    """Give waves peak 1, then 35,000 samples: `audio.for_analysis` and `datasets.fit_length`."""
    peak = wave.abs().amax(-1, keepdim=True).clamp(min=LOWEST_PEAK)
    return pad(wave / peak, (0, ANALYSIS_SAMPLES))[:, :ANALYSIS_SAMPLES]


def make_pipeline(name: str, run: Path | None = None) -> Pipeline:
    """Load a network, with its recogniser if it has one.

    Parameters
    ----------
    name
        A name from `EXPORTED`.
    run
        The folder of its training; by default, the shipped one.

    Raises
    ------
    CheckpointError
        If its weights are missing or those of another network.
    """
    if name == EFFECTS_NAME:
        return Pipeline(load_recogniser(run)).eval()
    network = load_model(name, run)
    conditioned = "probabilities" in network.inputs
    # A copy, as networks are loaded once: programs are saved with weights in plain order alone.
    network = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    return Pipeline(network, load_model("recogniser") if conditioned else None).eval()


def describe(name: str, pipeline: Pipeline, run: Path | None = None) -> dict:
    """Say what goes into an exported network and what comes out, as plain data."""
    weights = (run or SHIPPED / name) / WEIGHTS_NAME
    if not pipeline.names_effects:
        output = {
            "name": "settings",
            "meaning": "value = low + output · (high − low); only one effect's are meant",
            "columns": [
                {"effect": family, "name": p.name, "unit": p.unit, "low": p.low, "high": p.high}
                for family, effect in EFFECTS.items()
                for p in effect.parameters
            ],
        }
    else:
        columns = [{"name": name} for name in CLASSES]
        if name == EFFECTS_NAME:
            columns = [{"name": effect, "class": of} for effect, of in EFFECT_NAMES.items()]
        output = {"name": "probabilities", "meaning": "sum to 1", "columns": columns}
    return {
        "name": name,
        "inputs": {
            "names": pipeline.inputs,
            "shape": ["batch", "samples"],
            "dtype": "float32",
            "sample_rate_hz": ANALYSIS_RATE_HZ,
            "samples_heard": ANALYSIS_SAMPLES,
        },
        "output": output | {"shape": ["batch", len(output["columns"])], "dtype": "float32"},
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "versions": {package: version(package) for package in ("autofx", "torch", "onnx")},
    }


def export_network(name: str, folder: Path, *, run: Path | None = None) -> dict:
    """Write a network's three files, and have both programs answer like the package.

    Parameters
    ----------
    name
        A name from `EXPORTED`.
    folder
        Where to write; made if missing.
    run
        The folder of the network's training; by default, the shipped one.

    Returns
    -------
    dict
        The description, as written, with the largest difference of each program's answers.

    Raises
    ------
    CheckpointError
        If the weights are missing or those of another network.
    ExportError
        If the packages for ONNX are missing, or a program answers differently.
    """
    try:
        import onnxruntime  # noqa: PLC0415  (an extra: only exports need it)
        import onnxscript  # noqa: F401, PLC0415
    except ImportError:
        raise ExportError("an export needs ONNX: pip install 'autofx[export]'") from None
    pipeline = make_pipeline(name, run)
    description = describe(name, pipeline, run)
    sounds = _example(pipeline)
    with torch.no_grad():
        expected = pipeline(*sounds)  # also fills the caches of windows and filters
        program = _trace(pipeline, sounds)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("onnx", "pt2")}
    torch.export.save(program, paths["pt2"])
    _write_onnx(program, paths["onnx"], pipeline.inputs, description["output"]["name"])
    session = onnxruntime.InferenceSession(paths["onnx"], providers=["CPUExecutionProvider"])
    arrays = {name: sound.numpy() for name, sound in zip(pipeline.inputs, sounds, strict=True)}
    answers = {
        "onnx": torch.from_numpy(session.run(None, arrays)[0]),
        "pt2": torch.export.load(paths["pt2"]).module()(*sounds),
    }
    differences = {kind: (a - expected).abs().max().item() for kind, a in answers.items()}
    for kind, difference in differences.items():
        if not difference <= TOLERANCE:
            raise ExportError(f"{paths[kind]}: answers differ by {difference:.2g}")
    description |= {"largest_difference": differences}
    text = json.dumps(description, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return description


def _example(pipeline: Pipeline) -> tuple[Tensor, ...]:
    """Play a note through each effect: sounds to trace and compare with."""
    rng = np.random.default_rng(0)
    clean = builtin_notes()[0].read(ANALYSIS_RATE_HZ)
    wet = [render(f, clean, ANALYSIS_RATE_HZ, draw_setting(rng, f)) for f in EFFECTS]
    sounds = {"wave": np.concatenate(wet), "clean": np.repeat(clean, len(wet), axis=0)}
    return tuple(torch.from_numpy(sounds[name]) for name in pipeline.inputs)


def _trace(pipeline: Pipeline, sounds: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1)
    dynamic = {
        name: {0: batch, 1: torch.export.Dim(f"{name}_samples", min=2)} for name in pipeline.inputs
    }
    return torch.export.export(pipeline, sounds, dynamic_shapes=dynamic)


def _write_onnx(
    program: torch.export.ExportedProgram, path: Path, inputs: tuple[str, ...], output: str
) -> None:
    from onnxscript import optimizer  # noqa: PLC0415 - an extra, as in `export_network`

    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it would tell that torchvision is not installed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch about its own tree specs
            onnx = torch.onnx.export(
                program,
                dynamo=True,
                optimize=False,  # it takes for 0 what keeps divisors from being 0: all below 1e-8
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=[output],
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    for tidy in (optimizer.inline, optimizer.fold_constants, optimizer.remove_unused_nodes):
        tidy(onnx.model)
    onnx.save(path)
