"""Poisoned buffers never leak into a result, nor what lies beside the data; nothing is allocated while training."""

import os
import tracemalloc
from typing import Any

import numpy as np
import psutil
import pytest
from numba.core.runtime import _nrt_python, rtsys

import naive
from contracts.problems import OPTIMIZERS, Problem, digest
from fastbp import nn
from fastbp.data.source import as_source
from fastbp.engine import Network

BATCHES = (1, 3, 16, 17, 50)


def poison(network: Network) -> None:
    """Fill all of the arena that is not parameters, optimizer state or normalization with NaN."""
    network._arena.array[network._state_size :] = np.nan


def problem(loss: str, hidden: str) -> Problem:
    """Two rows more than three batches of 16, and widths that no vector divides."""
    output = {"sparse_categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid"}
    layers = [
        naive.Dense(naive.inputs_for(hidden, 19), hidden, kernel_penalty=(0.0, 0.01)),
        naive.Dense(naive.inputs_for(hidden, 3), "linear", bias_trainable=False),
        naive.Activation(hidden),
        naive.Dense(5, output.get(loss, "linear")),
    ]
    return Problem(7, layers, loss, n_rows=50)


def run(given: Problem, dtype: str, rule: str, batch_size: int, poisoned: bool) -> str:
    """The bits of two epochs step by step, then of evaluation, prediction and gradients."""
    kinds = ("roc_auc_interpolation", "r2_score", "true_positives", "fbeta_score_of_classes")
    metrics = [nn.Metric(kind, kind, (), True, 5) for kind in kinds]
    sparse = given.loss.startswith("sparse")
    network = given.engine(dtype, OPTIMIZERS[rule][1], () if sparse else metrics)
    sources = given.sources(weighted=True)
    found: list[Any] = []
    for order in given.orders(2):
        for start in range(0, given.n_rows, batch_size):
            rows = np.ascontiguousarray(order[None, start : start + batch_size])
            # lowers the program and makes room for it, without a change of the weights
            network.memory_plan(batch_size)
            if poisoned:
                poison(network)
            found.append(network.train(*sources, rows, batch_size=batch_size, threads=1))
    found += network.weights()
    for work in (
        lambda: network.evaluate(*sources, batch_size=batch_size, threads=1),
        lambda: network.predict(sources[0], batch_size=batch_size, threads=1),
        lambda: network.gradients(*sources)[1],
    ):
        if poisoned:
            poison(network)
        answer = work()
        found += answer if isinstance(answer, list) else [answer]
    return digest(found)


@pytest.mark.parametrize(
    ("loss", "hidden", "rule", "dtype"),
    [
        ("sparse_categorical_crossentropy", "relu", "adam", "float32"),
        ("mean_squared_error", "gelu", "momentum", "float64"),
        ("binary_crossentropy", "tanh", "sgd", "float32"),
        ("huber", "softmax", "rmsprop", "float64"),
        ("mean_squared_error", "sparsemax", "sgd", "float32"),
        ("mean_squared_error", "threshold(0.3, -0.7)", "sgd", "float32"),
        ("mean_squared_error", "glu", "sgd", "float32"),
    ],
)
def test_poison_does_not_leak(loss: str, hidden: str, rule: str, dtype: str) -> None:
    given = problem(loss, hidden)
    for batch_size in BATCHES:
        clean = run(given, dtype, rule, batch_size, poisoned=False)
        assert run(given, dtype, rule, batch_size, poisoned=True) == clean, batch_size


def test_what_lies_beside_the_data() -> None:
    """Data that are a window of something larger: its surroundings are never read, so they may be NaN."""
    given = problem("mean_squared_error", "tanh")
    clean = run(given, "float64", "sgd", 17, poisoned=False)
    for name in ("inputs", "targets", "sample_weight"):
        array = getattr(given, name)
        large = np.full([3 * length for length in array.shape], np.nan)
        window = large[tuple(slice(length, 2 * length) for length in array.shape)]
        window[...] = array
        setattr(given, name, window)
    assert run(given, "float64", "sgd", 17, poisoned=True) == clean


