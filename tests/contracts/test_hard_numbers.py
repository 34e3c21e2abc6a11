"""Extreme logits, targets of 0 and 1, constant features, diverging rates: no NaN without a clear DivergedError."""

import contextlib
import itertools
from typing import Any

import numpy as np
import pytest

import naive
from contracts.problems import Problem, digest, worst
from fastbp import nn, optimizers
from fastbp.data.source import as_source
from fastbp.engine import Network
from fastbp.errors import DivergedError

PAIRS = [
    ("binary_crossentropy", "sigmoid"),
    ("categorical_crossentropy", "softmax"),
    ("sparse_categorical_crossentropy", "softmax"),
    ("binary_focal_crossentropy", "sigmoid"),
    # probabilities that are clipped
    ("binary_crossentropy", "softmax"),
    ("categorical_crossentropy", "sigmoid"),
]


def logits_network(loss: str, output: str, dtype: str, n_columns: int) -> Network:
    """A network whose logits are its inputs."""
    network = Network(
        n_columns,
        [nn.Dense(n_columns, output, use_bias=False)],
        dtype=dtype,
        weights=[np.eye(n_columns, dtype=dtype)],
        normalization=None,
    )
    network.configure(nn.LOSSES.resolve(loss), optimizers.SGD(0.0), ())
    return network


def extreme_rows(size: float) -> np.ndarray:
    """Rows of three logits: signs in all ways, ties, and one that is small beside the others."""
    signs = np.array(np.meshgrid([-1, 0, 1], [-1, 0, 1], [-1, 0, 1])).reshape(3, -1).T
    return np.vstack([signs * size, signs[1:] * [size, 1.0, 0.5]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e4, 3e38])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_extreme_logits(loss: str, output: str, size: float, dtype: str) -> None:
    """Targets 0 and 1. Nothing is NaN, and what the formula gives is what comes out.

    A loss may be as large as the logits. A sum of three such numbers is more than float32 holds: then it is infinite.
    """
    network = logits_network(loss, output, dtype, 3)
    twin = naive.Network(3, [naive.Dense(3, output, use_bias=False)], loss)
    fused = twin.fused
    largest = float(np.finfo(dtype).max)
    for row, wanted in itertools.product(extreme_rows(size), range(3)):
        exact = row[None].astype(dtype).astype(np.float64)
        targets: Any = np.array([wanted]) if loss.startswith("sparse") else np.eye(3)[[wanted]]
        x, y = as_source(row[None]), as_source(targets, "y")
        prediction = network.predict(x, batch_size=1, threads=1)
        expected = naive.ACTIVATIONS[output](exact)
        np.testing.assert_allclose(prediction, expected, rtol=1e-5, atol=1e-30)
        if not fused and expected.sum() == 0:
            continue  # shares of nothing
        reference = [np.array(twin.value([np.eye(3)], exact, targets))]
        reference += naive.reverse_mode(twin, [np.eye(3)], exact, targets)
        evaluated = network.evaluate(x, y, None, batch_size=1, threads=1)[0]
        value, gradients = network.gradients(x, y, None)
        assert value == evaluated
        if 3.0 * abs(reference[0]) > largest:
            assert value > 1e38
            continue
        # float32 has no number between 1 - 1.2e-7 and 1: unfused, the clip at 1 - 1e-7 is moved
        tolerance = 1e-2 if dtype == "float32" and not fused else 1e-5
        np.testing.assert_allclose(value, reference[0], rtol=tolerance, atol=3e-7)
        assert np.isfinite(gradients[0]).all()
        if fused:
            # exp is never below the smallest normal number, of which a large logit makes a few units
            tiny = 2.0 * float(np.finfo(dtype).tiny) * size
            np.testing.assert_allclose(gradients[0], reference[1], rtol=1e-5, atol=1e-7 + tiny)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", list(naive.ACTIVATIONS))
def test_extreme_hidden_inputs(activation: str, dtype: str) -> None:
    """An activation's value and slope are finite wherever the formula's are, and agree with it."""
    x = np.array([-3e38, -1e30, -1e4, -700, -100, -20, -0.0, 0, 1e-30, 20, 100, 700, 1e4, 3e38])
    if activation == "exponential":
        x = np.minimum(x, 80.0)  # beyond, there is no number in float32
    x = x.astype(dtype)[:, None]
    if activation == "glu":
        x = np.stack(np.broadcast_arrays(x, x.T), axis=-1).reshape(-1, 2)
    network = logits_network("mean_squared_error", activation, dtype, x.shape[1])
    computed = network.predict(as_source(x), batch_size=7, threads=1)
    expected = naive.ACTIVATIONS[activation](x.astype(np.float64))
    assert np.isfinite(computed).all()
    # exp is never below the smallest normal number, of which a large factor makes a few units
    error, factor = np.abs(computed - expected), np.abs(x).max(axis=1, keepdims=True)
    assert (error <= 1e-5 * np.abs(expected) + 1e-7 + factor * np.finfo(dtype).tiny).all()


