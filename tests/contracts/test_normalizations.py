"""Layers whose weights are vectors: gradients within 1e-12 of the twin, trajectories within 1e-10, the same bits.

Batch normalization is looked at twice: by the statistics of the batch, and by the moving ones.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Array, Problem, digest, worst
from contracts.test_batch_edges import BATCHES as EDGES
from contracts.test_batch_edges import run
from contracts.test_compiles_nothing import counting, train
from contracts.test_gradients import TOLERANCES
from fastbp import nn
from fastbp.data.source import as_source

Batch, Layer, PReLU = naive.BatchNormalization, naive.LayerNormalization, naive.PReLU
PENALTIES: dict[str, Any] = {"gamma_penalty": (0.01, 0.02), "beta_penalty": (0.0, 0.03)}
LAYERS: dict[str, Any] = {
    "layer": Layer(**PENALTIES),
    "layer, no gamma": Layer(epsilon=0.1, scale=False),
    "layer, no beta": Layer(center=False),
    "layer, no weights": Layer(center=False, scale=False),
    "layer, only scales": Layer(only_scales=True, gamma_penalty=(0.1, 0.2)),
    "layer, frozen": Layer(trainable=False),
    "batch": Batch(**PENALTIES, momentum=0.9),
    "batch, no gamma": Batch(epsilon=0.1, scale=False),
    "batch, no beta": Batch(center=False, momentum=0.5),
    "batch, no weights": Batch(center=False, scale=False, momentum=0.0),
    "batch, frozen": Batch(trainable=False),
    "prelu": PReLU((0.1, 0.2)),
    "prelu, frozen": PReLU(trainable=False),
}
BATCHES = (1, 2, 9, 16, 17, 33, 70)


def errors(problem: Problem, dtype: str, training: bool) -> tuple[float, float]:
    """How far loss and gradients are from the twin's, relative to their size."""
    network = problem.engine(dtype)
    loss, gradients = network.gradients(*problem.sources(True), training=training)
    targets: Any = problem.targets
    if targets.dtype.kind == "f":
        targets = targets.astype(dtype).astype(np.float64)
    given = (
        [np.asarray(weight, np.float64) for weight in network.weights()],
        problem.inputs.astype(dtype).astype(np.float64),
        targets,
        problem.sample_weight,
    )
    reference = naive.complex_step(problem.twin, *given, training=training)
    expected = problem.twin.value(*given, training=training)
    assert farthest(naive.reverse_mode(problem.twin, *given, training=training), reference) < 1e-12
    return abs(loss - expected) / abs(expected), farthest(gradients, reference)


def farthest(computed: Sequence[Array], reference: Sequence[Array]) -> float:
    """The largest error of an array, relative to the largest number in it, or to a share of the largest of all.

    Some are 0 but for rounding: what is added to all samples alike is taken off with the mean.
    """
    sizes = [float(np.abs(b).max()) for b in reference]
    scales = np.maximum(sizes, 0.01 * max(sizes))
    errors = [np.abs(a - b).max() for a, b in zip(computed, reference, strict=True)]
    return float((np.array(errors) / scales).max())


@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name: str) -> None:
    """All of them: also by what is frozen, and by the moving statistics, where these count."""
    layer = LAYERS[name]
    layers = [naive.Dense(5, "tanh"), layer, naive.Activation("relu"), naive.Dense(3, "softmax")]
    for n_rows in BATCHES:
        problem = Problem(4, layers, "categorical_crossentropy", n_rows)
        for training in (False, True):
            found = max(errors(problem, "float64", training))
            assert found < TOLERANCES["float64"], (n_rows, training)


@pytest.mark.parametrize("name", ["layer", "batch", "prelu"])
def test_gradients_in_single_precision(name: str) -> None:
    layers = [naive.Dense(19, "tanh"), LAYERS[name], naive.Dense(3)]
    for n_rows in (9, 33, 70):
        problem = Problem(4, layers, n_rows=n_rows)
        assert max(errors(problem, "float32", True)) < TOLERANCES["float32"], n_rows


@pytest.mark.parametrize(
    "name", ["layer", "layer, only scales", "batch", "batch, no gamma", "prelu"]
)
def test_anywhere(name: str) -> None:
    """First, behind an activation that is fused and one that is not, twice, last, in a network of many parameters."""
    layer = LAYERS[name]
    stacks: Sequence[list[Any]] = (
        [layer, naive.Dense(5, "gelu"), layer, naive.Dense(2)],
        [naive.Dense(5, "relu"), layer, naive.Dense(7, "softmax"), layer, naive.Dense(3), layer],
        [naive.Dense(5, "silu"), naive.Dense(6, "gelu"), layer, layer, naive.Dense(2)],
        [naive.Activation("tanh"), layer, naive.Activation("elu"), naive.Dense(2)],
        [naive.Dense(40, "relu"), layer, naive.Dense(40), layer, naive.Dense(3)],
    )
    for layers in stacks:
        for n_rows in (2, 7, 33):
            problem = Problem(3, layers, "huber", n_rows)
            for training in (False, True):
                found = max(errors(problem, "float64", training))
                assert found < TOLERANCES["float64"], (layers, n_rows, training)


