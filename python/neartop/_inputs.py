"""Samples as people have them, as arrays of NumPy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import Error

Array = npt.NDArray[Any]

#: Samples that are taken of what cannot be counted beforehand, unless the model needs more.
USUAL = 1024

#: Bytes of samples that are handed over; of more, samples that stand evenly in all of them.
_MOST = 2 << 30

#: What batches that are maps call their samples and their labels, in order.
_SAMPLES = ("input_ids", "pixel_values", "inputs", "input", "x", "images", "image", "features", "data")
_LABELS = ("labels", "label", "targets", "target", "y")


@dataclass
class Samples:
    """Samples `[samples, ...]` and labels `[samples]` or `[samples, outputs]`."""

    inputs: Array
    labels: Array | None = None
    #: What was assumed.
    notes: list[str] = field(default_factory=list)


def read(inputs: Any, labels: Any = None, *, wanted: int = USUAL) -> Samples:
    """Makes arrays of arrays, tensors, tables, lists, loaders and datasets.

    `wanted` is how many samples are taken of a loader or a dataset.
    """
    if _is_table(inputs):
        samples = _of_table(inputs, labels)
    elif _is_stream(inputs):
        if labels is not None:
            raise Error(f"`labels` come with the batches of a {type(inputs).__name__}: leave `labels` out")
        samples = _of_batches(_batches(inputs, wanted), wanted)
    elif _is_batch_of_maps(inputs) or isinstance(inputs, Mapping):
        first, second = _split(inputs)
        given = labels if labels is not None else second
        samples = Samples(array(first, "inputs"), None if given is None else _labels(given), _left_out(inputs))
    else:
        if isinstance(inputs, tuple) and len(inputs) == 2 and all(hasattr(part, "shape") for part in inputs):
            raise Error("`inputs` is a pair: give the samples as `inputs` and the labels as `labels`")
        samples = Samples(array(inputs, "inputs"), None if labels is None else _labels(labels))
    _check(samples)
    return _fitting(samples)


def array(values: Any, what: str) -> Array:
    """One array of numbers `[samples, ...]`."""
    if isinstance(values, (list, tuple)) and values and hasattr(values[0], "detach"):
        values = [_plain(value) for value in values]
    try:
        found = np.asarray(_plain(values))
    except (TypeError, ValueError) as error:
        raise Error(f"`{what}` cannot be made an array: {error}") from error
    if found.dtype == object or found.dtype.kind not in "biuf":
        raise Error(f"`{what}` must hold numbers, and these are {_kind(values, found)}")
    return found.astype(np.uint8) if found.dtype == bool else found


def _plain(values: Any) -> Any:
    """Tensors of PyTorch, wherever they are, as arrays."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        if str(values.dtype) in ("torch.bfloat16", "torch.float8_e4m3fn", "torch.float8_e5m2"):
            values = values.float()
        return values.numpy()
    return values


def _kind(values: Any, found: Array) -> str:
    if found.dtype == object and isinstance(values, (list, tuple)):
        return "lists of different lengths, or no numbers"
    return f"of dtype {found.dtype}" if found.ndim else f"a {type(values).__name__}"


def _labels(values: Any) -> Array:
    """Labels; classes by name as numbers from 0 in alphabetical order."""
    return _numbered(_label_array(values))


def _label_array(values: Any) -> Array:
    if _is_table(values) or _is_series(values):
        values = values.to_numpy()
    if isinstance(values, (list, tuple)):
        values = [_plain(value) for value in values]
    return np.asarray(_plain(values))


def _numbered(found: Array) -> Array:
    if found.dtype.kind in "USO":
        if found.ndim != 1:
            raise Error("labels that are names must be one for each sample")
        return np.unique(found.astype(str), return_inverse=True)[1].astype(np.int64)
    if found.dtype.kind not in "biuf":
        raise Error(f"`labels` must be numbers or names, and these are of dtype {found.dtype}")
    return found.astype(np.int64) if found.dtype.kind in "biu" else found


