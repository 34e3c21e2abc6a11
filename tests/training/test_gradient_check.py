"""The gradient check passes right gradients, and tells errors from kinks."""

import numpy as np
import pytest

from fastbp import (
    L1,
    L2,
    Activation,
    ArgumentError,
    BatchNormalization,
    Dense,
    Input,
    Sequential,
    gradient_check,
)
from fastbp.training.gradient_check import check_gradients


def regression(layers, seed=1, dtype="float32", loss="mse"):
    model = Sequential([Input((3,)), *layers], seed=seed, dtype=dtype)
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "softmax"])
def test_right_gradients(rng, activation, dtype):
    x = rng.normal(size=(20, 3))
    layers = [Dense(5, activation, kernel_regularizer=L2()), Dense(1, kernel_regularizer=L1())]
    model = regression(layers, dtype=dtype)
    before = model.get_weights()
    report = gradient_check(model, x, x[:, 0], sample_weight=rng.random(20))
    assert report.ok, str(report)
    assert [row.n_checked for row in report.rows] == [15, 5, 5, 1]
    assert max(row.error for row in report.rows) < 1e-6
    assert "all gradients are right" in str(report)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softmax"])
def test_an_activation_may_come_first(rng, activation):
    """The dense layer behind it is none that reads the data in place."""
    x = rng.normal(size=(20, 3))
    model = regression([Activation(activation), Dense(5, "tanh"), Dense(1)], dtype="float64")
    report = gradient_check(model, x, x[:, 0])
    assert report.ok, str(report)
    assert max(row.error for row in report.rows) < 1e-6


def test_a_gradient_that_is_zero_but_for_rounding(rng):
    """A batch normalization takes away whatever a bias below it adds."""
    x = rng.normal(size=(20, 3))
    layers = [Dense(5), BatchNormalization(), Activation("tanh"), Dense(1)]
    model = regression(layers, dtype="float64")
    assert gradient_check(model, x, x[:, 0], training=True).ok


def test_kinks_are_no_errors(rng):
    """With zero weights every relu is at its kink."""
    x = rng.normal(size=(20, 3))
    report = gradient_check(
        regression([Dense(4, "relu", kernel_initializer="zeros"), Dense(1)]), x, x[:, 0]
    )
    assert report.ok
    assert report.rows[0].n_kinks == 12
    assert report.rows[2].n_kinks == 0


def test_a_kink_nearby_is_stepped_over():
    """The relu's input is 2e-6, nearer than epsilon."""
    model = regression(
        [Dense(1, "relu", kernel_initializer="ones", bias_initializer="zeros")], dtype="float64"
    )
    report = gradient_check(model, [[2e-6, 0.0, 0.0]], [1.0], epsilon=1e-4)
    assert report.ok, str(report)
    assert report.rows[1].error < 1e-6


def quadratic(weights):
    """A loss whose gradients are known: sum(i * w_i**2)."""
    return sum(
        float((np.arange(1, array.size + 1) * array.ravel() ** 2).sum()) for array in weights
    )


@pytest.mark.parametrize(
    "factor, ok", [(1, True), (1 + 1e-8, True), (1.001, False), (-1, False), (0, False)]
)
def test_planted_errors_are_found(factor, ok):
    weights = [np.array([[0.3, -0.2], [0.1, 0.7]]), np.array([0.5, -0.1])]
    right = [2 * np.arange(1, w.size + 1).reshape(w.shape) * w for w in weights]
    planted = [gradient.copy() for gradient in right]
    planted[0][1, 0] *= factor
    report = check_gradients(quadratic, ["kernel", "bias"], weights, planted, 1e-5, None)
    assert report.ok == ok
    assert report.rows[1].n_errors == 0
    if not ok:
        assert report.rows[0].n_errors == 1
        assert report.rows[0].worst == (1, 0)
        assert report.rows[0].n_kinks == 0
        assert "WRONG" in str(report)


def test_a_limit_takes_elements_evenly(rng):
    x = rng.normal(size=(10, 3))
    report = gradient_check(regression([Dense(50, "tanh"), Dense(1)]), x, x[:, 0], limit=7)
    assert [row.n_checked for row in report.rows] == [7, 7, 7, 1]


def test_bad_arguments(rng):
    x = rng.normal(size=(10, 3))
    with pytest.raises(ArgumentError, match="epsilon"):
        gradient_check(regression([Dense(1)]), x, x[:, 0], epsilon=0)
    with pytest.raises(ArgumentError, match="limit"):
        gradient_check(regression([Dense(1)]), x, x[:, 0], limit=0)


def test_training_changes_nothing_where_no_layer_asks(rng):
    x = rng.normal(size=(20, 3))
    model = regression([Dense(4, "tanh"), Dense(1)])
    (loss, gradients), (other_loss, other_gradients) = (
        model.loss_and_gradients(x, x[:, 0], training=training) for training in (False, True)
    )
    assert loss == other_loss
    assert all(np.array_equal(a, b) for a, b in zip(gradients, other_gradients, strict=True))
    assert gradient_check(model, x, x[:, 0], training=True).ok
    with pytest.raises(ArgumentError, match="training must be True or False"):
        model.loss_and_gradients(x, x[:, 0], training=1)
    with pytest.raises(ArgumentError, match="training must be True or False"):
        gradient_check(model, x, x[:, 0], training=1)
