"""Models of Keras: how they become networks of a preset, and how a choice comes home."""

from __future__ import annotations

import contextlib
import io
import random
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import _program
from ._errors import ActivationIsFunction, Error
from ._inputs import Array
from ._keras_layers import Converted, Entry, NoSuchLayer, convert
from ._ranking import Candidate

#: Samples that are computed at a time before the first layer.
_BATCH = 256

#: Activations of which Keras has the same under this name, without parameters.
_OF_KERAS = "relu relu6 elu selu gelu silu mish sigmoid tanh softplus softsign log_sigmoid".split()


@dataclass
class Read:
    """A model of Keras as it is ranked."""

    #: The section `network` of the preset.
    network: dict[str, Any]
    #: What the section `data` says of samples besides.
    data: dict[str, Any]
    #: The samples, after what is computed on them before the first layer.
    inputs: Array | None
    notes: list[str]


def module() -> Any:
    """Keras, if the user has loaded it. It is never loaded for its own sake."""
    return sys.modules.get("keras")


def is_model(model: Any) -> bool:
    """Whether this is a model of Keras."""
    keras = module()
    return keras is not None and isinstance(model, keras.Model)


def read(model: Any, inputs: Array | None, slots: Any, folder: Path, *, with_weights: bool = False) -> Read:
    """The model by its layers; where presets do not have them, or its weights are wanted, by the ONNX file that Keras exports."""
    _build(model, inputs)
    try:
        if with_weights:
            raise NoSuchLayer("it is looked at with its weights")
        found = convert(model)
    except NoSuchLayer as why:
        path = folder / "net.onnx"
        given = None if inputs is None else _of_kind(inputs, model)
        _export(model, given, path, str(why))
        note = f"the model is read from the ONNX file that Keras exports, since {why}; what is folded there is no layer"
        if not with_weights:
            note += ", and `apply` cannot bring a choice into it"
        return Read({"model": path.name}, {}, given, [note])
    network = {"input": found.input, "layers": found.layers(slots)}
    data = {"layout": "channels_last"} if found.has_channels and inputs is not None else {}
    notes = found.notes
    if frozen := [entry.layer.name for _, entry in found.places() if _is_frozen(entry)]:
        kept = "are frozen (trainable=False): the ranking draws their weights, and `apply` keeps them"
        notes = [*notes, f"the layers {', '.join(frozen)} {kept}"]
    return Read(network, data, None if inputs is None else _before(found, _of_kind(inputs, model)), notes)


def check_choice(model: Any) -> None:
    """Fails if a choice cannot be brought into the model."""
    try:
        convert(model)
    except NoSuchLayer as why:
        way = "build its layers by hand with the activation and the initialization of the choice"
        raise Error(f"the choice cannot be brought into this model, since {why}: {way}") from None


def _is_frozen(entry: Any) -> bool:
    return bool(entry.is_weighted) and not getattr(entry.layer, "trainable", True)


def apply(model: Any, candidate: Candidate, code: str, slots: Any, seed: int) -> Any:
    """Initializes the model in place with the weights of a model that `neartop export` writes, and replaces its activations."""
    found = convert(model)
    with _seeded(seed):
        made = types.ModuleType("neartop_choice")
        exec(compile(code, "<neartop export>", "exec"), vars(made))
        drawn = made.build()
    searched = found.searched(slots)
    for place, entry in found.places():
        if entry.is_weighted:
            if not _is_frozen(entry):
                _give(entry.layer, drawn, place)
        elif id(entry) in searched and candidate.activation is not None:
            _replace(entry, _choice(candidate.activation, searched[id(entry)]))
    for function in ("train_function", "test_function", "predict_function"):
        setattr(model, function, None)
    return model


def _build(model: Any, inputs: Array | None) -> None:
    """Layers have shapes only once they have seen a batch."""
    if getattr(model, "built", False) and getattr(model, "inputs", None):
        return
    if inputs is None:
        raise Error("the model is not built: give `inputs`, or begin it with `keras.Input(shape=...)`")
    try:
        model(inputs[:2])
    except Exception as error:
        shape = ", ".join(["samples", *map(str, inputs.shape[1:])])
        first = str(error).strip().splitlines()[0]
        raise Error(f"the model does not take these inputs, [{shape}] of {inputs.dtype}: {first}") from None