def _check(samples: Samples) -> None:
    inputs, labels = samples.inputs, samples.labels
    if inputs.ndim == 0:
        raise Error("`inputs` must be [samples, ...], and this is a single number")
    if len(inputs) == 0:
        raise Error("`inputs` has no samples")
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        at = tuple(int(index) for index in np.argwhere(~np.isfinite(inputs))[0])
        places = ", ".join(map(str, at))
        raise Error(f"`inputs` holds {inputs[at]} at [{places}]: fill in or leave out what is missing")
    if labels is not None and len(labels) != len(inputs):
        raise Error(f"there are {len(inputs)} samples and {len(labels)} labels")
    if labels is not None and labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise Error(f"`labels` has no number for sample {int(np.argwhere(~np.isfinite(labels))[0][0])}")


def _fitting(samples: Samples) -> Samples:
    """At most so many samples as are handed over."""
    total = samples.inputs.nbytes
    if total <= _MOST:
        return samples
    count = max(1, int(len(samples.inputs) * _MOST / total))
    rows = np.linspace(0, len(samples.inputs) - 1, count).astype(np.int64)
    note = f"the inputs take {total / 2**30:.1f} GiB, so {count:,} of {len(samples.inputs):,} samples are used"
    return Samples(samples.inputs[rows], None if samples.labels is None else samples.labels[rows], [*samples.notes, note])


# Tables.


def _is_table(values: Any) -> bool:
    """Whether this is a DataFrame of pandas or polars."""
    module = type(values).__module__.partition(".")[0]
    return module in ("pandas", "polars", "modin", "cudf") and hasattr(values, "columns")


def _is_series(values: Any) -> bool:
    return type(values).__module__.partition(".")[0] in ("pandas", "polars") and hasattr(values, "to_numpy")


def _of_table(table: Any, labels: Any) -> Samples:
    """The columns of numbers; `labels` may name columns."""
    columns = [str(column) for column in table.columns]
    names = _names(labels, len(table))
    if names is None:
        return Samples(_features(table, columns, columns), None if labels is None else _labels(labels))
    missing = [name for name in names if name not in columns]
    if missing:
        raise Error(f"the table has no column `{missing[0]}`; its columns are {', '.join(columns)}")
    learnt = [np.asarray(_column(table, name, columns).to_numpy()) for name in names]
    features = _features(table, [column for column in columns if column not in names], columns)
    return Samples(features, _labels(learnt[0] if len(names) == 1 else np.stack(learnt, axis=1)))


def _names(labels: Any, rows: int) -> list[str] | None:
    """Names of columns, if labels are named rather than given."""
    if isinstance(labels, str):
        return [labels]
    is_list = isinstance(labels, (list, tuple)) and len(labels) != rows
    return list(labels) if is_list and all(isinstance(name, str) for name in labels) else None


def _column(table: Any, name: str, columns: list[str]) -> Any:
    place = columns.index(name)
    return table.iloc[:, place] if hasattr(table, "iloc") else table[:, place]


def _features(table: Any, names: list[str], columns: list[str]) -> Array:
    arrays, wrong, gaps = [], [], []
    for name in names:
        values = np.asarray(_column(table, name, columns).to_numpy())
        if values.dtype.kind not in "biuf":
            try:
                values = values.astype(np.float64)
            except (TypeError, ValueError):
                wrong.append(name)
                continue
        if values.dtype.kind == "f" and np.isnan(values).any():
            gaps.append(name)
        arrays.append(values)
    if wrong:
        words = "is no number" if len(wrong) == 1 else "are no numbers"
        raise Error(f"what stands in {', '.join(wrong)} {words}: encode them, leave them out, or name what is learnt by `labels`")
    if gaps:
        raise Error(f"values are missing in {', '.join(gaps)}: fill them in, or leave out the samples, as the model is fed")
    if not arrays:
        raise Error("the table has no columns of numbers")
    return np.stack([values.astype(np.float32) for values in arrays], axis=1)


# Loaders and datasets.


def _is_stream(values: Any) -> bool:
    """Whether batches or samples come one after the other."""
    if isinstance(values, (list, tuple, Mapping, str, bytes)) or hasattr(values, "__array__") or hasattr(values, "detach"):
        return False
    return hasattr(values, "__iter__") or (hasattr(values, "__getitem__") and hasattr(values, "__len__"))


