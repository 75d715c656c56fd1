"""Models of Keras."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import neartop

keras = pytest.importorskip("keras")
layers = keras.layers

FEW = {"inits": ["orthogonal", "kaiming_normal"], "repetitions": 2, "study": False}
DRAWN = np.random.default_rng(0)


def mlp():
    return keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(epsilon=1e-5),
            layers.Dropout(0.2),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )


def pictures():
    """A residual, a depthwise convolution, a branch, and scaling before all."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(x)
    y = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    y = layers.Activation("relu", name="act")(y)
    y = layers.Conv2D(8, 1, name="pointwise")(y)
    x = layers.Add()([x, y])
    x = layers.MaxPooling2D()(x)
    x = layers.Concatenate()([layers.Conv2D(4, 3, padding="same")(x), layers.ReLU(name="rectified")(x)])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(5, name="head")(x))


def test_frozen_layers_keep_their_weights():
    model = mlp()
    frozen, last = model.layers[0], model.layers[-1]
    frozen.trainable = False
    before = [layer.get_weights()[0] for layer in (frozen, last)]
    with pytest.warns(neartop.Assumption, match=f"the layers {frozen.name} are frozen"):
        ranking = neartop.rank(model, DRAWN.normal(size=(64, 20)), activations=["relu", "gelu"], **FEW)
    neartop.apply(model, ranking.find("gelu", "orthogonal"))
    assert np.array_equal(frozen.get_weights()[0], before[0])
    assert not np.array_equal(last.get_weights()[0], before[1])


def test_a_choice_comes_home():
    model = mlp()
    ranking = neartop.rank(model, DRAWN.normal(size=(100, 20)), activations=["relu", "gelu"], **FEW)
    assert len(ranking) == 4
    assert ranking[0].parameters == model.count_params() - 64
    assert neartop.apply(model, ranking.find("gelu", "orthogonal"), seed=3) is model
    first, second, last = (model.layers[at] for at in (0, 3, 4))
    assert first.activation is second.activation is keras.activations.gelu
    assert last.activation is keras.activations.softmax
    square = np.asarray(second.get_weights()[0])
    assert np.allclose(square @ square.T, np.eye(32), atol=1e-4)
    again = neartop.apply(mlp(), ranking.find("gelu", "orthogonal"), seed=3)
    assert np.array_equal(again.layers[3].get_weights()[0], square)


def test_networks_of_pictures():
    model = pictures()
    samples = DRAWN.integers(0, 255, (60, 16, 16, 3), dtype=np.uint8)
    ranking = neartop.rank(model, samples, activations=["relu", "silu"], **FEW)
    assert ranking[0].parameters == model.count_params()
    assert "stem" not in {layer.module for layer in ranking[0].layers}
    with pytest.warns(neartop.ActivationIsFunction, match=r"layer `rectified` \(ReLU\): change it to silu"):
        neartop.apply(model, ranking.find("silu", "kaiming_normal"))
    assert model.get_layer("act").activation is keras.activations.silu
    spread = np.asarray(model.get_layer("depthwise").get_weights()[0]).std()
    assert abs(spread - np.sqrt(2 / 9)) < 0.15
    model(samples[:2])


def test_sequences():
    text = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Embedding(50, 16),
            layers.LSTM(8, return_sequences=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(8, activation="tanh"),
            layers.Dense(2),
        ]
    )
    ranking = neartop.rank(text, DRAWN.integers(0, 50, (60, 12)), activations=["relu"], **FEW)
    assert ranking[0].parameters == text.count_params() + 4 * 8
    signal = keras.Sequential(
        [
            keras.Input((32, 2)),
            layers.Conv1D(8, 3, activation="relu"),
            layers.MaxPooling1D(2),
            layers.GRU(6),
            layers.Dense(2),
        ]
    )
    assert len(neartop.rank(signal, DRAWN.normal(size=(60, 32, 2)), activations=["relu", "gelu"], **FEW)) == 4


