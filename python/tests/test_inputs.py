"""Samples as people have them. Nothing here runs the program."""

from __future__ import annotations

import numpy as np
import pytest

from neartop import Error
from neartop._inputs import read


def test_arrays_and_lists(samples):
    assert read(samples).inputs is samples
    assert read(samples.tolist()).inputs.shape == (300, 20)
    found = read([[1, 2], [3, 4]], ["cat", "ant"])
    assert found.inputs.dtype.kind == "i"
    assert found.labels.tolist() == [1, 0]
    assert read(np.array([[True], [False]])).inputs.dtype == np.uint8
    assert read({"x": samples, "y": np.arange(300)}).labels.shape == (300,)


@pytest.mark.parametrize(
    ("inputs", "labels", "words"),
    [
        (np.array([[1.0, np.nan]]), None, "holds nan at [0, 1]"),
        (np.array([[np.inf]]), None, "holds inf at [0, 0]"),
        (np.zeros((0, 3)), None, "no samples"),
        (np.float32(1), None, "single number"),
        ([[1, 2], [3]], None, "inputs"),
        (np.array([["a"]]), None, "must hold numbers"),
        (np.zeros((3, 2)), [1, 2], "3 samples and 2 labels"),
        (np.zeros((2, 2)), [1.0, np.nan], "no number for sample 1"),
    ],
)
def test_what_is_wrong_is_said(inputs, labels, words):
    with pytest.raises(Error) as caught:
        read(inputs, labels)
    assert words in str(caught.value)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables(library):
    tables = pytest.importorskip(library)
    table = tables.DataFrame({"a": [1.0, 2.0, 3.0], "b": [True, False, True], "kind": ["x", "y", "x"]})
    found = read(table, "kind")
    assert found.inputs.tolist() == [[1, 1], [2, 0], [3, 1]]
    assert found.labels.tolist() == [0, 1, 0]
    assert read(table[["a", "b"]], ["p", "q", "p"]).labels.tolist() == [0, 1, 0]
    two = read(tables.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]}), ["c", "a"])
    assert (two.inputs.tolist(), two.labels.tolist()) == ([[4], [5], [6]], [[7, 1], [8, 2], [9, 3]])
    with pytest.raises(Error, match="what stands in kind is no number"):
        read(table)
    with pytest.raises(Error, match="no column `prize`; its columns are a, b, kind"):
        read(table, "prize")
    with pytest.raises(Error, match="values are missing in a"):
        read(tables.DataFrame({"a": [1.0, None], "b": [1.0, 2.0]}))


def test_loaders_and_datasets():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.arange(40.0).reshape(20, 2), torch.arange(20))
    found = read(torch.utils.data.DataLoader(data, batch_size=8), wanted=10)
    assert found.inputs.shape == (16, 2)
    assert found.labels.tolist() == list(range(16))
    drawn = read(data, wanted=5)
    assert drawn.inputs.shape == (5, 2)
    assert np.array_equal(drawn.inputs[:, 0], 2 * drawn.labels)
    with pytest.raises(Error, match="come with the batches"):
        read(torch.utils.data.DataLoader(data), [1])


class Batches:
    """As `keras.utils.PyDataset` is."""

    max_queue_size = 10

    def __len__(self):
        return 3

    def __getitem__(self, at):
        return np.full((4, 2), at), np.full(4, at)


def test_datasets_of_other_libraries():
    assert read(Batches()).labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    rows = [{"pixel_values": [[1, 2]], "label": 3}, {"pixel_values": [[4, 5]], "label": 6}]
    hub = type("Dataset", (), {"__len__": lambda self: 2, "__getitem__": lambda self, at: rows[at]})()
    assert read(hub).inputs.tolist() == [[[1, 2]], [[4, 5]]]
    assert read(hub).labels.tolist() == [3, 6]
    tensors = type(
        "Tensors", (), {"__iter__": lambda self: iter(()), "as_numpy_iterator": lambda self: iter([(np.ones(3), 5)] * 4)}
    )()
    assert read(tensors).inputs.shape == (4, 3)
    assert read(tensors).labels.tolist() == [5] * 4


def test_batches_that_are_maps():
    torch = pytest.importorskip("torch")
    rows = [
        {"input_ids": torch.tensor([1, 2]), "attention_mask": torch.tensor([1, 1]), "labels": torch.tensor(n)} for n in range(4)
    ]
    found = read(torch.utils.data.DataLoader(rows, batch_size=2))
    assert found.inputs.tolist() == [[1, 2]] * 4
    assert found.labels.tolist() == [0, 1, 2, 3]


def test_parts_of_maps_that_are_left_out_are_said():
    batch = {"input_ids": np.ones((4, 3), np.int64), "attention_mask": np.ones((4, 3)), "labels": [0, 1, 0, 1]}
    for inputs in (batch, iter([batch, batch])):
        (note,) = read(inputs).notes
        assert "`input_ids` goes into the model, and not attention_mask; nothing is masked" in note
    assert read({"x": np.ones((4, 3)), "y": [0, 1, 0, 1]}).notes == []


def test_batches_of_different_shapes_are_refused():
    with pytest.raises(Error, match=r"different shapes, \[2\], \[3\]"):
        read(iter([np.zeros((4, 2)), np.zeros((4, 3))]))


def test_names_of_classes_are_numbered_over_all_batches():
    found = read(iter([(np.zeros((2, 1)), ["b", "b"]), (np.zeros((2, 1)), ["a", "b"])]))
    assert found.labels.tolist() == [1, 1, 0, 1]


def test_tensors_of_little_precision():
    torch = pytest.importorskip("torch")
    assert read(torch.ones(2, 3, dtype=torch.bfloat16)).inputs.dtype == np.float32
    assert read([torch.ones(3), torch.zeros(3)]).inputs.shape == (2, 3)
    assert read(torch.ones(2, 3, requires_grad=True)).inputs.shape == (2, 3)
