"""Large batches of small layers, whose gradients are added up part by part: right, and the same for any team."""

import numpy as np
import pytest

import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Array, Problem, digest
from contracts.test_batch_edges import poison
from contracts.test_gradients import TOLERANCES, errors
from fastbp.engine import Network

#: In float32 with the widest vectors it takes 2,560 samples.
N_ROWS = 2603


def problem(n_inputs: int, loss: str = "mean_squared_error", n_rows: int = N_ROWS) -> Problem:
    """Widths that no vector and no tile divides, penalties, and a bias that is not trained."""
    layers = [
        naive.Dense(11, "tanh", kernel_penalty=(0.0, 0.01), bias_penalty=(0.003, 0.0)),
        naive.Dense(3, "gelu", bias_trainable=False),
        naive.LayerNormalization(),
        naive.Dense(9, "relu", use_bias=False),
        naive.Dense(5, "softmax" if "crossentropy" in loss else "linear"),
    ]
    return Problem(n_inputs, layers, loss, n_rows, scale=0.3)


def wide_problem() -> Problem:
    """Not many samples, but more numbers of the wide layer than caches hold."""
    layers = [naive.Dense(3, "tanh"), naive.Dense(617, "gelu"), naive.Dense(2)]
    return Problem(4, layers, n_rows=901, scale=0.3)


def names(network: Network) -> list[str]:
    """The rows of all programs so far."""
    return [name.split()[0] for each in network._sessions.values() for name in each.names]


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_gradients(dtype: str) -> None:
    given = problem(3, n_rows=N_ROWS if dtype == "float32" else N_ROWS // 2)
    assert max(errors(given, dtype, weighted=True)) < TOLERANCES[dtype]


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_gradients_of_short_parts(dtype: str) -> None:
    given = wide_problem()
    network = given.engine(dtype)
    network.gradients(*given.sources(), training=True)
    assert "partial_gradient" in names(network)
    assert max(errors(given, dtype, twin=naive.reverse_mode)) < TOLERANCES[dtype]


def trained(
    given: Problem,
    dtype: str,
    rule: str,
    threads: int,
    *,
    weighted: bool = False,
    poisoned: bool = False,
) -> list[Array]:
    """Weights after two epochs of a whole batch and a short one, and the sums of the epochs."""
    network = given.engine(dtype, OPTIMIZERS[rule][1])
    sources = given.sources(weighted)
    if poisoned:
        # lowered, with room in the arena
        request = network._request(N_ROWS, *sources, rule, training=True)
        network._session(request, 1)
        poison(network)
    history = network.train(*sources, given.orders(2), batch_size=N_ROWS, threads=threads)
    found = names(network)
    n_wide = sum(isinstance(layer, naive.Dense) for layer in given.layers) - 1
    assert found.count("partial_gradient") == n_wide + (given.n_inputs <= 64)
    assert "weight_gradient" not in found
    return [history, *network.weights()]


@pytest.mark.parametrize(("n_inputs", "rule"), [(5, "adam"), (70, "momentum"), (5, "sgd, clip")])
def test_training(n_inputs: int, rule: str) -> None:
    """The first layer reads more than 64 inputs as it does otherwise."""
    given = problem(n_inputs, "sparse_categorical_crossentropy", N_ROWS + 21)
    order = given.orders(2)
    optimizer, _ = OPTIMIZERS[rule]
    expected = naive.train(
        given.twin, given.weights, optimizer, given.inputs, given.targets, order, N_ROWS,
        given.sample_weight,
    )  # fmt: skip
    found = trained(given, "float64", rule, 1, weighted=True)[1:]
    for ours, right in zip(found, expected.weights, strict=True):
        np.testing.assert_allclose(ours, right, rtol=1e-10, atol=1e-12)


#: More workers than parts among them.
WORKERS = (1, 2, 3, 8, 11)

BITS = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_large_batches import N_ROWS, WORKERS, problem, trained, wide_problem

sizes, bits = teams.counted(), {}
for dtype in ("float32", "float64"):
    for name, given in (("many", problem(5, n_rows=N_ROWS + 21)), ("wide", wide_problem())):
        found = [digest(trained(given, dtype, "adam", workers)) for workers in WORKERS]
        bits[f"{name} {dtype}"] = found
print(json.dumps({"sizes": sizes, "bits": bits}))
"""


def test_same_bits() -> None:
    answer = children.run(BITS, NUMBA_NUM_THREADS="11", NUMBA_THREADING_LAYER="workqueue")
    assert answer["sizes"] == {str(workers): workers for workers in WORKERS}
    assert len(answer["bits"]) == 4
    for case, bits in answer["bits"].items():
        assert len(bits) == len(WORKERS)
        assert len(set(bits)) == 1, (case, bits)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_poisoned(dtype: str) -> None:
    given = problem(5, n_rows=N_ROWS + 21)
    alone = digest(trained(given, dtype, "adam", 1))
    assert digest(trained(given, dtype, "adam", 1, poisoned=True)) == alone


def test_where_not() -> None:
    """Smaller batches, large layers, and layers that mix samples go the other way."""
    dense = [naive.Dense(7, "relu"), naive.Dense(2)]
    for layers, n_rows in (
        (dense, 500),
        ([naive.Dense(300, "relu"), naive.Dense(300)], N_ROWS),
        ([naive.BatchNormalization(), *dense], N_ROWS),
    ):
        given = Problem(4, layers, n_rows=n_rows)
        network = given.engine("float32")
        network.gradients(*given.sources(), training=True)
        assert "partial_gradient" not in names(network)
