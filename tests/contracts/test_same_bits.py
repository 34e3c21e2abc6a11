"""The same bits for 1, 2, 3 and 8 workers, on every threading layer, for every batch size, over 200 steps."""

import json
from typing import Any

import pytest

from contracts import children

WORKERS = (1, 2, 3, 8)
BATCHES = (1, 7, 32, 33, 1000)
LAYERS = ("omp", "tbb", "workqueue")

SCRIPT = """
import json, sys
import numba, numpy as np
import naive
from contracts.problems import OPTIMIZERS, Problem, digest
from contracts import teams
from fastbp import nn
from fastbp.nn.metrics.counting import Counting

found, sizes = {}, teams.counted()
for n_hidden, dtype, rule in ((12, "float32", "adam"), (70, "float64", "momentum")):
    layers = [naive.Dense(n_hidden, "tanh"), naive.Dense(n_hidden, "relu"), naive.Dense(3, "softmax")]
    problem = Problem(5, layers, "sparse_categorical_crossentropy", 1003, scale=0.2)
    metrics = ()
    if n_hidden == 70:
        # Sums that kernels add to by themselves.
        problem = Problem(5, layers, "categorical_crossentropy", 1003, scale=0.2)
        together = nn.Metric("together", "pr_auc_minoring", (50.0,), True, 3)
        apart = nn.Metric("apart", "roc_auc_interpolation", (20.0, 1.0), True, 3)
        metrics = [together, apart, nn.Metric("r2", "r2_score", (), True, 3)]
        largest = nn.Metric("largest", "fbeta_score_of_classes", (), True, 3)
        several = Counting((0.4, 0.2, 0.3))
        metrics += [largest, nn.Metric("several", "precision", (), True, 3, several)]
    sources = problem.sources(weighted=n_hidden == 70)
    for batch_size in %(batches)s:
        # 200 steps; where there are fewer in an epoch, the short batches at their ends among them
        n_epochs = -(-200 * batch_size // 1003)
        orders = problem.orders(n_epochs)
        if n_epochs == 1:
            orders = orders[:, : 200 * batch_size - batch_size // 2]
        for workers in %(workers)s:
            network = problem.engine(dtype, OPTIMIZERS[rule][1], metrics)
            history = network.train(
                *sources, orders, batch_size=batch_size, threads=workers
            )
            assert network.steps >= 200
            key = f"{n_hidden} batch {batch_size}"
            evaluation = network.evaluate(*sources, batch_size=batch_size, threads=workers)
            prediction = network.predict(sources[0], batch_size=batch_size, threads=workers)
            state = [*network.weights(), *network.optimizer_state().values()]
            bits = digest([*state, history, evaluation, prediction])
            found.setdefault(key, {})[workers] = bits
try:
    layer = numba.threading_layer()
except ValueError:
    layer = "none"
print(json.dumps({"layer": layer, "found": found, "sizes": sizes}))
"""


@pytest.fixture(scope="module")
def bits() -> dict[str, Any]:
    """threading layer -> network and batch size -> workers -> digest"""
    script = SCRIPT % {"batches": BATCHES, "workers": WORKERS}
    found = {}
    for layer in LAYERS:
        answer = children.run(script, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="8")
        assert answer["layer"] == layer
        # teams were whole; TBB gives a region no more threads than there are processors
        least = {workers: min(workers, 2) if layer == "tbb" else workers for workers in WORKERS}
        assert all(answer["sizes"][str(workers)] >= least[workers] for workers in WORKERS)
        found[layer] = answer["found"]
    return found


def different(found: dict[str, Any]) -> list[str]:
    """The networks and batch sizes whose bits are not all the same."""
    bits: dict[str, set[str]] = {}
    for by_case in found.values():
        for case, by_workers in by_case.items():
            bits.setdefault(case, set()).update(by_workers.values())
    return [case for case, kinds in bits.items() if len(kinds) > 1]


def test_same_bits(bits: dict[str, Any]) -> None:
    assert sorted(bits) == sorted(LAYERS)
    assert {len(by_case) for by_case in bits.values()} == {2 * len(BATCHES)}
    assert different(bits) == []


def test_planted_fault_is_seen(bits: dict[str, Any]) -> None:
    """One digest that differs, of one worker count on one layer, is found."""
    planted = json.loads(json.dumps(bits))
    case = next(iter(planted["tbb"]))
    planted["tbb"][case]["8"] = "different"
    assert different(planted) == [case]
