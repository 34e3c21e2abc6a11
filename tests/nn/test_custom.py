"""A user's own activations and losses: kernels like the others, and a wrong derivative is found."""

import json
import math

import numba
import numpy as np
import pytest

import fastbp
from contracts import children
from fastbp.errors import ArgumentError, ModelFileError
from fastbp.nn import activations, loss_from_config
from fastbp.runtime import cache


@numba.njit
def bell(x):
    return math.exp(-x * x)


@numba.njit
def bell_slope(x):
    return -2.0 * x * math.exp(-x * x)


@numba.njit
def rational(x):
    return x * x / (1.0 + x * x)


@numba.njit
def rational_slope(x):
    return 2.0 * x / ((1.0 + x * x) * (1.0 + x * x))


@numba.njit
def wrong_slope(x):
    return 2.0 * x / (1.0 + x * x)


@numba.njit
def asymmetric(target, prediction):
    error = prediction - target
    return 3.0 * error * error if error > 0 else error * error


@numba.njit
def asymmetric_slope(target, prediction):
    error = prediction - target
    return 6.0 * error if error > 0 else 2.0 * error


@numba.njit
def wrong_asymmetric_slope(target, prediction):
    return 2.0 * (prediction - target)


@numba.njit
def wide_miss(target, prediction):
    return 1.0 if abs(prediction - target) > 0.5 else 0.0


TABLE = np.array([2.0])


@numba.njit
def from_table(x):
    return TABLE[0] * x


@numba.njit
def table_slope(x):
    return TABLE[0]


SHAPES = {"bell": (bell, bell_slope), "rational": (rational, rational_slope)}


def model(activation, loss="mse", dtype="float32", everywhere=True):
    more = [fastbp.Dense(4, activation), fastbp.Activation(activation)] if everywhere else []
    layers = [fastbp.Dense(5, activation), *more, fastbp.Dense(2)]
    network = fastbp.Sequential([fastbp.Input(3), *layers], seed=1, dtype=dtype)
    network.compile("sgd", loss)
    return network


@pytest.fixture
def data(rng):
    return rng.normal(size=(40, 3)), rng.normal(size=(40, 2))


@pytest.mark.parametrize("name", SHAPES)
def test_an_own_activation(name, data):
    """Lane by lane with a call in it, and as a function of vectors where it is arithmetic."""
    x, y = data
    forward, derivative = SHAPES[name]
    network = model(fastbp.Activation(forward, derivative), dtype="float64")
    values = x
    weights = network.get_weights()
    for kernel, bias in zip(weights[:4:2], weights[1:4:2], strict=True):
        values = (
            forward.py_func(values @ kernel + bias)
            if name == "rational"
            else np.exp(-((values @ kernel + bias) ** 2))
        )
    values = np.vectorize(forward.py_func)(values)
    np.testing.assert_allclose(network.predict(x), values @ weights[4] + weights[5], rtol=1e-12)
    for n in (3, 40):
        assert fastbp.gradient_check(network, x[:n], y[:n]).ok


def test_a_wrong_derivative_is_found(data):
    network = model(fastbp.Activation(rational, wrong_slope), everywhere=False)
    assert not fastbp.gradient_check(network, *data).ok


def test_an_own_loss(data):
    x, y = data
    network = model("tanh", fastbp.Loss(asymmetric, asymmetric_slope), "float64")
    expected = np.vectorize(asymmetric.py_func)(y, network.predict(x)).mean()
    assert network.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-12)
    assert fastbp.gradient_check(network, x, y).ok
    before = network.evaluate(x, y, verbose=0)
    network.fit(x, y, epochs=20, verbose=0)
    assert network.evaluate(x, y, verbose=0) < before
    network.compile("sgd", fastbp.Loss(asymmetric, wrong_asymmetric_slope))
    assert not fastbp.gradient_check(network, x, y).ok


