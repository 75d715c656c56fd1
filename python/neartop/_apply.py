"""A choice in a model of PyTorch, by the code that `neartop export` writes."""

from __future__ import annotations

import contextlib
import inspect
import json
import linecache
import re
import tempfile
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import _program, _torch
from ._errors import ActivationIsFunction, Assumption, Error
from ._ranking import Candidate, Choice
from ._workspace import Workspace

#: Samples that an initialization by data looks at.
_BATCH = 256


def apply(model: Any, candidate: Candidate, workspace: Workspace, seed: int) -> Any:
    """Initializes the model in place, and replaces its activation modules."""
    code = _code(candidate, workspace, seed)
    module = _torch.unwrapped(model)
    arguments: list[Any] = [module]
    if len(inspect.signature(code.apply).parameters) > 2:
        arguments.append(_batch(module, workspace))
    frozen = {name: p.detach().clone() for name, p in module.named_parameters() if not p.requires_grad}
    with warnings.catch_warnings(record=True) as said, _in_single_precision(module):
        warnings.simplefilter("always")
        try:
            code.apply(*arguments, seed=seed)
        except AttributeError as error:
            raise Error(f"this is not the model that was ranked: {error}") from error
    for one in said:
        kind = ActivationIsFunction if one.category is UserWarning else one.category
        warnings.warn(_with_source(str(one.message)), kind, stacklevel=_program.outside())
    if kept := _keep(module, frozen):
        more = f", and {len(kept) - 1} more" if len(kept) > 1 else ""
        note = f"{kept[0]} is frozen (requires_grad=False) and keeps its numbers{more}, though the ranking drew it"
        warnings.warn(note, Assumption, stacklevel=_program.outside())
    return model


def _keep(model: Any, frozen: dict[str, Any]) -> list[str]:
    """Gives frozen parameters their numbers again; the names of those that had others."""
    torch = _torch.module()
    changed = [name for name, own in frozen.items() if not torch.equal(model.get_parameter(name).detach(), own)]
    for name in changed:
        model.get_parameter(name).data.copy_(frozen[name])
    return changed


def _with_source(message: str) -> str:
    """The line that is meant, below `net.py:12: change relu to gelu`: a cell of a notebook has no name that says much."""
    place = re.match(r"(.+):(\d+): ", message)
    line = linecache.getline(place[1], int(place[2])).strip() if place else ""
    return f"{message}\n    {line}" if line else message


def export(candidate: Candidate, workspace: Workspace, seed: int, name: str, kind: str) -> bytes:
    """What `neartop export` writes of a candidate to a file of that name and kind."""
    options = ["--init", _written(candidate.init), "--seed", str(seed), "--as", kind]
    if candidate.activation is not None and candidate.init != "as_given":
        options += ["--activation", _written(candidate.activation)]
    if candidate.architecture is not None:
        options += ["--architecture", candidate.architecture]
    with tempfile.TemporaryDirectory(prefix="neartop-") as folder:
        path = Path(folder) / name
        _program.run(["export", workspace.preset, "--output", path, *options], is_silent=True)
        return path.read_bytes()


def _code(candidate: Candidate, workspace: Workspace, seed: int) -> Any:
    """The module that `neartop export` writes."""
    source = export(candidate, workspace, seed, "choice.py", "pytorch").decode()
    code = types.ModuleType("neartop_choice")
    exec(compile(source, "<neartop export>", "exec"), vars(code))
    return code


def _written(choice: Choice) -> str:
    return choice if isinstance(choice, str) else json.dumps(choice)


def _batch(model: Any, workspace: Workspace) -> Any:
    """Samples where the model is."""
    if workspace.samples is None:
        raise Error("this initialization looks at data, and the ranking has none: give `inputs` to `rank`")
    batch = _torch.module().from_numpy(workspace.samples[:_BATCH].copy())
    first = next(model.parameters(), None)
    return batch if first is None else batch.to(first.device)


@contextlib.contextmanager
def _in_single_precision(model: Any) -> Iterator[None]:
    """Parameters of less than single precision, in which not everything can be drawn, are rounded at the end."""
    torch = _torch.module()
    small = {name: p.dtype for name, p in model.named_parameters() if p.dtype in (torch.float16, torch.bfloat16)}
    for name in small:
        model.get_parameter(name).data = model.get_parameter(name).data.float()
    try:
        yield
    finally:
        for name, dtype in small.items():
            model.get_parameter(name).data = model.get_parameter(name).data.to(dtype)
