"""What the program found, in Python."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, overload

from . import _html
from ._errors import Error

if TYPE_CHECKING:
    from ._workspace import Workspace

#: An activation or initialization as in a preset: a name, or a map of one name to its parameters; of slots apart, a map of slots.
Choice = Union[str, dict[str, Any]]

AS_GIVEN = "as_given"


@dataclass(frozen=True)
class Trainability:
    """Whether a candidate will train, told from how signals pass."""

    #: `trainable`, `vanishing`, `exploding`, `saturated`, `dead` or `non_finite`.
    verdict: str
    #: From 0, will not train, to 1.
    score: float


@dataclass(frozen=True)
class Repair:
    """A candidate that will not train, with its weights multiplied by a factor that makes it train, or by one for each layer."""

    #: The factor of all weights; None where each layer has its own.
    gain: float | None
    #: The initialization with these factors, as a preset and `apply` take it.
    init: Choice
    near: float
    trainability: Trainability
    #: By the name of the layer, where each has its own factor.
    gains: Mapping[str, float] = field(default_factory=dict)
    #: Beside one factor for all weights, one for each layer.
    by_layer: Repair | None = None
    #: Whether it is so near the limits that it may train to less than others.
    only_just: bool = False
    #: From 1: its place among the repairs of all candidates, the best first and those that only just train last.
    place: int | None = None
    #: Whether the one by layer is to be taken.
    takes_by_layer: bool = False

    @property
    def best(self) -> Repair:
        """The one to take, whose signals are further within their limits: this one, or the one by layer."""
        return self.by_layer if self.takes_by_layer and self.by_layer is not None else self


@dataclass(frozen=True)
class Layer:
    """A layer that NEAR counts, with its mean effective rank."""

    #: The path of the module in the model.
    module: str
    kind: str
    #: Columns of the rank matrix: the largest effective rank there can be.
    width: int
    effective_rank: float


@dataclass(frozen=True)
class Candidate:
    """One combination of activation and initialization, and what is known of it."""

    #: What fills the slots: a name, a map of one name to its parameters, or a map of slots to these; None without a slot.
    activation: Choice | None
    init: Choice
    #: From 1; candidates that tie exactly share it. None without a score.
    rank: int | None = None
    #: The sum of the effective ranks; None without a score.
    near: float | None = None
    standard_error: float | None = None
    #: Whether no repetition tells it apart from the best.
    tied_with_best: bool = False
    #: Mean difference to the best over the same draws.
    behind_best: float | None = None
    repetitions: int = 0
    parameters: int = 0
    #: Of a forward pass of one sample.
    multiply_adds: int | None = None
    #: `scored`, `failed`, `scoring` or `waiting`.
    status: str = "scored"
    #: Why it has no score.
    reason: str | None = None
    trainability: Trainability | None = None
    architecture: str | None = None
    #: Whether it cannot be told apart from the recommended one.
    equivalent: bool = False
    #: What would make it train, where `rank` was asked for that.
    repair: Repair | None = None
    #: Why nothing would, where that was looked for in vain.
    no_repair: str | None = None
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    _source: Workspace | None = field(default=None, repr=False, compare=False)

    @property
    def activation_label(self) -> str:
        """The activation in one line; a dash where the network has no slot."""
        return "-" if self.activation is None else label(self.activation)

    @property
    def init_label(self) -> str:
        """The initialization in one line."""
        return label(self.init)

    @property
    def will_train(self) -> bool:
        """Whether it has a score, and no signal says that it will not train."""
        verdict = self.trainability.verdict if self.trainability else "trainable"
        return self.near is not None and verdict == "trainable"

    def __str__(self) -> str:
        parts = [] if self.activation is None else [self.activation_label]
        named = " with ".join([*parts, self.init_label])
        return named if self.architecture is None else f"{self.architecture}, {named}"

    def to_dict(self) -> dict[str, Any]:
        """A flat map of numbers and texts, a row of a table."""
        verdict = self.trainability
        row: dict[str, Any] = {} if self.architecture is None else {"architecture": self.architecture}
        return {
            "rank": self.rank,
            **row,
            "activation": None if self.activation is None else self.activation_label,
            "init": self.init_label,
            "near": self.near,
            "standard_error": self.standard_error,
            "behind_best": self.behind_best,
            "tied_with_best": self.tied_with_best,
            "verdict": None if verdict is None else verdict.verdict,
            "trainability": None if verdict is None else verdict.score,
            "repetitions": self.repetitions,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "status": self.status,
            "reason": self.reason,
        }


class Ranking:
    """A ranking, best first.

    It is a sequence of `Candidate`. In a notebook it shows itself as a table and a matrix.
    """

    def __init__(self, report: Mapping[str, Any], source: Workspace | None = None) -> None:
        self._report = dict(report)
        self.candidates: list[Candidate] = [_candidate(row, source) for row in report["candidates"]]
        self._recommended = report.get("recommended")

    @classmethod
    def from_json(cls, text: str) -> Ranking:
        """A ranking of the JSON that `to_json` or `neartop rank --format json` wrote."""
        return cls(json.loads(text))

    @property
    def name(self) -> str:
        """The name of the preset or the model."""
        return str(self._report["preset"])

    @property
    def seed(self) -> int:
        """The seed of all draws."""
        return int(self._report["seed"])

    @property
    def recommended(self) -> Candidate | None:
        """The candidate to take; None where none will train."""
        choice = self._recommended
        return None if choice is None else self.find(choice["activation"], choice["init"], choice.get("architecture"))

    @property
    def why(self) -> str:
        """Why that candidate is recommended, or none."""
        if self._recommended is not None:
            return str(self._recommended["why"])
        return str(self._report.get("no_recommendation") or "no candidate has a score")

    @property
    def evidence(self) -> str | None:
        """What the recommendation stands on: `"signals"`, `"steps"` or `"training"`."""
        return None if self._recommended is None else self._recommended.get("evidence")

    @property
    def equivalent(self) -> list[Candidate]:
        """The candidates that cannot be told apart from the recommended one at the evidence there is, best first."""
        return [candidate for candidate in self.candidates if candidate.equivalent]

    @property
    def remark(self) -> str | None:
        """Which candidates cannot be told apart from the recommended one, and whether the choice matters, in words."""
        return None if self._recommended is None else self._recommended.get("remark")

    @property
    def repairs(self) -> list[Candidate]:
        """The candidates that have a repair: what `rank(..., repair=True)` found.

        They come by falling NEAR of the repair to take, last those that only just train with it.
        """
        repaired = [(c.repair.place or 0, c) for c in self.candidates if c.repair is not None]
        return [candidate for _, candidate in sorted(repaired, key=lambda pair: pair[0])]

    @property
    def activations(self) -> list[str]:
        """The searched activations in one line each, in the order of the ranking."""
        return list(dict.fromkeys(c.activation_label for c in self._searched() if c.activation is not None))

    @property
    def inits(self) -> list[str]:
        """The searched initializations in one line each, in the order of the ranking."""
        return list(dict.fromkeys(c.init_label for c in self._searched()))

    def _searched(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.init != AS_GIVEN]

    def find(self, activation: Choice | None, init: Choice, architecture: str | None = None) -> Candidate:
        """The candidate with that activation and initialization, each as in a preset or as its label."""
        wanted = (None if activation is None else label(activation), label(init))
        for candidate in self.candidates:
            own = (None if candidate.activation is None else candidate.activation_label, candidate.init_label)
            if own == wanted and architecture in (None, candidate.architecture):
                return candidate
        named = wanted[1] if wanted[0] is None else " with ".join(map(str, wanted))
        raise KeyError(f"no candidate is {named}")

    def __len__(self) -> int:
        return len(self.candidates)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.candidates)

    @overload
    def __getitem__(self, at: int) -> Candidate: ...
    @overload
    def __getitem__(self, at: slice) -> list[Candidate]: ...
    def __getitem__(self, at: int | slice) -> Candidate | list[Candidate]:
        return self.candidates[at]

    def table(self) -> list[dict[str, Any]]:
        """A flat map for each candidate, best first: what `wandb.Table`, `mlflow.log_table` and DataFrames are made of.

        Where repairs were found, `repair` is the initialization of the best one.
        """
        rows = [candidate.to_dict() for candidate in self.candidates]
        if self.repairs:
            for row, candidate in zip(rows, self.candidates, strict=True):
                row["repair"] = None if candidate.repair is None else label(candidate.repair.best.init)
        return rows

    def to_pandas(self) -> Any:
        """A DataFrame of pandas."""
        import pandas

        return pandas.DataFrame(self.table())

    def to_polars(self) -> Any:
        """A DataFrame of polars."""
        import polars

        return polars.DataFrame(self.table(), infer_schema_length=None)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The JSON of `neartop rank`, with the layers of every candidate; written to `path` too, if one is given."""
        return _written(json.dumps(self._report, indent=2), path)

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """The table as CSV; written to `path` too, if one is given."""
        rows = self.table()
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]) if rows else ["rank"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return _written(out.getvalue(), path)

    def to_optuna(self, study: Any, top: int = 10) -> int:
        """Enqueues the best `top` candidates that will train as the next trials of a study of Optuna, and says how many.

        The trials have the parameters `activation` and `init` with the labels that `activations` and `inits` list, which
        are the choices for `trial.suggest_categorical`. Where slots are filled apart there is `activation.SLOT` for each.
        """
        best = [candidate for candidate in self._searched() if candidate.will_train][:top]
        for candidate in best:
            study.enqueue_trial({**_parameters(candidate), "init": candidate.init_label}, skip_if_exists=True)
        return len(best)

    def __repr__(self) -> str:
        choice = self.recommended
        head = f"Ranking of {self.name}: {len(self)} candidates. "
        head += f"Recommended: {choice} ({self.why})" if choice else f"None is recommended: {self.why}"
        head += f". {self.remark}" if self.remark else ""
        return "\n".join([head, *_lines(self.candidates[:10])])

    def _repr_html_(self) -> str:
        return _html.ranking(self)


@dataclass(frozen=True)
class Score:
    """The effective ranks of a network as it is."""

    #: The sum of the effective ranks.
    near: float
    layers: tuple[Layer, ...]
    parameters: int | None = None
    #: Of a forward pass of one sample.
    multiply_adds: int | None = None

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> Score:
        """What the JSON of `neartop score` says."""
        return cls(float(report["near"]), _layers(report["layers"]), report.get("parameters"), report.get("multiply_adds"))

    def table(self) -> list[dict[str, Any]]:
        """A flat map for each layer."""
        return [dict(vars(layer)) for layer in self.layers]

    def to_pandas(self) -> Any:
        """A DataFrame of pandas, with a row for each layer."""
        import pandas

        return pandas.DataFrame(self.table())

    def _repr_html_(self) -> str:
        return _html.score(self)


def label(choice: Choice) -> str:
    """A choice in one line, as tables show it: `leaky_relu(negative_slope=0.2)`, or `hidden: gelu, output: tanh`."""
    if isinstance(choice, str):
        return choice
    if "recipe" in choice:
        return str(choice["recipe"])
    if _is_by_slot(choice):
        return ", ".join(f"{slot}: {label(inner)}" for slot, inner in choice.items())
    ((name, parameters),) = choice.items()
    if not isinstance(parameters, Mapping):
        return f"{name}({_value(parameters)})"
    return f"{name}({', '.join(f'{key}={_value(value)}' for key, value in parameters.items())})"


def _value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def _parameters(candidate: Candidate) -> dict[str, str]:
    activation = candidate.activation
    if activation is None:
        return {}
    if isinstance(activation, dict) and _is_by_slot(activation):
        return {f"activation.{slot}": label(choice) for slot, choice in activation.items()}
    return {"activation": candidate.activation_label}


def _is_by_slot(choice: dict[str, Any]) -> bool:
    """A map of slots has choices as values, and a map of one name has parameters, which are numbers and words."""
    values = list(choice.values())
    if len(values) != 1 or isinstance(values[0], str):
        return True
    return isinstance(values[0], Mapping) and any(isinstance(inner, Mapping) for inner in values[0].values())


def _candidate(row: Mapping[str, Any], source: Workspace | None) -> Candidate:
    return Candidate(
        activation=row["activation"],
        init=row["init"],
        rank=row["rank"],
        near=row["near"],
        standard_error=row["standard_error"],
        tied_with_best=row["tied_with_best"],
        behind_best=row.get("behind_best"),
        repetitions=row["repetitions"],
        parameters=row["parameters"],
        status=row["status"],
        reason=row.get("reason"),
        trainability=_trainability(row.get("trainability")),
        architecture=row.get("architecture"),
        multiply_adds=row.get("multiply_adds"),
        equivalent=row.get("equivalent", False),
        repair=_repair(row.get("repair")),
        no_repair=row.get("no_repair"),
        layers=_layers(row["layers"]),
        _source=source,
    )


def _trainability(row: Mapping[str, Any] | None) -> Trainability | None:
    return None if row is None else Trainability(row["verdict"], row["score"])


def _repair(row: Mapping[str, Any] | None) -> Repair | None:
    if row is None:
        return None
    verdict = row["trainability"]
    return Repair(
        row["gain"],
        row["init"],
        row["near"],
        Trainability(verdict["verdict"], verdict["score"]),
        row.get("gains", {}),
        _repair(row.get("by_layer")),
        row["only_just"],
        row.get("place"),
        row.get("best") == "by_layer",
    )


def _layers(rows: list[dict[str, Any]]) -> tuple[Layer, ...]:
    return tuple(Layer(row["module"], row["kind"], row["width"], row["effective_rank"]) for row in rows)


def _lines(candidates: list[Candidate]) -> list[str]:
    """A table in plain text."""
    rows = [("rank", "activation", "init", "NEAR", "verdict")]
    for c in candidates:
        near = "-" if c.near is None else f"{c.near:.2f}" + ("" if c.standard_error is None else f" ± {c.standard_error:.2f}")
        verdict = c.reason or (c.trainability.verdict if c.trainability else "")
        rows.append((str(c.rank or "-"), c.activation_label, c.init_label, near, verdict))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _written(text: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise Error(f"cannot write {path}: {error}") from error
    return text