def test_constant_features() -> None:
    """A column without variance is only centered; training and prediction stay finite."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(64, 3))
    inputs[:, 1] = 5.0
    normalization = nn.Normalization()
    normalization.adapt(inputs)
    statistics = (normalization.mean, normalization.scale)
    network = Network(
        3,
        [nn.Dense(4, "relu"), nn.Dense(1)],
        dtype="float32",
        weights=[random.normal(size=shape).astype(np.float32) for shape in ((3, 4), 4, (4, 1), 1)],
        normalization=statistics,
    )
    network.configure(nn.MeanSquaredError(), optimizers.Adam(0.01), ())
    orders = np.tile(np.arange(64), (50, 1))
    history = network.train(
        as_source(inputs), as_source(inputs[:, :1]), None, orders, batch_size=16, threads=1
    )
    assert np.isfinite(history).all()
    assert history[-1, 0] < history[0, 0]


def diverging(dtype: str, rate: float) -> tuple[Problem, Network, Any]:
    layers = [naive.Dense(8, "relu"), naive.Dense(1)]
    problem = Problem(4, layers, n_rows=50)
    return problem, problem.engine(dtype, optimizers.SGD(rate)), problem.orders(40)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_diverging_rate(dtype: str, threads: int) -> None:
    """The error names the step that could not be done; the weights are those after the step before it."""
    problem, network, orders = diverging(dtype, 3.0)
    with pytest.raises(DivergedError) as caught:
        network.train(*problem.sources(), orders, batch_size=16, threads=threads)
    epoch, step = caught.value.epoch, caught.value.step
    assert f"epoch {epoch}" in str(caught.value)
    assert f"step {step}" in str(caught.value)
    weights = network.weights()
    assert all(np.isfinite(weight).all() for weight in weights)
    n_done = 4 * (epoch - 1) + step - 1
    assert n_done > 0
    again = problem.engine(dtype, optimizers.SGD(3.0))
    for number in range(n_done):
        rows = orders[number // 4][16 * (number % 4) :][:16]
        again.train(*problem.sources(), rows[None], batch_size=16, threads=1)
    assert digest(again.weights()) == digest(weights)
    # the loss of the step that failed is not finite, or the weights that it would have made are not
    rows = orders[epoch - 1][16 * (step - 1) :][:16]
    with pytest.raises(DivergedError):
        again.train(*problem.sources(), rows[None], batch_size=16, threads=1)


def test_network_can_be_trained_after_divergence() -> None:
    problem, network, orders = diverging("float32", 3.0)
    with pytest.raises(DivergedError):
        network.train(*problem.sources(), orders, batch_size=16, threads=1)
    network.set_weights([weight.astype(np.float32) for weight in problem.weights])
    network.configure(nn.MeanSquaredError(), optimizers.SGD(0.01), ())
    history = network.train(*problem.sources(), orders, batch_size=16, threads=1)
    assert np.isfinite(history).all()
    fresh = problem.engine("float32", optimizers.SGD(0.01))
    fresh.train(*problem.sources(), orders, batch_size=16, threads=1)
    assert worst(network.weights(), fresh.weights()) == 0


def test_targets_that_are_not_finite_are_seen() -> None:
    """The planted fault: a NaN that came past the checks of the inputs is named by its step."""
    problem, network, _ = diverging("float32", 0.001)
    problem.targets[37] = np.nan
    orders = np.arange(50)[None]
    with pytest.raises(DivergedError) as caught:
        network.train(*problem.sources(), orders, batch_size=16, threads=1)
    assert (caught.value.epoch, caught.value.step) == (1, 3)


@pytest.mark.parametrize(
    ("dtype", "rate"),
    [
        (dtype, rate)
        for dtype, most in (("float32", 1e30), ("float64", 1e300))
        for rate in (1.0, 30.0, 1e10, 1e30, 1e300)
        if rate <= most
    ],
)
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_no_silent_divergence(loss: str, dtype: str, rate: float) -> None:
    """However many steps are asked for, weights are finite after them or there was an error; never both not."""
    layers = [naive.Dense(8, "relu"), naive.Dense(4, "tanh"), naive.Dense(1)]
    problem = Problem(4, layers, loss, n_rows=40)
    for rule in (optimizers.SGD(rate), optimizers.SGD(rate, momentum=0.9), optimizers.Adam(rate)):
        for n_steps in (1, 2, 3, 10, 100):
            network = problem.engine(dtype, rule)
            orders = np.tile(np.arange(10), (n_steps, 1))
            history = np.full((1, 1), np.nan)
            with contextlib.suppress(DivergedError):
                history = network.train(*problem.sources(), orders, batch_size=10, threads=1)
            assert np.isfinite(history).all() == (network.steps == n_steps)
            assert all(np.isfinite(weight).all() for weight in network.weights())
