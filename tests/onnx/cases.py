"""Writes the cases of the `onnx` package: a folder each, with model.onnx, input.npy and output.npy.

A model has one input here; the others become constants. The models called `light` come without inputs, so theirs are
drawn, and ONNX Runtime gives the outputs.
"""

import glob
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

DATA = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")


def tensor(path):
    proto = onnx.TensorProto()
    with open(path, "rb") as file:
        proto.ParseFromString(file.read())
    return numpy_helper.to_array(proto)


def drawn(model, path):
    known = {initializer.name for initializer in model.graph.initializer}
    given = next(i for i in model.graph.input if i.name not in known)
    shape = [dim.dim_value for dim in given.type.tensor_type.shape.dim]
    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return [x], session.run(None, {given.name: x})[0]


def write(kind, path, folder):
    model = onnx.load(path)
    known = {initializer.name for initializer in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in known]
    data = os.path.join(os.path.dirname(path), "test_data_set_0")
    if kind == "light":
        xs, y = drawn(model, path)
        name = os.path.basename(path)[: -len(".onnx")]
    elif os.path.isdir(data):
        xs = [tensor(os.path.join(data, f"input_{i}.pb")) for i in range(len(inputs))]
        y = tensor(os.path.join(data, "output_0.pb"))
        name = os.path.basename(os.path.dirname(path))
    else:
        return
    if not xs:
        return
    live = next((i for i, x in enumerate(xs) if x.dtype == np.float32 and x.ndim > 0), 0)
    for i, x in enumerate(xs):
        if i != live:
            model.graph.initializer.append(numpy_helper.from_array(x, inputs[i].name))
    case = os.path.join(folder, f"{kind}-{name}")
    os.makedirs(case)
    onnx.save(model, os.path.join(case, "model.onnx"))
    np.save(os.path.join(case, "input.npy"), xs[live])
    np.save(os.path.join(case, "output.npy"), y)


for kind in ["light", "pytorch-converted", "pytorch-operator"]:
    for path in sorted(glob.glob(os.path.join(DATA, kind, "**", "*.onnx"), recursive=True)):
        write(kind, path, sys.argv[1])
