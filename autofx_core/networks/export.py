"""Networks as files for other programs: from a sound to the estimate, without this package.

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
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES
from autofx_core.effects.table import EFFECTS, draw_setting, render
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.features.batch import FeatureBatch
from autofx_core.networks.checkpoints import WEIGHTS_NAME, write_json
from autofx_core.networks.inputs import WithProbabilities, load_conditioning, takes_clean
from autofx_core.networks.network import Network
from autofx_core.networks.registry import PRETRAINED, load_network
from autofx_core.parallel import list_versions
from autofx_core.sources.clean import builtin_notes

OPSET = 20  # the first whose discrete Fourier transform takes its axis as ONNX does elsewhere
LOWEST_PEAK = 1e-9
TOLERANCE = 1e-3
"""How far an exported output, in [0, 1], may be from the package's."""


class ExportError(RuntimeError):
    """An export that cannot be made or whose output differs; the message says what to do."""


class Pipeline(nn.Module):
    """A network and all that it needs to estimate from a sound.

    Parameters
    ----------
    network
        Any network.
    classifier
        What conditions the network, if class probabilities are among its inputs.
    """

    def __init__(self, network: Network, classifier: Network | None = None) -> None:
        super().__init__()
        self.network, self.classifier = network, classifier

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the sounds that `forward` takes."""
        return ("wave", "clean") if takes_clean(self.network) else ("wave",)

    def forward(self, wave: Tensor, clean: Tensor | None = None) -> Tensor:
        """Estimate from sounds.

        Parameters
        ----------
        wave, clean : Tensor, shape (batch, samples), float32, 22.05 kHz, any level
            The sounds, and for a network that takes both, the same without the effect.

        Returns
        -------
        Tensor, shape (batch, outputs), as `Network.predict` returns it
        """
        columns = FeatureBatch(_prepare(wave), None if clean is None else _prepare(clean))
        return self.network.predict(WithProbabilities(columns, self.classifier))


def _prepare(wave: Tensor) -> Tensor:
    """Remove DC, bring to peak 1, fit to 35,000 samples: `audio.for_analysis`, `fit_length`."""
    wave = wave - wave.mean(-1, keepdim=True)
    peak = wave.abs().amax(-1, keepdim=True).clamp(min=LOWEST_PEAK)
    return pad(wave / peak, (0, ANALYSIS_SAMPLES))[:, :ANALYSIS_SAMPLES]


def make_pipeline(name: str, run: Path | None = None) -> Pipeline:
    """Load a network, with the one that conditions it if there is one.

    Parameters
    ----------
    name
        A name from `NETWORKS`.
    run
        The folder of its training; by default, the pretrained one.

    Raises
    ------
    CheckpointError
        If its weights are missing or those of another network.
    """
    network = load_network(name, run)
    conditioned = "probabilities" in network.inputs
    # A copy, as networks are loaded once: programs are saved with weights in plain order alone.
    network = copy.deepcopy(network)
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # stubs lack it
    return Pipeline(network, load_conditioning() if conditioned else None).eval()


def describe(name: str, pipeline: Pipeline, run: Path | None = None) -> dict:
    """Describe what goes into an exported network and what comes out, as plain data.

    Parameters
    ----------
    name
        A name from `NETWORKS`.
    pipeline
        What `make_pipeline` returned for it.
    run
        The folder of its training; by default, the pretrained one.
    """
    weights = (run or PRETRAINED / name) / WEIGHTS_NAME
    if pipeline.network.task == "settings":
        output = {
            "name": "settings",
            "meaning": "value = low + output · (high − low); of one effect alone",
            "columns": [
                {"effect": key, "name": p.name, "unit": p.unit, "low": p.low, "high": p.high}
                for key, effect in EFFECTS.items()
                for p in effect.parameters
            ],
        }
    elif pipeline.network.task == "presence":
        output = {
            "name": "presence",
            "meaning": "each probability alone; a greater place comes later in the chain",
            "columns": [{"name": name} for name in pipeline.network.outputs],
        }
    else:
        names = pipeline.network.outputs
        columns = [{"name": n, "class": EFFECT_NAMES.get(n, n)} for n in names]
        output = {"name": "probabilities", "meaning": "sum to 1", "columns": columns}
    return {
        "name": name,
        "inputs": {
            "names": pipeline.inputs,
            "shape": ["batch", "samples"],
            "dtype": "float32",
            "sample_rate_hz": ANALYSIS_RATE_HZ,
            "samples_used": ANALYSIS_SAMPLES,
        },
        "output": output | {"shape": ["batch", len(output["columns"])], "dtype": "float32"},
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "versions": list_versions(("autofx", "torch", "onnx")),
    }


def export_network(name: str, folder: Path, *, run: Path | None = None) -> dict:
    """Write a network's three files, and check that both programs compute the same as the package.

    Parameters
    ----------
    name
        A name from `NETWORKS`.
    folder
        Where to write; made if missing.
    run
        The folder of the network's training; by default, the pretrained one.

    Returns
    -------
    dict
        The description, as written, with the largest difference of each program's outputs.

    Raises
    ------
    CheckpointError
        If the weights are missing or those of another network.
    ExportError
        If a program's outputs differ.
    ModuleNotFoundError
        If the packages for ONNX are missing.
    """
    import onnxruntime  # noqa: PLC0415  (an extra: only exports need it)

    pipeline = make_pipeline(name, run)
    description = describe(name, pipeline, run)
    sounds = _example(pipeline)
    with torch.no_grad():
        expected = pipeline(*sounds)  # also fills the caches of windows and filters
        batch = torch.export.Dim("batch", min=1)
        shapes = {
            n: {0: batch, 1: torch.export.Dim(f"{n}_samples", min=2)} for n in pipeline.inputs
        }
        program = torch.export.export(pipeline, sounds, dynamic_shapes=shapes)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("onnx", "pt2")}
    torch.export.save(program, paths["pt2"])
    _write_onnx(program, paths["onnx"], pipeline.inputs, description["output"]["name"])
    session = onnxruntime.InferenceSession(paths["onnx"], providers=["CPUExecutionProvider"])
    arrays = {name: sound.numpy() for name, sound in zip(pipeline.inputs, sounds, strict=True)}
    outputs = {
        "onnx": torch.from_numpy(session.run(None, arrays)[0]),
        "pt2": torch.export.load(paths["pt2"]).module()(*sounds),
    }
    differences = {kind: (a - expected).abs().max().item() for kind, a in outputs.items()}
    for kind, difference in differences.items():
        if not difference <= TOLERANCE:
            raise ExportError(f"{paths[kind]}: outputs differ by {difference:.2g}")
    description |= {"largest_difference": differences}
    write_json(folder / f"{name}.json", description)
    return description


def _example(pipeline: Pipeline) -> tuple[Tensor, ...]:
    """Play a note through each effect: sounds to trace and compare with."""
    rng = np.random.default_rng(0)
    clean = builtin_notes()[0].read(ANALYSIS_RATE_HZ)
    wet = [render(f, clean, ANALYSIS_RATE_HZ, draw_setting(rng, f)) for f in EFFECTS]
    sounds = {"wave": np.concatenate(wet), "clean": np.repeat(clean, len(wet), axis=0)}
    return tuple(torch.from_numpy(sounds[name]) for name in pipeline.inputs)


def _write_onnx(
    program: torch.export.ExportedProgram, path: Path, inputs: tuple[str, ...], output: str
) -> None:
    from onnxscript import optimizer  # noqa: PLC0415 - an extra, as in `export_network`

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it reports torchvision missing
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
    if onnx is None:
        raise ExportError(f"{path}: torch made no ONNX program")
    for simplify in (optimizer.inline, optimizer.fold_constants, optimizer.remove_unused_nodes):
        simplify(onnx.model)
    onnx.save(path)
