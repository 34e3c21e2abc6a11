"""The size of activations, weights and gradients of every layer, against NumPy."""

from itertools import pairwise

import numpy as np
import pytest

import fastbp
from fastbp import Activation, Dense, Input, Normalization, Sequential


def build(depth=2, width=7, activation="tanh", **options):
    layers = [Dense(width, activation, **options) for _ in range(depth)]
    model = Sequential([*layers, Dense(3, "softmax")], seed=3, dtype="float64")
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def data(rng):
    x = rng.normal(size=(40, 5))
    return x, x[:, :3].argmax(axis=1)


def test_against_numpy(data):
    x, y = data
    model = build()
    norms = model.layer_norms(x, y)
    weights = model.get_weights()
    _, gradients = model.loss_and_gradients(x, y)
    values = x
    assert [row.name for row in norms.rows] == ["dense", "dense_1", "dense_2"]
    for i, row in enumerate(norms.rows):
        values = values @ weights[2 * i] + weights[2 * i + 1]
        if i < 2:
            values = np.tanh(values)
        else:
            values = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
        assert row.activation == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-12)
        assert row.weights == pytest.approx(np.linalg.norm(weights[2 * i]), rel=1e-12)
        assert row.gradient == pytest.approx(np.linalg.norm(gradients[2 * i]), rel=1e-12)
        assert row.ratio == row.gradient / row.weights
        assert row.zeros == 0


def test_normalization_and_activations_as_layers(data):
    x, y = data
    normalization = Normalization()
    normalization.adapt(100 * x + 7)
    layers = [Dense(6, use_bias=False), Activation("relu"), Dense(3, "softmax")]
    model = Sequential([Input(5), normalization, *layers], seed=3, dtype="float64")
    model.compile("sgd", "sparse_categorical_crossentropy")
    rows = model.layer_norms(100 * x + 7, y).rows
    assert [row.name for row in rows] == ["dense", "activation", "dense_1"]
    values = (x - x.mean(axis=0)) / x.std(axis=0) @ model.get_weights()[0]
    assert rows[0].activation == pytest.approx(np.sqrt(np.mean(values**2)), rel=1e-9)
    assert rows[1].zeros == np.mean(values <= 0)
    assert (rows[1].weights, rows[1].gradient, rows[1].ratio) == (0, 0, 0)
    assert rows[2].weights == np.linalg.norm(model.get_weights()[1])


def test_vanishing_gradients_and_dead_layers_show(data):
    """A deep stack of sigmoids: each layer down has a smaller gradient."""
    x, y = data
    gradients = [row.gradient for row in build(6, activation="sigmoid").layer_norms(x, y).rows]
    assert all(below < above for below, above in pairwise(gradients))
    assert gradients[0] < 1e-2 * gradients[-1]
    model = build(1, activation="relu")
    model.build(5)
    weights = model.get_weights()
    weights[1][:] = -1e6
    model.set_weights(weights)
    norms = model.layer_norms(x, y)
    assert (norms.rows[0].zeros, norms.rows[0].gradient) == (1.0, 0.0)
    assert "100%" in str(norms)
    assert str(norms).splitlines()[0].split()[:2] == ["layer", "activation"]


def test_the_model_stays_as_it_is(data):
    x, y = data
    looked_at, other = build(), build()
    for model in (looked_at, other):
        model.fit(x, y, epochs=2, verbose=0)
        if model is looked_at:
            model.layer_norms(x, y)
        model.fit(x, y, epochs=2, verbose=0)
    for a, b in zip(looked_at.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(fastbp.DataError):
        looked_at.layer_norms(x[:, :2], y)
