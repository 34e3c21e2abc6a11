"""What networks are known to learn, and what they are known not to."""

import numpy as np
import pytest

from fastbp import SGD, Adam, Dense, Input, Normalization, Sequential

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


@pytest.mark.parametrize("seed", range(10))
def test_xor(seed):
    model = Sequential([Input((2,)), Dense(5, "tanh"), Dense(1, "sigmoid")], seed=seed)
    model.compile(Adam(0.05), "binary_crossentropy", ["accuracy"])
    history = model.fit(*XOR, epochs=1000, verbose=0)
    assert history.history["accuracy"][-1] == 1
    assert model.predict(XOR[0]).ravel() == pytest.approx(XOR[1], abs=0.05)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-9), ("float32", 1e-4)])
def test_a_linear_network_reaches_the_least_squares_solution(rng, dtype, tolerance):
    x = rng.normal(size=(50, 3))
    y = x @ rng.normal(size=(3, 2)) + rng.normal(size=(50, 2))
    model = Sequential([Dense(2)], seed=1, dtype=dtype)
    model.compile(SGD(0.3), "mse")
    model.fit(x, y, batch_size=50, epochs=1000, verbose=0)
    solution = np.linalg.lstsq(np.c_[x, np.ones(50)], y)[0]
    kernel, bias = model.get_weights()
    assert kernel == pytest.approx(solution[:3], abs=tolerance)
    assert bias == pytest.approx(solution[3], abs=tolerance)


def test_zero_weights_keep_hidden_units_identical(rng):
    x = rng.normal(size=(64, 3))
    model = Sequential([Input(3), Dense(4, "sigmoid"), Dense(1)], seed=1)
    model.set_weights([np.zeros_like(array) for array in model.get_weights()])
    model.compile(SGD(0.1), "mse")
    model.fit(x, x.sum(axis=1), batch_size=16, epochs=20, verbose=0)
    kernel, bias, output_kernel, _ = model.get_weights()
    assert np.abs(kernel).min() > 1e-6
    assert (kernel == kernel[:, :1]).all()
    assert (bias == bias[0]).all()
    assert (output_kernel == output_kernel[0]).all()


def test_a_bias_that_is_not_trained_stays(rng):
    x = rng.normal(size=(64, 3))
    model = Sequential(
        [Dense(4, "tanh", bias_trainable=False, bias_initializer="ones"), Dense(1)], seed=1
    )
    model.compile("adam", "mse")
    model.fit(x, x[:, 0], epochs=3, verbose=0)
    assert (model.get_weights()[1] == 1).all()


def test_normalization_is_part_of_the_model(rng):
    x = rng.normal(size=(200, 3)) * [1, 100, 1e4] + [0, 5, -1e5]
    y = x @ [1, 0.02, 3e-4]
    normalization = Normalization()
    normalization.adapt(x)
    inside = Sequential([normalization, Dense(6, "tanh"), Dense(1)], seed=2, dtype="float64")
    outside = Sequential([Dense(6, "tanh"), Dense(1)], seed=2, dtype="float64")
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    for model, inputs in ((inside, x), (outside, scaled)):
        model.compile("adam", "mse")
        model.fit(inputs, y, epochs=5, verbose=0)
    assert inside.predict(x) == pytest.approx(outside.predict(scaled), rel=1e-9)


def test_statistics_that_change_are_used(rng):
    x = rng.normal(size=(50, 3))
    normalization = Normalization()
    normalization.adapt(x)
    model = Sequential([normalization, Dense(2)], seed=1)
    model.compile("adam", "mse")
    model.fit(x, x[:, :2], verbose=0)
    weights, before = model.get_weights(), model.predict(x)
    normalization.adapt(2 * x)
    assert model.predict(2 * x) == pytest.approx(before, rel=1e-4, abs=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
