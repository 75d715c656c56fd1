"""A folder with what is ranked: the preset, the model and the samples in files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import _inputs, _keras, _program, _torch, _yaml
from ._errors import Error
from ._inputs import Array, Samples

#: What is tried unless the user says otherwise: what people choose among.
ACTIVATIONS = ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh"]
INITS = ["torch_default", "xavier_uniform", "kaiming_normal", "lecun_normal", "orthogonal"]

#: The first line of a preset that this package wrote, which it may replace.
_WRITTEN = "# Written by neartop. `neartop presets check FILE` says what it runs."

#: Endings of files that are models, and of those that are presets.
_MODELS = (".pt2", ".onnx")
_PRESETS = (".yaml", ".yml")


@dataclass
class Search:
    """What is ranked, and how."""

    activations: Any = None
    inits: Any = None
    slots: Any = None
    bias: Any = None
    scale: str | None = None
    repetitions: int | str | None = None
    seed: int = 0
    batch_norm: str | None = None


@dataclass(eq=False)
class Workspace:
    """Files of a ranking."""

    #: The preset: a file, or the name of a bundled one.
    preset: str
    folder: Path | None = None
    #: Samples of the ranking, for what is initialized by data.
    samples: Array | None = None
    #: What was assumed.
    notes: list[str] = field(default_factory=list)
    #: Which activations are searched.
    slots: Any = None

    @property
    def is_of_model(self) -> bool:
        """Whether a model was brought, rather than a preset."""
        return self.folder is not None


def build(model: Any, inputs: Any, labels: Any, search: Search, folder: Path | None = None) -> Workspace:
    """Writes what is to be ranked into a folder, by default a temporary one that goes away with what is returned."""
    if isinstance(model, (str, os.PathLike)) and not is_model_file(model):
        return _of_preset(model, inputs, labels, search)
    is_kept = folder is not None
    folder = folder or _temporary()
    files = _Files(folder, search)
    preset = folder / "preset.yaml"
    try:
        samples = files.add(model, inputs, labels)
        preset.write_text(f"{_WRITTEN}\n{_yaml.document(files.sections)}", encoding="utf-8")
        files.settle(preset, samples)
    except BaseException:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    notes = files.notes + (samples.notes if samples else [])
    workspace = Workspace(str(preset), folder, samples.inputs if samples else None, notes, search.slots)
    return workspace if is_kept else _passing(workspace)


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="neartop-"))


def _passing(workspace: Workspace) -> Workspace:
    """A workspace whose folder goes when it goes."""
    weakref.finalize(workspace, shutil.rmtree, str(workspace.folder), ignore_errors=True)
    return workspace


def may_replace(preset: Path) -> bool:
    """Whether the file is one that this package wrote."""
    try:
        with preset.open(encoding="utf-8") as file:
            return file.readline().startswith("# Written by neartop.")
    except (OSError, UnicodeDecodeError):
        return False


def check(preset: str) -> dict[str, Any]:
    """What a preset would run."""
    facts: dict[str, Any] = json.loads(_program.run(["presets", "check", preset, "--format", "json"], is_silent=True))
    return facts


def network_and_inputs(model: Any, inputs: Any) -> tuple[str, str, Workspace]:
    """The paths of a network and of its inputs, as `neartop score` takes them, and what keeps them there."""
    folder = _temporary()
    workspace = _passing(Workspace("", folder))
    files = _Files(folder, Search(), with_weights=True)
    samples = None if _inputs.is_path(inputs) else _inputs.read(inputs)
    if isinstance(model, (str, os.PathLike)):
        network = os.fspath(model)
    else:
        section = files.model(model, samples or _inputs.read(np.load(inputs)))
        network = str(folder / section["model"])
    if samples is None:
        return network, os.fspath(inputs), workspace
    workspace.notes = files.notes + samples.notes
    np.save(folder / "x.npy", samples.inputs)
    return network, str(folder / "x.npy"), workspace


def is_model_file(model: str | os.PathLike[str]) -> bool:
    """Whether this names a model rather than a preset."""
    return os.fspath(model).lower().endswith(_MODELS)


def _of_preset(preset: str | os.PathLike[str], inputs: Any, labels: Any, search: Search) -> Workspace:
    """A preset has its data and its search."""
    text = os.fspath(preset)
    if not text.lower().endswith(_PRESETS) and os.path.splitext(text)[1]:
        raise Error(f"{text} is neither a model ({', '.join(_MODELS)}) nor a preset ({', '.join(_PRESETS)}): {_exporting(text)}")
    given = {"inputs": inputs, "labels": labels, "activations": search.activations, "inits": search.inits}
    given |= {"slots": search.slots, "bias": search.bias, "scale": search.scale, "batch_norm": search.batch_norm}
    wrong = [f"`{name}`" for name, value in given.items() if value is not None]
    if wrong:
        raise Error(f"the preset {text} says what is ranked: leave out {', '.join(wrong)}, or change the preset")
    return Workspace(text)


def _exporting(path: str) -> str:
    ending = os.path.splitext(path)[1].lower()
    if ending in (".pt", ".pth", ".ckpt", ".safetensors", ".bin"):
        return "such a file holds weights without the network; build the model, load them, and give the model itself"
    if ending in (".keras", ".h5"):
        return "load it with `keras.models.load_model`, and give the model itself"
    return "give a model of PyTorch or Keras, or one of these files"


class _Files:
    """Writes the files of a workspace, and collects the sections of the preset."""

    def __init__(self, folder: Path, search: Search, *, with_weights: bool = False) -> None:
        self.folder = folder
        self.search = search
        self.has_defaults = search.activations is None
        self.sections: dict[str, Any] = {}
        #: What a model says of samples besides, and what was assumed of it.
        self.data: dict[str, Any] = {}
        self.notes: list[str] = []
        self.has_slots_in_layers = False
        self.with_weights = with_weights
        #: Whether samples are written in the order of memory, where their sizes leave open which of them counts the channels.
        self.in_rows = False

    def add(self, model: Any, inputs: Any, labels: Any) -> Samples | None:
        """Writes model and samples."""
        data: dict[str, Any] = {}
        samples = None
        if _inputs.is_path(inputs):
            data = self._named(inputs, labels)
        elif inputs is not None:
            samples = _inputs.read(inputs, labels, wanted=max(_inputs.USUAL, _torch.samples_needed(model)))
        elif labels is not None:
            raise Error("`labels` belong to `inputs`, which are not given")
        network = self.model(model, samples)
        if samples is not None:
            data = self._write(samples)
        self.sections = {"name": _name(model)}
        if data:
            self.sections["data"] = {**data, **self.data, "scale": self.search.scale or "none"}
        elif self.search.scale is not None:
            raise Error("`scale` belongs to `inputs`, which are not given: samples that are drawn are not scaled")
        self.sections |= {"network": network, "search": self._search(), "score": self._score()}
        return samples

    def _named(self, inputs: Any, labels: Any) -> dict[str, Any]:
        """Samples in a file, which stays where it is."""
        data: dict[str, Any] = {"path": os.path.abspath(inputs)}
        if _inputs.is_path(labels) and os.path.exists(labels):
            data["labels"] = os.path.abspath(labels)
        elif labels is not None:
            if not isinstance(labels, (str, list, tuple)):
                raise Error("where `inputs` is a file, `labels` is the name of a column or a file")
            data["labels"] = labels
        return data

    def _write(self, samples: Samples) -> dict[str, Any]:
        inputs = samples.inputs
        if self.in_rows and inputs.ndim > 2 and len(set(inputs.shape[1:])) == 1:
            inputs = inputs.reshape(len(inputs), -1)
        np.save(self.folder / "x.npy", inputs)
        if samples.labels is None:
            return {"path": "x.npy"}
        np.save(self.folder / "y.npy", samples.labels)
        return {"path": "x.npy", "labels": "y.npy"}

    def model(self, model: Any, samples: Samples | None) -> dict[str, Any]:
        """The section `network`. Samples take the type that the model takes."""
        if isinstance(model, (str, os.PathLike)):
            if not Path(model).is_file():
                raise Error(f"there is no file {model}")
            return {"model": os.path.abspath(model)}
        if not (_torch.is_model(model) or _keras.is_model(model)):
            raise Error(f"a model is a torch.nn.Module, a Keras model, or a .pt2 or .onnx file, and this is {_what(model)}")
        if _keras.is_model(model):
            return self._of_keras(model, samples)
        if samples is None:
            raise Error("`inputs` are missing: a few samples say what the model takes, at best those that it is for")
        ready, samples.inputs = _torch.prepare(model, samples.inputs)
        _torch.export(ready, samples.inputs, self.folder / "net.pt2")
        self.in_rows = True
        return {"model": "net.pt2"}

    def _of_keras(self, model: Any, samples: Samples | None) -> dict[str, Any]:
        inputs = None if samples is None else samples.inputs
        found = _keras.read(model, inputs, self.search.slots, self.folder, with_weights=self.with_weights)
        self.data, self.notes = found.data, found.notes
        # Layers say themselves which of them are slots.
        self.has_slots_in_layers = "layers" in found.network
        if samples is not None and found.inputs is not None:
            samples.inputs = found.inputs
        return found.network

    def _search(self) -> dict[str, Any]:
        search = self.search
        section = {
            "slots": None if self.has_slots_in_layers else search.slots,
            "activations": _listed(search.activations),
            "inits": _listed(search.inits or INITS),
        }
        section["bias"] = search.bias
        return {name: value for name, value in section.items() if value is not None}

    def _score(self) -> dict[str, Any]:
        search = self.search
        repetitions = "auto" if search.repetitions is None else search.repetitions
        section = {"repetitions": repetitions, "seed": search.seed, "batch_norm": search.batch_norm}
        return {name: value for name, value in section.items() if value is not None}

    def settle(self, preset: Path, samples: Samples | None) -> None:
        """Puts in the usual activations, where the network has slots for them, and looks whether the samples are enough."""
        usual: Any = None
        if self.has_defaults and isinstance(self.search.slots, Mapping):
            usual = {slot: ACTIVATIONS for slot in self.search.slots}
            self._write_preset(preset, usual)
        facts = check(str(preset))
        if self.has_defaults and usual is None and facts["slots"]:
            self._write_preset(preset, ACTIVATIONS)
        if samples is not None and len(samples.inputs) < facts["samples"]:
            words = f"{len(samples.inputs)} samples are fewer than the {facts['samples']} that the widest layer can use"
            self.notes.append(f"{words}, which bounds its effective rank")

    def _write_preset(self, preset: Path, activations: Any) -> None:
        self.sections["search"] = {"activations": activations, **self.sections["search"]}
        preset.write_text(f"{_WRITTEN}\n{_yaml.document(self.sections)}", encoding="utf-8")


def _listed(choices: Any) -> Any:
    """`all`, a list, a map of slots to lists, or one choice alone."""
    if choices is None or choices == "all" or isinstance(choices, (list, tuple)):
        return choices
    if isinstance(choices, Mapping) and all(isinstance(value, (list, tuple)) or value == "all" for value in choices.values()):
        return choices
    return [choices]


def _what(model: Any) -> str:
    """What somebody gave for a model."""
    if isinstance(model, type):
        return f"the class {model.__name__}: give an instance of it"
    return f"a {type(model).__name__}"


def _name(model: Any) -> str:
    if isinstance(model, (str, os.PathLike)):
        return Path(model).stem
    return type(_torch.unwrapped(model) if _torch.is_model(model) else model).__name__
