"""Losses of few samples of many outputs, which have features in lanes: as right as the others, and as stable."""

import numpy as np
import pytest

import naive
from contracts.problems import OPTIMIZERS, Array, Problem, digest
from contracts.test_batch_edges import poison
from contracts.test_gradients import PAIRS, TOLERANCES, errors
from fastbp import nn
from fastbp.engine import Network
from fastbp.errors import DivergedError

#: From 512 parameters on as many samples are few, and so many outputs leave part of a vector empty.
BATCHES = (1, 3, 8)
N_OUTPUTS = 37


def problem(loss: str, output: str, n_rows: int, n_outputs: int = N_OUTPUTS) -> Problem:
    last = naive.Dense(naive.inputs_for(output, n_outputs), output)
    layers = [naive.Dense(20, "gelu"), last]
    return Problem(5, layers, loss, n_rows, scale=0.4)


def names(network: Network) -> set[str]:
    """The kernels of all programs so far."""
    return {name.split()[0] for each in network._sessions.values() for name in each.names}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_gradients(loss: str, output: str, dtype: str) -> None:
    for n_rows in BATCHES:
        given = problem(loss, output, n_rows)
        found = errors(given, dtype, n_rows > 1, naive.reverse_mode)
        assert max(found) < TOLERANCES[dtype], n_rows


def test_where() -> None:
    """The softmax with its cross-entropy, and what has one term an output; a narrow output goes the other way."""
    pointwise, softmax = {"few_pointwise_loss"}, {"few_softmax_crossentropy"}
    found = {}
    for loss, output, n_outputs in (
        ("mean_squared_error", "silu", N_OUTPUTS),
        ("binary_crossentropy", "sigmoid", N_OUTPUTS),
        ("categorical_crossentropy", "softmax", N_OUTPUTS),
        ("sparse_categorical_crossentropy", "softmax", N_OUTPUTS),
        ("cosine_similarity", "linear", N_OUTPUTS),
        ("mean_squared_error", "linear", 2),
    ):
        given = problem(loss, output, 8, n_outputs)
        network = given.engine()
        network.gradients(*given.sources())
        found[loss, n_outputs] = names(network) & (pointwise | softmax)
    assert list(found.values()) == [pointwise, pointwise, softmax, softmax, set(), set()]


@pytest.mark.parametrize("loss", ["binary_crossentropy", "sparse_categorical_crossentropy"])
def test_metrics_beside_it(loss: str) -> None:
    """They have samples in lanes, and give what they give for the same samples in larger batches."""
    output = "sigmoid" if loss.startswith("binary") else "softmax"
    given = problem(loss, output, 24)
    kinds = [loss, "binary_accuracy", "mean_absolute_error"]
    if loss.startswith("sparse"):
        kinds = [loss, "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy"]
    metrics = [nn.Metric(kind, kind, n_outputs=N_OUTPUTS) for kind in kinds]
    network = given.engine(metrics=metrics)
    few = network.evaluate(*given.sources(weighted=True), batch_size=8)
    assert any(name.startswith("few_") for name in names(network))
    many = network.evaluate(*given.sources(weighted=True), batch_size=24)
    np.testing.assert_allclose(few, many, rtol=1e-12)
    assert len(set(few)) > 2


@pytest.mark.parametrize("loss", ["mean_squared_error", "sparse_categorical_crossentropy"])
@pytest.mark.parametrize("batch_size", [3, 8])
def test_training(loss: str, batch_size: int) -> None:
    """A short last batch, sample weights, and an activation behind which the loss stands."""
    given = problem(loss, "softmax" if loss.startswith("sparse") else "silu", 29)
    optimizer, specification = OPTIMIZERS["adam"]
    orders = given.orders(3)
    expected = naive.train(
        given.twin, given.weights, optimizer, given.inputs, given.targets, orders, batch_size,
        given.sample_weight,
    )  # fmt: skip
    network = given.engine("float64", specification)
    network.train(*given.sources(weighted=True), orders, batch_size=batch_size, threads=1)
    assert any(name.startswith("few_") for name in names(network))
    for ours, right in zip(network.weights(), expected.weights, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-10, atol=1e-12)


def trained(given: Problem, dtype: str, poisoned: bool) -> list[Array]:
    network = given.engine(dtype, OPTIMIZERS["momentum"][1])
    sources = given.sources(weighted=True)
    if poisoned:
        request = network._request(8, *sources, "momentum", training=True)
        network._session(request, 1)
        poison(network)
    history = network.train(*sources, given.orders(2), batch_size=8, threads=1)
    return [history, *network.weights()]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("loss", ["huber", "categorical_crossentropy"])
def test_poisoned(loss: str, dtype: str) -> None:
    """What lies in padding and in buffers from before has no part in it."""
    given = problem(loss, "softmax" if "cross" in loss else "linear", 29)
    assert digest(trained(given, dtype, True)) == digest(trained(given, dtype, False))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("loss", ["mean_squared_error", "categorical_crossentropy"])
def test_what_is_not_finite_stops(loss: str, threads: int) -> None:
    """Before that step touches the weights, and the error names it."""
    given = problem(loss, "softmax" if loss.startswith("cat") else "linear", 24)
    # The squared error is infinite in float32, its gradient is not.
    given.targets[9] = 1e25 if loss.startswith("mean") else 3e38
    order = np.arange(24)[None]
    before = given.engine("float32", OPTIMIZERS["sgd"][1])
    before.train(*given.sources(weighted=True), order[:, :8], batch_size=8, threads=threads)
    network = given.engine("float32", OPTIMIZERS["sgd"][1])
    with pytest.raises(DivergedError) as caught:
        network.train(*given.sources(weighted=True), order, batch_size=8, threads=threads)
    assert (caught.value.epoch, caught.value.step) == (1, 2)
    assert digest(network.weights()) == digest(before.weights())
