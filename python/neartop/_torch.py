"""Models of PyTorch: how they become files that the program reads."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import logging
import os
import re
import sys
import sysconfig
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ._errors import Error
from ._inputs import Array

#: Samples of the batch that a model is exported with.
_SAMPLES = 7

#: Files of PyTorch before this version are not read.
_OLDEST = (2, 5)

#: Inputs beside the samples that are filled in by their names, as the program does with those of a file.
_FILLED = {
    "attention_mask": "ones",
    "key_padding_mask": "false",
    "src_key_padding_mask": "false",
    "padding_mask": "false",
    "token_type_ids": "zeros",
    "segment_ids": "zeros",
    "position_ids": "places",
    "positions": "places",
}

#: The year of archives without a time.
_NO_YEAR = 1980


def module() -> Any:
    """PyTorch, if the user has loaded it. It is never loaded for its own sake."""
    return sys.modules.get("torch")


def is_model(model: Any) -> bool:
    """Whether this is a module of PyTorch, or a program that `torch.export` made."""
    torch = module()
    return torch is not None and isinstance(model, (torch.nn.Module, torch.export.ExportedProgram))


def unwrapped(model: Any) -> Any:
    """The model within what compiles it or spreads it over devices."""
    torch = module()
    model = getattr(model, "_orig_mod", model)
    spread = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    return model.module if isinstance(model, spread) else model


def samples_needed(model: Any) -> int:
    """About as many samples as the ranks of the model's dense layers can use."""
    if not is_model(model) or not hasattr(model, "modules"):
        return 0
    sizes = (getattr(part, "out_features", 0) for part in model.modules())
    return max((size for size in sizes if isinstance(size, int)), default=0)


def prepare(model: Any, inputs: Array) -> tuple[Any, Array]:
    """The model as it can be exported, on the processor in single precision, and its inputs in the type that it takes.

    `inputs`: `[samples, ...]`. The model that is given is not touched.
    """
    torch = module()
    if isinstance(model, torch.export.ExportedProgram):
        return model, _of_kind(inputs, np.float32 if inputs.dtype.kind == "f" else inputs.dtype)
    _check_kind(model)
    try:
        ready = copy.deepcopy(unwrapped(model))
    except Exception as error:
        raise Error(f"the model cannot be copied, as is done before it is exported: {error}") from error
    ready = ready.cpu().float().eval()
    config = getattr(ready, "config", None)
    if config is not None and getattr(config, "use_cache", False):
        # What is kept for the next token is no output of a network.
        config.use_cache = False
    return ready, _taken(ready, inputs)


def _check_kind(model: Any) -> None:
    torch = module()
    if isinstance(model, torch.jit.ScriptModule):
        raise Error("a scripted model has no source that could be exported: give the module that it was made of")
    parameters = inspect.signature(unwrapped(model).forward).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [one.name for one in parameters if one.kind in positional and one.default is one.empty]
    # The first holds the samples; some of the others are filled in by their names.
    if len(needed) > 1 and not set(needed[1:]) <= _FILLED.keys():
        raise Error(
            f"the model takes {len(needed)} inputs ({', '.join(needed)}), and a network here takes one\n"
            "wrap it in a module that takes one and fills in the others, or rank the part that has one; filled in are "
            + ", ".join(_FILLED)
        )


def _others(model: Any, batch: Any) -> dict[str, Any]:
    """What the model needs beside a batch of tokens, as callers give it who have nothing to leave out."""
    needed = [
        one.name
        for one in list(inspect.signature(model.forward).parameters.values())[1:]
        if one.kind is one.POSITIONAL_OR_KEYWORD and one.default is one.empty and one.name in _FILLED
    ]
    torch = module()
    sizes = batch.shape[:2]
    made = {
        "ones": lambda: torch.ones(sizes, dtype=torch.int64),
        "zeros": lambda: torch.zeros(sizes, dtype=torch.int64),
        "false": lambda: torch.zeros(sizes, dtype=torch.bool),
        "places": lambda: torch.arange(sizes[-1]).expand(sizes),
    }
    return {name: made[_FILLED[name]]() for name in needed}


def export(model: Any, inputs: Array, path: Path) -> None:
    """Writes the model to `path`, a `.pt2` file, for any number of samples.

    `inputs`: `[samples, ...]`, of which a few are used.
    """
    torch = module()
    _check_version(torch)
    program = model if isinstance(model, torch.export.ExportedProgram) else _program(model, _batch(inputs))
    with _quiet():
        torch.export.save(program, path)
    _without_times(path)


