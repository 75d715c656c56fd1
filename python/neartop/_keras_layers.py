"""Layers of Keras as layers of a preset, without weights: any backend will do, and nothing is exported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Activations of Keras by name, as presets call them; what is left out has the same name.
_ACTIVATIONS: dict[str, Any] = {
    "swish": "silu",
    "hard_sigmoid": "hardsigmoid",
    "hard_silu": "hardswish",
    "hard_swish": "hardswish",
    "tanh_shrink": "tanhshrink",
    "soft_shrink": "softshrink",
    "hard_shrink": "hardshrink",
    "leaky_relu": {"leaky_relu": {"negative_slope": 0.2}},
}
_SAME_NAME = (
    "relu relu6 elu celu selu gelu silu mish sigmoid tanh softplus softsign log_sigmoid squareplus softmax log_softmax"
).split()

#: Softmaxes are layers, and fill no slot.
_NO_SLOT = ("softmax", "log_softmax")

_MERGES = {"Add": "add", "Multiply": "multiply", "Concatenate": "concat"}

_SEQUENCE = ("Conv1D", "MaxPooling1D", "AveragePooling1D")


class NoSuchLayer(Exception):
    """A layer that presets do not have, or not so."""


@dataclass
class Entry:
    """A layer of a preset, and the layer of Keras that it came from."""

    spec: Any
    layer: Any = None
    #: Of an activation: what it is now.
    activation: Any = None
    branches: list[list[Entry]] = field(default_factory=list)
    #: Whether it has weights that are drawn.
    is_weighted: bool = False


@dataclass
class Converted:
    """A network as a preset has it."""

    input: Any
    entries: list[Entry]
    #: Layers of Keras that compute on samples before anything is learnt.
    before: list[Any]
    notes: list[str]
    has_channels: bool

    def layers(self, slots: Any) -> list[Any]:
        """The layers of the preset, with slots for the activations that are searched."""
        chosen = _chosen(self.entries, slots)
        return [_written(entry, chosen) for entry in self.entries]

    def places(self) -> list[tuple[str, Entry]]:
        """Every layer with its place, as in `4.branches.1.0`."""
        return list(_places(self.entries, ""))

    def searched(self, slots: Any) -> dict[int, str]:
        """The slots of activations, by the identity of their entries."""
        return _chosen(self.entries, slots)


def convert(model: Any) -> Converted:
    """The layers of a functional or sequential model; `NoSuchLayer` says what is in the way."""
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise NoSuchLayer("its layers are called by code of its own, not listed")
    if len(model.inputs) > 1:
        raise NoSuchLayer(f"it takes {len(model.inputs)} inputs, and a network here takes one")
    graph = _Graph(model)
    before, start = graph.preprocessing()
    entries = graph.chain(model.outputs[0], start)
    if others := len(model.outputs) - 1:
        graph.notes.append(f"of what the model gives, only the first is looked at, not the {others} after it")
    return Converted(graph.input_of(start), entries, before, graph.notes, graph.form(start) in ("image", "sequence"))


class _Graph:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.notes: list[str] = []
        self._seen: set[int] = set()
        self._dominators: dict[int, dict[int, Any]] = {}

    def preprocessing(self) -> tuple[list[Any], Any]:
        """The layers that scale samples, and the tensor that they give."""
        before: list[Any] = []
        tensor = self.model.inputs[0]
        while True:
            after = [layer for layer in self.model.layers if any(given is tensor for given in _givens(layer))]
            if len(after) != 1 or type(after[0]).__name__ not in ("Rescaling", "Normalization"):
                return before, tensor
            before.append(after[0])
            tensor = after[0].output

    def input_of(self, start: Any) -> Any:
        """The key `input` of the network."""
        sizes = [int(size) if size is not None else None for size in start.shape[1:]]
        if None in sizes:
            raise NoSuchLayer(f"its input {tuple(sizes)} leaves sizes open: build it with `keras.Input(shape=...)` of one size")
        form = self.form(start)
        if form == "ids":
            return {"tokens": sizes[0], "vocab": next(iter(self._embeddings())).input_dim}
        if form == "tokens":
            return {"tokens": sizes[0], "features": sizes[1]}
        return sizes[0] if form == "vector" else [sizes[-1], *sizes[:-1]]

    def _embeddings(self) -> Iterable[Any]:
        return (layer for layer in self.model.layers if type(layer).__name__ == "Embedding")

    def form(self, tensor: Any) -> str:
        """What a tensor is: `vector`, `ids`, `tokens` (length, features), `sequence` (length, channels) or `image`."""
        rank = len(tensor.shape) - 1
        if rank == 3:
            return "image"
        node = _node(tensor)
        if rank == 1:
            takers = [layer for layer in self.model.layers if any(given is tensor for given in _givens(layer))]
            return "ids" if takers and all(type(layer).__name__ == "Embedding" for layer in takers) else "vector"
        if rank != 2:
            raise NoSuchLayer(f"values of {rank} axes come up in it")
        kind = type(node.operation).__name__
        if kind in _SEQUENCE:
            return "sequence"
        if kind == "InputLayer" or not node.input_tensors:
            return "sequence" if any(type(layer).__name__ in _SEQUENCE for layer in self._first(tensor)) else "tokens"
        passes = kind in (*_PASSING, *_MERGES)
        return self.form(node.input_tensors[0]) if passes else "tokens"

    def _first(self, tensor: Any) -> Iterable[Any]:
        """The first layers behind a tensor that have an opinion on what it is."""
        for layer in self.model.layers:
            if any(given is tensor for given in _givens(layer)):
                if type(layer).__name__ in _PASSING:
                    yield from self._first(layer.output)
                else:
                    yield layer

    def chain(self, tensor: Any, start: Any) -> list[Entry]:
        """The layers that lead from one tensor to another."""
        backwards: list[list[Entry]] = []
        while tensor is not start:
            node = _node(tensor)
            operation, givens = node.operation, node.input_tensors
            if not givens:
                raise NoSuchLayer("values that do not come from its input flow into it")
            self._once(operation)
            if hasattr(operation, "layers") and hasattr(operation, "outputs"):
                backwards.append(self._nested(operation))
                tensor = givens[0]
            elif len(givens) == 1:
                backwards.append(self._layer(operation, givens[0]))
                tensor = givens[0]
            else:
                common = self._common(givens)
                backwards.append([self._merge(operation, givens, common)])
                tensor = common
        return [entry for entries in reversed(backwards) for entry in entries]

    def _nested(self, model: Any) -> list[Entry]:
        graph = _Graph(model)
        graph._seen = self._seen
        entries = graph.chain(model.outputs[0], model.inputs[0])
        self.notes += graph.notes
        return entries

    def _once(self, operation: Any) -> None:
        if id(operation) in self._seen:
            raise NoSuchLayer(f"the layer `{operation.name}` is called more than once, with weights or values that are shared")
        self._seen.add(id(operation))

    def _merge(self, operation: Any, givens: list[Any], common: Any) -> Entry:
        kind = _MERGES.get(type(operation).__name__)
        if kind is None:
            raise NoSuchLayer(_not_known(operation))
        if kind == "concat" and getattr(operation, "axis", -1) not in (-1, len(givens[0].shape) - 1):
            raise NoSuchLayer(f"the layer `{operation.name}` joins along axis {operation.axis}, and units stand in the last one")
        branches = [self.chain(given, common) for given in givens]
        return Entry({kind: None}, branches=branches)

    def _common(self, givens: list[Any]) -> Any:
        """The last tensor that all ways to these lead through."""
        shared = set.intersection(*(set(self._dominating(given)) for given in givens))
        of_first = self._dominating(givens[0])
        return max((of_first[at] for at in shared), key=lambda tensor: len(self._dominating(tensor)))

    def _dominating(self, tensor: Any) -> dict[int, Any]:
        """The tensors that all ways to this one lead through, itself among them."""
        pending = [tensor]
        while pending:
            now = pending[-1]
            if id(now) in self._dominators:
                pending.pop()
                continue
            givens = _node(now).input_tensors
            missing = [given for given in givens if id(given) not in self._dominators]
            if missing:
                pending += missing
                continue
            common: dict[int, Any] = {}
            if givens:
                of_all = [self._dominators[id(given)] for given in givens]
                common = {at: one for at, one in of_all[0].items() if all(at in other for other in of_all)}
            self._dominators[id(now)] = {**common, id(now): now}
            pending.pop()
        return self._dominators[id(tensor)]

    def _layer(self, layer: Any, given: Any) -> list[Entry]:
        kind = type(layer).__name__
        read = _LAYERS.get(kind)
        if read is None:
            raise NoSuchLayer(_not_known(layer))
        entries = read(layer, self.form(given), self.notes)
        wanted = "sequence" if kind in _SEQUENCE else "tokens"
        if self.form(given) in ("sequence", "tokens") and self.form(given) != wanted and kind in (*_SEQUENCE, *_OF_TOKENS):
            entries.insert(0, Entry({"permute": [1, 0]}))
        return entries


def _node(tensor: Any) -> Any:
    operation, at = tensor._keras_history[:2]
    return operation._inbound_nodes[at]


def _givens(layer: Any) -> list[Any]:
    return [given for node in getattr(layer, "_inbound_nodes", []) for given in node.input_tensors]


def _not_known(layer: Any) -> str:
    return f"the layer `{layer.name}` is a {type(layer).__name__}, which is not known here"


# Layers, each as entries of a preset.

_Notes = list[str]


def _activation(function: Any, layer: Any) -> list[Entry]:
    if function is None:
        return []
    name = getattr(function, "__name__", "") or getattr(function, "name", "")
    if name == "linear":
        return []
    if name not in _ACTIVATIONS and name not in _SAME_NAME:
        raise NoSuchLayer(f"the activation of the layer `{layer.name}` is {name or function!r}, which is not known here")
    return [Entry(None, layer, _ACTIVATIONS.get(name, name))]


def _fixed(choice: Any) -> Callable[[Any, str, _Notes], list[Entry]]:
    return lambda layer, form, notes: [Entry(None, layer, choice(layer))]


def _dense(layer: Any, form: str, notes: _Notes) -> list[Entry]:
    if form in ("image", "sequence"):
        raise NoSuchLayer(f"the layer `{layer.name}` is a Dense on channels: a convolution with a kernel of 1 is the same")
    spec = {"linear": {"out": layer.units, "bias": layer.use_bias}}
    return [Entry(spec, layer, is_weighted=True), *_activation(layer.activation, layer)]


def _convolution(layer: Any, form: str, notes: _Notes) -> list[Entry]:
    _channels_last(layer)
    return [_conv(layer, layer.filters, layer.groups), *_activation(layer.activation, layer)]


def _depthwise(layer: Any, form: str, notes: _Notes) -> list[Entry]:
    _channels_last(layer)
    channels = layer.kernel.shape[-2]
    return [_conv(layer, channels * layer.depth_multiplier, channels), *_activation(layer.activation, layer)]


def _conv(layer: Any, out: int, groups: int) -> Entry:
    if layer.padding not in ("same", "valid"):
        raise NoSuchLayer(f"the layer `{layer.name}` has the padding {layer.padding!r}, which is not known here")
    spec = {"out": out, "kernel": _sizes(layer.kernel_size), "stride": _sizes(layer.strides)}
    spec |= {"padding": "same" if layer.padding == "same" else 0, "dilation": _sizes(layer.dilation_rate)}
    spec |= {"groups": groups, "bias": layer.use_bias}
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
    spec = {name: value for name, value in spec.items() if usual.get(name) != value}
    return Entry({"conv1d" if len(layer.kernel_size) == 1 else "conv2d": spec}, layer, is_weighted=True)


def _pooling(name: str) -> Callable[[Any, str, _Notes], list[Entry]]:
    def read(layer: Any, form: str, notes: _Notes) -> list[Entry]:
        _channels_last(layer)
        if layer.padding != "valid":
            raise NoSuchLayer(f"the layer `{layer.name}` pools with the padding {layer.padding!r}, which is not known here")
        return [Entry({name: {"kernel": _sizes(layer.pool_size), "stride": _sizes(layer.strides)}}, layer)]

    return read


def _global(layer: Any, form: str, notes: _Notes) -> list[Entry]:
    _channels_last(layer)
    if form == "tokens":
        return [Entry({"mean": "positions"}, layer)]
    return [Entry("global_avg_pool", layer), *([] if layer.keepdims else [Entry("flatten")])]


def _norm(name: str) -> Callable[[Any, str, _Notes], list[Entry]]:
    def read(layer: Any, form: str, notes: _Notes) -> list[Entry]:
        axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0] if len(layer.axis) == 1 else None
        if axis not in (-1, len(layer.input.shape) - 1):
            raise NoSuchLayer(f"the layer `{layer.name}` is over axis {layer.axis}, and units stand in the last one")
        note = f"norms take the epsilon of PyTorch, 0.00001, where Keras has {layer.epsilon:g}"
        if layer.epsilon != 1e-5 and note not in notes:
            notes.append(note)
        spec: Any = name
        if name == "group_norm":
            spec = {name: layer.groups if layer.groups > 0 else layer.input.shape[-1]}
        elif name == "layer_norm" and form in ("image", "sequence"):
            spec = {name: "channels"}
        return [Entry(spec, layer, is_weighted=True)]

    return read


def _recurrent(name: str) -> Callable[[Any, str, _Notes], list[Entry]]:
    def read(layer: Any, form: str, notes: _Notes) -> list[Entry]:
        cell = layer.forward_layer if hasattr(layer, "forward_layer") else layer
        kind = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}.get(type(cell).__name__)
        usual = getattr(cell.activation, "__name__", "") == "tanh" and not (
            cell.stateful or cell.go_backwards or cell.return_state
        )
        gates = getattr(getattr(cell, "recurrent_activation", None), "__name__", "sigmoid")
        if kind is None or not usual or gates != "sigmoid" or not getattr(cell, "reset_after", True):
            raise NoSuchLayer(f"the layer `{layer.name}` computes otherwise than recurrent layers of PyTorch do")
        spec = {"hidden": cell.units, "output": "sequence" if cell.return_sequences else "last"}
        if cell is not layer:
            if layer.merge_mode != "concat":
                raise NoSuchLayer(f"the layer `{layer.name}` merges its directions by {layer.merge_mode!r}, not by `concat`")
            spec["bidirectional"] = True
        return [Entry({kind: spec}, layer, is_weighted=True)]

    return read


def _channels_last(layer: Any) -> None:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise NoSuchLayer(f"the layer `{layer.name}` has channels first, and models of Keras are read with channels last")


def _sizes(sizes: Any) -> Any:
    """One number where all are the same."""
    sizes = [int(size) for size in sizes] if isinstance(sizes, (tuple, list)) else [int(sizes)]
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _relu(layer: Any) -> Any:
    if layer.threshold:
        raise NoSuchLayer(f"the layer `{layer.name}` is a ReLU with a threshold, which is not known here")
    if layer.max_value is not None:
        if layer.max_value != 6 or layer.negative_slope:
            raise NoSuchLayer(f"the layer `{layer.name}` is a ReLU that ends at {layer.max_value}, which is not known here")
        return "relu6"
    return {"leaky_relu": {"negative_slope": float(layer.negative_slope)}} if layer.negative_slope else "relu"


def _nothing(layer: Any, form: str, notes: _Notes) -> list[Entry]:
    return []


#: Layers that leave values of two axes what they are.
_PASSING = (
    "BatchNormalization LayerNormalization GroupNormalization Activation ReLU LeakyReLU ELU Dropout SpatialDropout1D "
    "GaussianDropout GaussianNoise AlphaDropout ActivityRegularization Softmax"
).split()

#: Layers that take features last.
_OF_TOKENS = "Dense LSTM GRU SimpleRNN Bidirectional".split()

_LAYERS: dict[str, Callable[[Any, str, _Notes], list[Entry]]] = {
    "Dense": _dense,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "BatchNormalization": _norm("batch_norm"),
    "LayerNormalization": _norm("layer_norm"),
    "GroupNormalization": _norm("group_norm"),
    "MaxPooling1D": _pooling("max_pool"),
    "MaxPooling2D": _pooling("max_pool"),
    "AveragePooling1D": _pooling("avg_pool"),
    "AveragePooling2D": _pooling("avg_pool"),
    "GlobalAveragePooling1D": _global,
    "GlobalAveragePooling2D": _global,
    "Flatten": lambda layer, form, notes: [Entry("flatten", layer)] if form != "vector" else [],
    "Dropout": lambda layer, form, notes: [Entry({"dropout": float(layer.rate)}, layer)],
    "SpatialDropout1D": _nothing,
    "SpatialDropout2D": _nothing,
    "GaussianNoise": _nothing,
    "GaussianDropout": _nothing,
    "ActivityRegularization": _nothing,
    "Identity": _nothing,
    "Embedding": lambda layer, form, notes: [Entry({"embedding": layer.output_dim}, layer, is_weighted=True)],
    "LSTM": _recurrent("lstm"),
    "GRU": _recurrent("gru"),
    "SimpleRNN": _recurrent("rnn"),
    "Bidirectional": _recurrent("bidirectional"),
    "Activation": lambda layer, form, notes: _activation(layer.activation, layer),
    "ReLU": _fixed(_relu),
    "LeakyReLU": _fixed(lambda layer: {"leaky_relu": {"negative_slope": float(layer.negative_slope)}}),
    "ELU": _fixed(lambda layer: {"elu": {"alpha": float(layer.alpha)}} if layer.alpha != 1 else "elu"),
    "Softmax": _fixed(lambda layer: "softmax"),
}


# Slots.


def _chosen(entries: list[Entry], slots: Any) -> dict[int, str]:
    """The names of slots of the activations that are searched: by default those of the commonest kind."""
    found = [entry for entry in _all(entries) if entry.activation is not None]
    free = [entry for entry in found if _kind(entry) not in _NO_SLOT]
    if slots is None:
        weighted = [at for at, entry in enumerate(_all(entries)) if entry.is_weighted]
        last = weighted[-1] if weighted else -1
        inner = [entry for at, entry in enumerate(_all(entries)) if at < last and any(entry is one for one in free)]
        kinds = Counter(map(_kind, inner))
        commonest = max(kinds, key=lambda kind: kinds[kind], default=None)
        return {id(entry): "activation" for entry in inner if _kind(entry) == commonest}
    if slots == "none":
        return {}
    by_slot = slots if isinstance(slots, Mapping) else {"activation": slots}
    chosen = {}
    for slot, names in by_slot.items():
        wanted = [names] if isinstance(names, str) else list(names)
        for entry in free:
            if "all" in wanted or _kind(entry) in wanted or entry.layer.name in wanted:
                chosen[id(entry)] = str(slot)
    return chosen


def _kind(entry: Entry) -> str:
    return entry.activation if isinstance(entry.activation, str) else str(next(iter(entry.activation)))


def _all(entries: list[Entry]) -> list[Entry]:
    return [entry for _, entry in _places(entries, "")]


def _places(entries: list[Entry], prefix: str) -> Iterable[tuple[str, Entry]]:
    for at, entry in enumerate(entries):
        yield f"{prefix}{at}", entry
        for branch, inner in enumerate(entry.branches):
            yield from _places(inner, f"{prefix}{at}.branches.{branch}.")


def _written(entry: Entry, chosen: dict[int, str]) -> Any:
    if entry.branches:
        kind = next(iter(entry.spec))
        return {kind: {"branches": [[_written(inner, chosen) for inner in branch] for branch in entry.branches]}}
    if entry.activation is None:
        return entry.spec
    slot = chosen.get(id(entry))
    if slot is None:
        return entry.activation
    return "activation" if slot == "activation" else {"activation": {"slot": slot}}