def _export(model: Any, inputs: Array | None, path: Path, why: str) -> None:
    try:
        if inputs is not None:
            # Keras exports what it has seen at work.
            model(inputs[:2])
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.export(path, format="onnx", verbose=False)
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Error(
            f"the layers of the model cannot be read, since {why}; and Keras exports no ONNX file of it: {first}\n"
            "write `model.export('net.onnx', format='onnx')` where its packages are installed, and give that file"
        ) from error


def _of_kind(inputs: Array, model: Any) -> Array:
    first = next((layer for layer in model.layers if type(layer).__name__ != "InputLayer"), None)
    kind = np.int64 if type(first).__name__ == "Embedding" else np.float32
    return inputs.astype(kind, copy=False)


def _before(found: Converted, inputs: Array) -> Array:
    """Samples as the first layer with weights takes them."""
    keras = module()
    for layer in found.before:
        parts = [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]
        inputs = np.concatenate([np.asarray(keras.ops.convert_to_numpy(layer(part))) for part in parts]).astype(np.float32)
    return inputs


def _give(layer: Any, drawn: Any, place: str) -> None:
    """Puts the weights of the layer at that place of the exported model into a layer."""
    name = f"layer_{place.replace('.', '_')}"
    # Recurrent layers are exported direction by direction.
    made = {made.name: made for made in drawn.layers}
    parts = [made[part] for part in (name, f"{name}_l0", f"{name}_l0_reverse") if part in made]
    if not parts:
        raise Error(f"the choice cannot be brought into the layer `{layer.name}`: the export has no `{name}`")
    own = layer.weights
    given = [weight for part in parts for weight in part.weights]
    if len(given) > len(own):
        # A norm may have no scale or no center, which the export starts at one and at zero.
        kept = [weight.name for weight in own]
        given = [weight for weight in given if weight.name in kept]
    values = [np.asarray(module().ops.convert_to_numpy(weight)) for weight in given]
    sizes, needed = [value.size for value in values], [int(np.prod(weight.shape)) for weight in own]
    if sizes != needed:
        raise Error(
            f"this is not the model that was ranked: the layer `{layer.name}` has weights of {needed} elements, not {sizes}"
        )
    layer.set_weights([value.reshape(tuple(weight.shape)) for value, weight in zip(values, own, strict=True)])


def _choice(activation: Any, slot: str) -> Any:
    return activation[slot] if isinstance(activation, dict) and slot in activation else activation


def _replace(entry: Entry, choice: Any) -> None:
    """Gives the layer another activation, where it is an attribute of it."""
    if choice == entry.activation:
        return
    keras, layer = module(), entry.layer
    known = _function(choice)
    if known is not None and hasattr(layer, "activation"):
        layer.activation = keras.activations.get(known)
        return
    said = choice if isinstance(choice, str) else str(choice)
    message = f"layer `{layer.name}` ({type(layer).__name__}): change it to {said} where the model is built"
    warnings.warn(message, ActivationIsFunction, stacklevel=_program.outside())


def _function(choice: Any) -> Any:
    """The function of Keras that computes an activation; none where it has no such one."""
    keras = module()
    if isinstance(choice, str):
        return choice if choice in _OF_KERAS else _partial(keras, choice, {})
    name, parameters = next(iter(choice.items()))
    return _partial(keras, name, parameters)


def _partial(keras: Any, name: str, parameters: dict[str, Any]) -> Any:
    if name == "leaky_relu":
        slope = float(parameters.get("negative_slope", 0.01))
        return keras.layers.LeakyReLU(negative_slope=slope)
    if name == "gelu_tanh":
        return keras.layers.Activation(_gelu_tanh)
    if name == "elu":
        return keras.layers.ELU(alpha=float(parameters.get("alpha", 1)))
    if name == "hardswish":
        return "hard_silu"
    return "hard_sigmoid" if name == "hardsigmoid" else None


def _gelu_tanh(x: Any) -> Any:
    return module().activations.gelu(x, approximate=True)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seeds the generators that Keras draws with; those of Python and NumPy go on afterwards as if nothing had been."""
    states = random.getstate(), np.random.get_state()
    module().utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