def _without_times(path: Path) -> None:
    """Takes the time of writing out of the archive, where PyTorch before 2.8 puts it: the same model is the same file."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if all(entry.date_time[0] == _NO_YEAR for entry in entries):
            return
        parts = [(entry.filename, archive.read(entry)) for entry in entries]
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts:
            archive.writestr(zipfile.ZipInfo(name), part)


def _check_version(torch: Any) -> None:
    found = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if found < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise Error(f"PyTorch {torch.__version__} writes models that are not read; {oldest} or later does")


def _batch(inputs: Array) -> Any:
    rows = np.resize(np.arange(len(inputs)), _SAMPLES)
    return module().from_numpy(np.ascontiguousarray(inputs[rows]))


def _taken(model: Any, inputs: Array) -> Array:
    """The inputs in the type that the model takes, which is tried."""
    kinds: list[Any] = [np.float32]
    if inputs.dtype.kind in "iu":
        kinds.insert(0, np.int64)
    elif np.array_equal(inputs[:_SAMPLES], np.round(inputs[:_SAMPLES])):
        kinds.append(np.int64)
    errors: list[Exception] = []
    for kind in kinds:
        ready = _of_kind(inputs, kind)
        try:
            with module().no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                batch = _batch(ready)
                model(batch, **_others(model, batch))
            return ready
        except Exception as error:
            errors.append(error)
    # Numbers that go into an embedding are whole, and others of a network are not.
    are_tokens = len(errors) > 1 and any("indices" in str(error) for error in errors)
    first = errors[kinds.index(np.int64 if are_tokens else np.float32)]
    place = _place(first)
    at = f"\nat {place}" if place else ""
    shape = ", ".join(["samples", *map(str, inputs.shape[1:])])
    raise Error(
        f"the model does not take these inputs, [{shape}] of {inputs.dtype}: {_first_line(first)}{at}", str(first)
    ) from None


def _of_kind(inputs: Array, kind: Any) -> Array:
    return inputs if inputs.dtype == kind else inputs.astype(kind)


def _program(model: Any, batch: Any) -> Any:
    """The exported program, with a batch of any size where the model allows that."""
    torch = module()
    failed: Exception | None = None
    with _quiet():
        for size in _batches(torch):
            try:
                others = _others(model, batch)
                shapes = _sizes(model, size)
                if others:
                    shapes = {next(iter(inspect.signature(model.forward).parameters)): shapes[0]}
                    shapes |= {name: {0: size} for name in others}
                return torch.export.export(model, (batch,), others or None, dynamic_shapes=shapes, strict=False)
            except Exception as error:
                failed = failed or error
    assert failed is not None
    raise Error(_explained(failed), str(failed)) from None


def _batches(torch: Any) -> list[Any]:
    """How the number of samples is said to be open: by a name, and where PyTorch knows that, as far as the model lets it."""
    auto = getattr(torch.export.Dim, "AUTO", None)
    return [torch.export.Dim("batch"), *([] if auto is None else [auto])]


def _sizes(model: Any, size: Any) -> Any:
    """Axis 0 of the first argument is of that size."""
    first = next(iter(inspect.signature(model.forward).parameters.values()), None)
    if first is not None and first.kind is inspect.Parameter.VAR_POSITIONAL:
        return (({0: size},),)
    return ({0: size},)


def _explained(error: Exception) -> str:
    """Why a model cannot be exported, and what would help."""
    text, place = str(error), _place(error)
    at = f"\nat {place}" if place else ""
    if "data-dependent" in text:
        return (
            f"the model cannot be exported, since what it computes depends on the values that come in{at}\n"
            "write such a choice as `torch.where` or `torch.cond`, keep numbers as tensors (no `.item()` or `float()`), or rank "
            "the part of the model without it"
        )
    if "specialized" in text and "dynamic" in text:
        return (
            f"the model works for one number of samples only: a size in its source is a number{at}\n"
            "write -1 or `x.shape[0]` for the number of samples, as in `x.reshape(x.shape[0], -1)`"
        )
    return f"the model cannot be exported: {_first_line(error)}{at}\n`torch.export.draft_export` of PyTorch tells more"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _place(error: Exception) -> str:
    """The line of the user's source where an error came up: `net.py:12: x = x.reshape(8, -1)`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_of_user(frame.filename)]
    if frames:
        return _said(frames[-1].filename, frames[-1].lineno or 0, frames[-1].line or "")
    named = re.findall(r'File "([^"]+)", line (\d+)[^\n]*(?:\n\s+([^\n]+))?', str(error))
    named += [(file, line, "") for file, line in re.findall(r"\(([^():\s]+\.py):(\d+) in ", str(error))]
    for file, line, source in reversed(named):
        if _is_of_user(file):
            return _said(file, int(line), source)
    return ""


def _said(file: str, line: int, source: str) -> str:
    return f"{file}:{line}: {source.strip()}" if source.strip() else f"{file}:{line}"


def _is_of_user(file: str) -> bool:
    folders = [os.path.dirname(os.path.abspath(__file__))]
    torch = module()
    if torch is not None:
        folders.append(os.path.dirname(os.path.abspath(torch.__file__)))
    is_library = any(os.path.abspath(file).startswith(folder + os.sep) for folder in folders)
    is_library |= file.startswith(sysconfig.get_path("stdlib")) and "site-packages" not in file
    return not is_library and not re.search(r"(^|/)(torch/|_export/|importlib)", file) and not file.startswith("<frozen")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what exporting logs and warns of away from the user, who can do nothing about it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(before)
