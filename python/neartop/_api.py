"""What the package does: `rank`, `score`, `preset`, `apply`."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

from . import _apply, _keras, _program, _torch, _workspace
from ._errors import Assumption, Error
from ._progress import progress as progress_bar
from ._ranking import Candidate, Choice, Ranking, Score
from ._workspace import Search

#: Choices of a search: `"all"`, a list of names and maps, or where slots are filled apart a map of slots to lists.
Choices = Union[str, Sequence[Choice], Mapping[str, Sequence[Choice]]]

StudyPath = Union[str, "os.PathLike[str]", Literal[False], None]


def rank(
    model: Any,
    inputs: Any = None,
    labels: Any = None,
    *,
    activations: Choices | None = None,
    inits: Choices | None = None,
    slots: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    bias: Choice | None = None,
    scale: str | None = None,
    repetitions: int | Literal["auto"] | None = None,
    seed: int | None = None,
    batch_norm: Literal["training", "evaluation"] | None = None,
    guard: bool = True,
    repair: bool = False,
    evidence: Literal["signals", "steps", "training"] = "signals",
    jobs: int | None = None,
    max_memory: float | None = None,
    study: StudyPath = None,
    progress: bool | None = None,
    view: bool = False,
) -> Ranking:
    """Ranks activations and initializations for a network by NEAR, without training.

    Parameters
    ----------
    model
        A `torch.nn.Module` or an exported program, a Keras model, a `.pt2` or `.onnx` file, or a preset: a YAML file or the
        name of a bundled one. A model is copied before it is exported, and stays as it is.
    inputs
        Samples `[samples, ...]`, as the model takes them: an array, a tensor, a DataFrame, a list, a DataLoader or a dataset
        (of which the first batches are taken), or a file. A few hundred are enough; a layer can use as many as it has
        units. A preset has its own, and for a file they may be left out: then they are drawn.
    labels
        Labels `[samples]` or `[samples, outputs]`, or the name of a column of a DataFrame or file. Ranking does not
        need them; the app trains with them.
    activations
        What is tried in the slots: `"all"`, or a list of names or `{name: parameters}`; `{slot: list}` where slots are filled
        apart. By default relu, leaky_relu, elu, selu, gelu, silu, mish and tanh.
    inits
        Initializations in the same way. By default torch_default, xavier_uniform, kaiming_normal, lecun_normal and
        orthogonal.
    slots
        Which activations of the model are searched: kinds, paths of modules, `"all"`, `"none"`, or a map of slots to these. By
        default those of the commonest kind.
    bias
        How biases start: `"zeros"`, `"fan_in_uniform"` or `{"constant": 0.01}`.
    scale
        How samples are scaled before they go in: `"none"`, `"unit"`, `"standardize"` or `"standardize_features"`. By
        default they go in as they are.
    repetitions
        Repetitions of every candidate; `"auto"`, the default for models, spends them where the ranking is open.
    seed
        Seed of all draws, by default that of the preset, or 0.
    batch_norm
        Whose statistics batch norm takes: those of the batch (`"training"`), or the running ones (`"evaluation"`).
    guard
        Whether only candidates that will train are recommended.
    repair
        Looks for the gain that would make a candidate train that will not, and scores it with that: `candidate.repair`.
    evidence
        What the recommendation stands on: `"signals"` before training, also the first `"steps"` of the best candidates (on
        random labels if there are none), or a short `"training"` of them, for which labels are needed.
    jobs
        Scores computed at a time, by default on all cores.
    max_memory
        GiB that a run may take, by default 8.
    study
        The file that results are recorded in and found again, by default the user's; False for none.
    progress
        Whether a bar says how far it is; by default in notebooks and on terminals.
    view
        Opens the app on this terminal first; what it scored is in the ranking.

    Returns
    -------
    Ranking
        A sequence of candidates, best first, with what is recommended.

    Raises
    ------
    Error
        If the model cannot be exported or read, the inputs do not fit, or nothing could be scored.
    """
    search = Search(activations, inits, slots, bias, scale, repetitions, seed or 0, batch_norm)
    workspace = _workspace.build(model, inputs, labels, search)
    _say(workspace.notes)
    options: list[str] = []
    if not workspace.is_of_model:
        options += _option("--repetitions", repetitions) + _option("--seed", seed)
    options += _option("--jobs", jobs) + _option("--max-memory", max_memory)
    # What the app scores is found again, if only for this call.
    is_passing = view and study is False and workspace.folder is not None
    options += ["--study", f"{workspace.folder}/study.sqlite"] if is_passing else _study(study)
    options += [] if guard else ["--no-guard"]
    if view:
        _program.show([workspace.preset, *options])
    options += ["--repair"] if repair else []
    options += ["--evidence", evidence] if evidence != "signals" else []
    output = _program.run(["rank", workspace.preset, "--format", "json", *options], progress=progress_bar(progress))
    return Ranking(json.loads(output), workspace)


def score(
    model: Any,
    inputs: Any,
    *,
    batch_norm: Literal["training", "evaluation"] | None = None,
    weights: str | os.PathLike[str] | None = None,
) -> Score:
    """Scores a network as it is: the effective rank of every layer with the weights that it has. Nothing is drawn.

    Parameters
    ----------
    model
        As for `rank`. A preset must have no open slot, and takes `weights`.
    inputs
        Samples `[samples, ...]`, as for `rank`.
    batch_norm
        Whose statistics batch norm takes: those of the batch (`"training"`), or the running ones (`"evaluation"`).
    weights
        Weights for a preset: a file of safetensors.

    Returns
    -------
    Score
        NEAR and the layers that it is the sum of.
    """
    options = _option("--batch-norm", batch_norm) + _option("--weights", weights)
    network, file, held = _workspace.network_and_inputs(model, inputs)
    _say(held.notes)
    output = _program.run(["score", network, "--inputs", file, "--format", "json", *options])
    return Score.from_report(json.loads(output))


def preset(
    model: Any,
    inputs: Any = None,
    labels: Any = None,
    *,
    folder: str | os.PathLike[str] = "neartop",
    activations: Choices | None = None,
    inits: Choices | None = None,
    slots: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    bias: Choice | None = None,
    scale: str | None = None,
    repetitions: int | Literal["auto"] | None = None,
    seed: int = 0,
    batch_norm: Literal["training", "evaluation"] | None = None,
) -> Path:
    """Writes what `rank` would rank to a folder: `preset.yaml`, the model, samples `x.npy` and labels `y.npy`.

    Edit the preset, and give its path to `rank`, or to the program: `neartop FOLDER/preset.yaml` opens the app, `neartop
    train` trains the best. The folder can be moved as a whole. Files of an earlier call are replaced.

    Returns
    -------
    Path
        The path of the preset.
    """
    target = Path(folder)
    written = target / "preset.yaml"
    if written.exists() and not _workspace.may_replace(written):
        raise Error(f"{written} is there already, and not written by this function: name another `folder`")
    if isinstance(model, (str, os.PathLike)) and not _workspace.is_model_file(model):
        raise Error(f"{os.fspath(model)} is a preset already")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Error(f"cannot make the folder {target}: {error}") from error
    search = Search(activations, inits, slots, bias, scale, repetitions, seed, batch_norm)
    workspace = _workspace.build(model, inputs, labels, search, target)
    _say(workspace.notes)
    return written


def apply(
    model: Any,
    candidate: Candidate | Mapping[str, Any] | None,
    seed: int = 0,
    *,
    inputs: Any = None,
) -> Any:
    """Brings a choice home: initializes a model in place, and replaces the activation modules that were searched.

    What stands as a function in the source, such as `F.relu(x)`, cannot be replaced from outside; a warning
    `ActivationIsFunction` says file and line.

    Parameters
    ----------
    model
        The model that was ranked, or another one of the same class and sizes.
    candidate
        A candidate of a ranking; or a map with `activation` and `init` as in a preset, which takes `inputs`.
    seed
        Seed of the draws. The generators of PyTorch and Keras are left as they are.
    inputs
        Samples `[samples, ...]`, where the candidate is none of a ranking.

    Returns
    -------
    The model.
    """
    if candidate is None:
        raise Error("there is no candidate to apply: the ranking recommends none")
    chosen = _chosen(candidate)
    workspace = chosen._source
    if workspace is None:
        if inputs is None:
            raise Error("`inputs` are missing: for a candidate of no ranking, a few samples say what the model takes")
        workspace = _workspace.build(model, inputs, None, Search(inits=[chosen.init]))
    if not workspace.is_of_model:
        raise Error("the ranking is of a preset, not of this model: give the model itself to `rank`")
    if _keras.is_model(model):
        _keras.check_choice(model)
        code = _apply.export(chosen, workspace, seed, "choice.py", "keras").decode()
        return _keras.apply(model, chosen, code, workspace.slots, seed)
    if not _torch.is_model(model):
        raise Error(f"a choice is applied to a model of PyTorch or Keras, and this is a {type(model).__name__}")
    return _apply.apply(model, chosen, workspace, seed)


def _chosen(candidate: Candidate | Mapping[str, Any]) -> Candidate:
    if isinstance(candidate, Candidate):
        return candidate
    if not isinstance(candidate, Mapping) or "init" not in candidate:
        raise Error("a candidate is one of a ranking, or a map such as {'activation': 'gelu', 'init': 'orthogonal'}")
    return Candidate(candidate.get("activation"), candidate["init"])


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        warnings.warn(note, Assumption, stacklevel=3)


def _option(name: str, value: Any) -> list[str]:
    return [] if value is None else [name, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]


def _study(study: StudyPath) -> list[str]:
    return ["--no-study"] if study is False else _option("--study", study)