#: A few of each: what needs slots, the loss, or all additions; logits, classes, numbers.
RULES = ("sgd", "adam, all", "rprop_iplus")
JUDGED = (
    ("softmax", "sparse_categorical_crossentropy"),
    ("sigmoid", "binary_crossentropy"),
    ("linear", "mean_squared_error"),
)


@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["layer", "batch", "batch, no weights", "batch, frozen", "prelu"])
def test_trajectories(name: str, rule: str, batch_size: int) -> None:
    """At least 50 steps through permutations of 60 rows, the last batches short, samples weighted."""
    layer = LAYERS[name]
    twin_rule, optimizer = OPTIMIZERS[rule]
    for output, loss in JUDGED:
        # A bias would have a gradient of 0, also that of a relu which is never 0, and Rprop goes by the sign of what
        # rounding leaves of it.
        first = naive.Dense(6, use_bias=False)
        layers = [first, layer, naive.Activation("tanh"), naive.Dense(5, "tanh"), layer]
        problem = Problem(4, [*layers, naive.Dense(3, output)], loss, 60)
        orders = problem.orders(-(-50 // -(-60 // batch_size)))
        given = problem.inputs, problem.targets, orders, batch_size, problem.sample_weight
        metrics = () if loss.startswith("sparse") else ("mean_squared_error",)
        reference = naive.train(problem.twin, problem.weights, twin_rule, *given, metrics)
        network = problem.engine(
            "float64", optimizer, [nn.Metric(metric, metric) for metric in metrics]
        )
        history = network.train(
            *problem.sources(weighted=True), orders, batch_size=batch_size, threads=1
        )
        assert worst(network.weights(), reference.weights) < 1e-10, loss
        assert worst([history], [reference.history]) < 1e-10, loss
        # what was learned is judged by the moving statistics
        evaluation = network.evaluate(*problem.sources(), batch_size=batch_size, threads=1)
        expected = problem.twin.value(reference.weights, problem.inputs, problem.targets)
        assert abs(evaluation[0] - expected) < 1e-9 * abs(expected), loss


def test_planted_faults_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statistic that is wrong by one part in 10^10, in the twin, fails the checks."""
    layers = [naive.Dense(5, "tanh"), Batch(), naive.Dense(3)]
    problem = Problem(4, layers, n_rows=33)
    assert max(errors(problem, "float64", True)) < 1e-12
    right = Batch._statistics

    def wrong(*given: Any) -> Any:
        by_batch, mean, variance = right(*given)
        return by_batch, mean, variance * (1.0 + 1e-10)

    monkeypatch.setattr(Batch, "_statistics", wrong)
    monkeypatch.setattr(naive, "reverse_mode", naive.complex_step)
    assert max(errors(problem, "float64", True)) > 1e-12


@pytest.mark.parametrize("shift", [0.0, 1e4, -3e5])
@pytest.mark.parametrize("n_rows", [3, 16, 250, 4001])
def test_far_means(shift: float, n_rows: int) -> None:
    """Features far from 0 in single precision: mean and variance are those of the numbers that were given."""
    random = np.random.default_rng(3)
    given = (random.normal(size=(n_rows, 5)) + shift).astype(np.float32)
    # what comes first is no measure of the rest
    given[0] += 300.0
    problem = Problem(5, [Batch(momentum=0.0), naive.Dense(2)], n_rows=n_rows)
    problem.inputs = given
    network = problem.engine("float32", OPTIMIZERS["sgd"][1])
    exact = given.astype(np.float64)
    network.train(*problem.sources(), np.arange(n_rows)[None], batch_size=n_rows, threads=1)
    *_, mean, variance = network.weights()[:4]
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=2e-7, atol=1e-4)
    # a lane of a narrow vector adds up a thousand squares, of which the first is by far the largest
    np.testing.assert_allclose(variance, exact.var(axis=0), rtol=2e-5)
    # the outputs, too: of a Dense that hands them on, beside the twin's in double precision
    twin = Problem(5, [Batch(), naive.Dense(5), Layer(epsilon=1.0)], n_rows=n_rows)
    weights = [np.ones(5), np.zeros(5), np.zeros(5), np.ones(5), np.eye(5), np.zeros(5)]
    twin.weights = [*weights, np.ones(5), np.zeros(5)]
    twin.inputs = given
    outputs = twin.twin.trace(twin.weights, exact, training=True)[-1][0]
    twin.targets = outputs.astype(np.float32)
    loss, _ = twin.engine("float32").gradients(*twin.sources(), training=True)
    assert loss < 1e-9


@pytest.mark.parametrize("shift", [0.0, 1e4])
@pytest.mark.parametrize("width", [3, 500])
def test_far_means_of_samples(shift: float, width: int) -> None:
    given = np.random.default_rng(3).normal(size=(20, width)).astype(np.float32)
    given = (given + np.float32(shift)).astype(np.float32)
    problem = Problem(width, [Layer(), PReLU()], n_rows=20)
    problem.weights = [np.ones(width), np.zeros(width), np.ones(width)]
    problem.inputs = given
    outputs = problem.engine("float32").predict(as_source(given))
    expected = problem.twin.predict(problem.weights, given.astype(np.float64))
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("batch_size", EDGES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_poison_does_not_leak(dtype: str, batch_size: int) -> None:
    layers = [
        Batch(),
        naive.Dense(19, "gelu"),
        Layer(epsilon=0.0),
        naive.Activation("relu"),
        Batch(trainable=False),
        naive.Dense(5),
        PReLU(),
        naive.Dense(3, "softmax"),
    ]
    problem = Problem(7, layers, "sparse_categorical_crossentropy", n_rows=50)
    clean = run(problem, dtype, "adam", batch_size, poisoned=False)
    assert run(problem, dtype, "adam", batch_size, poisoned=True) == clean


SCRIPT = """
import json
import naive
from contracts import teams
from contracts.problems import OPTIMIZERS, Problem, digest

found, sizes = {}, teams.counted()
for n_hidden, dtype in ((13, "float32"), (70, "float64")):
    batch, layer = naive.BatchNormalization(), naive.LayerNormalization()
    layers = [
        batch, naive.Dense(n_hidden), batch, naive.Activation("relu"), layer, naive.Dense(n_hidden), naive.PReLU(),
        naive.Dense(3, "softmax"),
    ]
    problem = Problem(5, layers, "sparse_categorical_crossentropy", 503, scale=0.2)
    for batch_size in (1, 7, 33, 503):
        orders = problem.orders(-(-60 * batch_size // 503))[:, : 60 * batch_size]
        for workers in (1, 2, 3):
            network = problem.engine(dtype, OPTIMIZERS["adam"][1])
            data = problem.sources()
            history = network.train(*data, orders, batch_size=batch_size, threads=workers)
            results = [history, network.evaluate(*data, batch_size=batch_size, threads=workers)]
            results.append(network.predict(data[0], batch_size=batch_size, threads=workers))
            bits = digest([*network.weights(), *network.optimizer_state().values(), *results])
            found.setdefault(f"{n_hidden} batch {batch_size}", {})[workers] = bits
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits() -> None:
    """For one, two and three workers, which were there."""
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="3", NUMBA_THREADING_LAYER="omp")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3}
    assert len(answer["found"]) == 8
    for case, by_workers in answer["found"].items():
        assert len(by_workers) == 3
        assert len(set(by_workers.values())) == 1, case
    assert len({json.dumps(each) for each in answer["found"].values()}) == 8


def test_compiles_nothing() -> None:
    """Another width, batch size, epsilon, momentum or regularizer."""

    def problem(width: int, epsilon: float, momentum: float) -> Problem:
        batch, layer = Batch(momentum, epsilon), Layer(epsilon)
        layers = [batch, naive.Dense(width, "relu"), batch, layer, PReLU(), naive.Dense(3)]
        return Problem(4, layers)

    for threads in (1, 2):
        train(problem(8, 1e-3, 0.9), 0.01, 20, threads)
        train(problem(40, 1e-3, 0.9), 0.01, 4, threads)
        for batch_size in (4, 20):
            # A narrow layer has kernels of its own.
            train(problem(100, 1e-3, 0.9), 0.01, batch_size, threads)
    with counting() as names:
        for threads in (1, 2):
            train(problem(17, 1e-2, 0.5), 0.02, 7, threads)
            train(problem(70, 1e-4, 0.99), 0.02, 33, threads)
    assert names == []


def test_a_network_without_them_has_no_more_barriers() -> None:
    """And one with them two for each batch normalization in each direction, in training alone."""

    def barriers(*layers: Any) -> int:
        problem = Problem(4, [*layers, naive.Dense(3)], n_rows=64)
        network = problem.engine("float32", OPTIMIZERS["sgd"][1])
        network.train(*problem.sources(), problem.orders(1), batch_size=64, threads=1)
        (session,) = network._sessions.values()
        return session.names.count("barrier")

    dense = naive.Dense(8, "relu")
    assert barriers(dense) == barriers(dense, Layer(), PReLU()) == 2
    assert barriers(dense, Batch(trainable=False)) == 2
    assert barriers(dense, Batch()) == 6
    assert barriers(dense, Batch(), dense, Batch()) == 10


def test_digest_tells_networks_apart() -> None:
    """Else the tests of bits show nothing."""
    assert digest([np.zeros(1)]) != digest([np.ones(1)])