def _batches(stream: Any, wanted: int) -> Iterator[Any]:
    """Batches of a loader; samples of a dataset, each a batch of one, drawn from all of it."""
    if hasattr(stream, "as_numpy_iterator"):
        return iter(stream.as_numpy_iterator())
    if not (hasattr(stream, "__getitem__") and hasattr(stream, "__len__")):
        torch = sys.modules.get("torch")
        is_of_samples = torch is not None and isinstance(stream, torch.utils.data.Dataset)
        return (_lifted(sample) for sample in stream) if is_of_samples else iter(stream)
    if hasattr(stream, "max_queue_size"):
        # A dataset of Keras gives batches by their places.
        return (stream[at] for at in range(len(stream)))
    count = len(stream)
    rows = np.random.default_rng(0).permutation(count)[:wanted] if count > wanted else range(count)
    return (_lifted(stream[int(row)]) for row in rows)


def _lifted(sample: Any) -> Any:
    """A sample as a batch of one; what is a tuple has parts, as samples with their labels."""
    if isinstance(sample, Mapping):
        return {name: np.asarray(_plain(value))[None] for name, value in sample.items() if value is not None}
    if isinstance(sample, tuple):
        return tuple(np.asarray(_plain(value))[None] for value in sample)
    return np.asarray(_plain(sample))[None]


def _of_batches(batches: Iterator[Any], wanted: int) -> Samples:
    inputs: list[Array] = []
    labels: list[Array] = []
    count = 0
    notes: list[str] = []
    for batch in batches:
        first, second = _split(batch)
        notes = notes or _left_out(batch)
        if second is not None and np.ndim(_plain(second)) == 0:
            # A sample with its label, not a batch.
            first, second = _lifted(first), _lifted(second)
        inputs.append(array(first, "inputs"))
        if second is not None:
            labels.append(_label_array(second))
        if inputs[-1].ndim == 0:
            raise Error("the iterable gives single numbers: give batches [samples, ...]")
        count += len(inputs[-1])
        if count >= wanted:
            break
    if not inputs:
        raise Error("the loader gives no batches")
    shapes = {one.shape[1:] for one in inputs}
    if len(shapes) > 1:
        sizes = ", ".join(str(list(shape)) for shape in sorted(shapes)[:3])
        raise Error(f"the batches hold samples of different shapes, {sizes}: bring them to one")
    together = _numbered(np.concatenate(labels)) if labels and len(labels) == len(inputs) else None
    return Samples(np.concatenate(inputs), together, notes)


def _is_batch_of_maps(values: Any) -> bool:
    return hasattr(values, "keys") and hasattr(values, "__getitem__") and not _is_table(values)


def _parts(names: list[Any]) -> tuple[Any, Any]:
    """Which part of a map holds the samples, and which the labels, if there are some."""
    sample = next((name for name in _SAMPLES if name in names), None)
    if sample is None and len(names) == 1:
        sample = names[0]
    if sample is None:
        raise Error(f"which of {', '.join(map(str, names))} holds the samples? Give that one as `inputs`")
    return sample, next((name for name in _LABELS if name in names), None)


def _left_out(batch: Any) -> list[str]:
    """What is said of the parts of a map that are neither samples nor labels."""
    if not (isinstance(batch, Mapping) or _is_batch_of_maps(batch)):
        return []
    names = list(batch.keys())
    used = _parts(names)
    left = ", ".join(str(name) for name in names if name not in used)
    mask = "; nothing is masked, so padding counts as the rest" if "attention_mask" in names else ""
    return [f"of each batch `{used[0]}` goes into the model, and not {left}{mask}"] if left else []


def _split(batch: Any) -> tuple[Any, Any]:
    """Samples and labels of a batch: a pair, a map with usual names, or samples alone."""
    if isinstance(batch, Mapping) or _is_batch_of_maps(batch):
        sample, label = _parts(list(batch.keys()))
        return batch[sample], None if label is None else batch[label]
    if isinstance(batch, (list, tuple)):
        if len(batch) == 1:
            return batch[0], None
        if len(batch) == 2:
            return batch[0], batch[1]
        raise Error(f"a batch has {len(batch)} parts, and samples and labels are two: give arrays as `inputs` and `labels`")
    return batch, None


def is_path(values: Any) -> bool:
    """Whether samples are named rather than given."""
    return isinstance(values, (str, os.PathLike))