def test_an_own_metric(data, tmp_path, monkeypatch):
    """The mean over samples and outputs, by weights too; its name, and which way is better, are the user's."""
    x, y = data
    own = fastbp.MeanMetricWrapper(wide_miss, "wide misses")
    lossy = fastbp.MeanMetricWrapper(fastbp.Loss(asymmetric, asymmetric_slope))
    named = [fastbp.MeanMetricWrapper(fastbp.Huber(each), f"huber {each}") for each in (0.5, 2.0)]
    model = fastbp.Sequential([fastbp.Dense(2)], seed=1, dtype="float64")
    model.compile("adam", "mse", [own, lossy, *named, "mae"], [own])
    weights = np.linspace(0.0, 1.0, len(x))
    found = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, batch_size=7)
    missed = (abs(model.predict(x) - y) > 0.5).astype(float).mean(axis=1)
    assert 0.0 < missed.mean() < 1.0
    assert found["wide misses"] == pytest.approx(missed.mean(), rel=1e-12)
    share = weights / weights.sum()
    assert found["weighted_wide misses"] == pytest.approx(share @ missed, rel=1e-12)
    assert found["huber 0.5"] < found["huber 2.0"]
    expected = np.vectorize(asymmetric.py_func)(y, model.predict(x)).mean()
    assert found["asymmetric"] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ArgumentError, match="does not know which way is better"):
        model.fit(x, y, verbose=0, callbacks=fastbp.callbacks.EarlyStopping("wide misses"))
    stop = fastbp.callbacks.EarlyStopping("wide misses", mode="min")
    model.fit(x, y, verbose=0, callbacks=stop)
    model.save(tmp_path / "model.safetensors")
    assert fastbp.load_model(tmp_path / "model.safetensors").metrics == model.metrics
    monkeypatch.setattr(activations, "KNOWN_KEYS", set())
    with pytest.raises((ArgumentError, ModelFileError), match=r"wide_miss.*holds no code"):
        fastbp.load_model(tmp_path / "model.safetensors")


def test_the_same_functions_are_the_same_kernels():
    one, other = (fastbp.Activation(bell, bell_slope) for _ in range(2))
    assert one.key == other.key != fastbp.Activation(bell, wrong_slope).key
    assert fastbp.Dense(3, one) == fastbp.Dense(3, other)
    assert fastbp.Activation(one) == one


def test_models_are_saved_without_code(data, tmp_path, monkeypatch):
    x, y = data
    loss = fastbp.Loss(asymmetric, asymmetric_slope)
    network = model(fastbp.Activation(bell, bell_slope), loss)
    network.fit(x, y, verbose=0)
    network.save(tmp_path / "own.safetensors")
    again = fastbp.load_model(tmp_path / "own.safetensors")
    assert again.loss == loss
    assert np.array_equal(again.predict(x), network.predict(x))
    monkeypatch.setattr(activations, "KNOWN_KEYS", set())
    with pytest.raises(ModelFileError, match=r"'bell' is a function of the user's own.*make the"):
        fastbp.load_model(tmp_path / "own.safetensors")


def test_the_name_of_a_loss_is_not_its_key():
    """In files from before they were the same."""
    loss = fastbp.Loss(asymmetric, asymmetric_slope)
    assert loss.name == "asymmetric"
    assert loss.kind.startswith("own-asymmetric-")
    assert loss_from_config(loss.to_config()) == loss
    assert loss_from_config({"class": "Loss", "name": loss.kind}) == loss
    named = fastbp.Loss(asymmetric, asymmetric_slope, "mine")
    assert fastbp.MeanMetricWrapper(named).name == named.name == "mine"


def test_a_function_without_a_fingerprint_is_not_kept(data):
    """It may read what another process does not have: it works, and leaves nothing on the disk."""
    network = model(fastbp.Activation(from_table, table_slope), dtype="float64", everywhere=False)
    assert fastbp.gradient_check(network, *data).ok
    assert not any("from_table" in label for label in cache.kept_labels())


CHILD = """
import json
import numpy as np
import fastbp
from nn.test_custom import bell, bell_slope, model
from fastbp.runtime import cache
network = model(fastbp.Activation(bell, bell_slope))
network.fit(np.ones((40, 3)), np.ones((40, 2)), verbose=0)
print(json.dumps([label for label in cache.compiled_here if "own-bell" in label]))
"""


def test_the_next_process_compiles_nothing(data):
    model(fastbp.Activation(bell, bell_slope)).fit(*data, verbose=0)
    assert children.run(CHILD) == []
    assert json.dumps(sorted(cache.kept_labels())).count("own-bell") > 2


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: fastbp.Activation(bell.py_func, bell_slope), "numba.njit"),
        (lambda: fastbp.Activation(bell, "slope"), "derivative must be a function"),
        (lambda: fastbp.Activation(asymmetric, bell), "activation must take 1 number"),
        (lambda: fastbp.MeanMetricWrapper(bell), "fn must take 2 numbers"),
        (lambda: fastbp.MeanMetricWrapper(max), "a function that numba.njit compiled"),
        (
            lambda: fastbp.MeanMetricWrapper(fastbp.BinaryCrossentropy(True)),
            "leave label_smoothing",
        ),
        (lambda: fastbp.Loss(asymmetric, bell), "gradient must take 2 numbers"),
        (lambda: fastbp.Loss(asymmetric, asymmetric_slope, "my loss"), "letters"),
        (lambda: fastbp.Activation(bell), r"Activation\(forward, derivative\)"),
        (lambda: fastbp.Dense(3, bell), r"Activation\(forward, derivative\)"),
        (lambda: fastbp.Dense(3, fastbp.Activation("relu", activity_regularizer="l2")), "behind"),
        (lambda: fastbp.Dense(3, "own-bell-0123"), "Activation"),
    ],
)
def test_functions_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