def test_a_choice_comes_home_to_recurrent_layers_and_norms_without_scale():
    model = keras.Sequential(
        [
            keras.Input((12, 5)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.GRU(6),
            layers.Dense(8),
            layers.BatchNormalization(scale=False),
            layers.Activation("relu"),
            layers.Dense(2),
        ]
    )
    ranking = neartop.rank(model, DRAWN.normal(size=(60, 12, 5)), activations=["tanh"], **FEW)
    before = [weight.numpy().copy() for weight in model.weights]
    neartop.apply(model, ranking.find("tanh", "orthogonal"))
    kernels = [weight.numpy() for weight in model.weights if weight.name == "kernel"]
    assert [kernel.shape for kernel in kernels] == [(5, 16), (5, 16), (8, 18), (6, 8), (8, 2)]
    assert not np.array_equal(kernels[0], kernels[1])
    # Every gate has a matrix of its own.
    for gate in np.split(kernels[2], 3, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(6), atol=1e-5)
    norm = model.layers[3]
    assert [weight.name for weight in norm.weights] == ["beta", "moving_mean", "moving_variance"]
    assert any(not np.array_equal(old, new.numpy()) for old, new in zip(before, model.weights, strict=True))


def test_only_the_first_output_is_looked_at_and_that_is_said():
    entry = keras.Input((20,))
    body = layers.Dense(16, activation="relu")(entry)
    model = keras.Model(entry, [layers.Dense(2)(body), layers.Dense(1)(body)])
    with pytest.warns(UserWarning, match="only the first is looked at, not the 1 after it"):
        neartop.rank(model, DRAWN.normal(size=(60, 20)), activations=["relu"], **FEW)


def test_slots_and_folders(tmp_path):
    preset = neartop.preset(
        pictures(), folder=tmp_path / "folder", slots=["act"], activations=["relu", "gelu"], inits=["orthogonal"]
    )
    text = preset.read_text()
    assert text.count("activation") == 2
    ranking = neartop.rank(preset, repetitions=1, study=False)
    assert len(ranking) == 2


def test_a_nested_model():
    inner = keras.Sequential([keras.Input((16,)), layers.Dense(16, activation="relu"), layers.Dense(16)])
    inputs = keras.Input((20,))
    x = layers.Dense(16, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Add()([x, inner(x)])))
    ranking = neartop.rank(model, DRAWN.normal(size=(60, 20)), activations=["relu", "gelu"], **FEW)
    neartop.apply(model, ranking.find("gelu", "orthogonal"))
    assert inner.layers[0].activation is keras.activations.gelu


class OfItsOwn(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, x):
        return self.dense(x)


def test_what_cannot_be_read_is_said():
    shared = layers.Dense(8)
    inputs = keras.Input((8,))
    twice = keras.Model(inputs, shared(shared(inputs)))
    for model, words in ((twice, "is called more than once"), (OfItsOwn(), "called by code of its own")):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                neartop.rank(model, DRAWN.normal(size=(20, 8)), inits=["orthogonal"], repetitions=1, study=False)
                text = "".join(str(one.message) for one in said if one.category is neartop.Assumption)
            except neartop.Error as error:
                # Without the packages that ONNX takes.
                text = str(error)
        assert words in text
        assert "ONNX" in text
    with pytest.raises(neartop.Error, match="is not built"):
        neartop.rank(OfItsOwn())


def test_scores_by_the_export_of_keras():
    pytest.importorskip("onnxscript")
    with pytest.warns(neartop.Assumption, match="read from the ONNX file"):
        score = neartop.score(mlp(), DRAWN.normal(size=(64, 20)))
    assert len([layer for layer in score.layers if layer.kind == "linear"]) == 3


def test_a_choice_for_a_model_of_other_layers_is_refused_with_the_reason():
    pytest.importorskip("onnxscript")
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2DTranspose(4, 3, activation="relu"), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.warns(neartop.Assumption, match="`apply` cannot bring a choice into it"):
        ranking = neartop.rank(model, DRAWN.normal(size=(64, 8, 8, 3)), activations=["relu"], **FEW)
    with pytest.raises(neartop.Error, match=r"cannot be brought into this model, since the layer .* build its layers by hand"):
        neartop.apply(model, ranking[0])