def outcome(given: Problem, missing: int | None) -> tuple[str, list[str]]:
    """The bits of an epoch on poisoned memory with one row of the program left out, and the names of all rows."""
    sources = given.sources()
    network = given.engine("float32", OPTIMIZERS["sgd"][1])
    session = network._session(
        network._request(17, sources[0], sources[1], None, "sgd", training=True), 1
    )
    names = list(session.names)
    if missing is not None:
        session.rows = np.delete(session.rows, missing, axis=0)
        session._n_apart -= missing < session._n_apart
    poison(network)
    try:
        history = network.train(*sources, given.orders(1), batch_size=17, threads=1)
    except ArithmeticError:
        return "diverged", names
    return digest([history, *network.weights()]), names


def test_every_missing_row_is_seen() -> None:
    """The planted faults: with any single row of the program left out, poison reaches the result."""
    given = Problem(7, [naive.Dense(19, "tanh"), naive.Dense(5)], n_rows=20)
    right, names = outcome(given, None)
    # without the table of addresses the process would not live to tell
    rows = [
        number for number, name in enumerate(names) if name != "barrier" and "inputs" not in name
    ]
    assert len(rows) > 8
    assert [names[number] for number in rows if outcome(given, number)[0] == right] == []


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_is_allocated(rule: str, threads: int) -> None:
    """Over 10,000 steps: not by Numba, not by the process, nor by Python but for results and a table of rates."""
    given = Problem(2, [naive.Dense(8, "relu"), naive.Dense(2)], n_rows=40)
    network = given.engine("float32", OPTIMIZERS[rule][1])
    orders = np.tile(given.orders(1), (1000, 1))
    sources = given.sources()

    def train() -> Any:
        return network.train(*sources, orders, batch_size=4, threads=threads)

    train()
    _nrt_python.memsys_enable_stats()
    process = psutil.Process(os.getpid())
    train()
    resident, by_numba = process.memory_info().rss, rtsys.get_allocation_stats().alloc
    tracemalloc.start()
    history = train()
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert network.steps == 30_000
    # Numba counts the four arrays that it is handed for each chunk
    assert rtsys.get_allocation_stats().alloc - by_numba < 100
    assert kept - history.nbytes < 10_000
    # one byte a step would be as much; Adam's rates are made a chunk at a time
    assert most - 2 * history.nbytes < (10_000 if rule == "sgd" else 4 * 8 * 4 * 10_000)
    assert process.memory_info().rss - resident < 500_000


def test_bytes_are_known_before() -> None:
    """`memory_plan` says what the arena has become after training."""
    given = Problem(30, [naive.Dense(64, "relu"), naive.Dense(2)], n_rows=64)
    given.inputs = given.inputs.astype(np.float32)
    given.targets = given.targets.astype(np.float32)
    plan = given.engine("float32", OPTIMIZERS["adam"][1]).memory_plan(32)
    network = given.engine("float32", OPTIMIZERS["adam"][1])
    network.train(*given.sources(), given.orders(1), batch_size=32, threads=1)
    assert plan["total"] == sum(plan[part] for part in plan if part != "total")
    copied = network.snapshot().nbytes
    assert copied == plan["last_finite_state"]
    assert abs(network._arena.array.nbytes + copied - plan["total"]) < 200


def test_counters_of_allocations_count() -> None:
    """The planted fault: compiled code that does allocate is seen by both counters."""
    import numba

    _nrt_python.memsys_enable_stats()
    make = numba.njit(lambda n: np.zeros(n))
    make(1)
    before = rtsys.get_allocation_stats().alloc
    tracemalloc.start()
    kept = [make(5), as_source([[1.0, 2.0]])]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rtsys.get_allocation_stats().alloc > before
    assert most > 0
    assert len(kept) == 2
