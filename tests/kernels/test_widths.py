"""Vectors of other widths than this processor's: LLVM splits them, and training is that of the twin."""

from typing import Any

import pytest

from contracts import children

SCRIPT = """
import json
import numpy as np
import naive
from contracts.problems import OPTIMIZERS, Problem, worst
from fastbp.runtime.processor import processor

layers = [naive.Dense(19, "tanh"), naive.Dense(3, "softmax")]
problem = Problem(7, layers, "sparse_categorical_crossentropy", n_rows=50)
twin, optimizer = OPTIMIZERS["momentum"]
orders = problem.orders(3)
network = problem.engine(%r, optimizer)
history = network.train(*problem.sources(), orders, batch_size=17, threads=1)
prediction = network.predict(problem.sources()[0], batch_size=17, threads=1)
expected = naive.train(
    problem.twin, problem.weights, twin, problem.inputs, problem.targets, orders, 17
)
twins = problem.twin.predict(expected.weights, problem.inputs)
computed = [*network.weights(), history, prediction]
reference = [*expected.weights, expected.history, twins]
print(json.dumps({
    "bytes": processor().vector_bytes,
    "lanes": network._layout.lanes,
    "error": worst(computed, reference),
    "planted": worst(computed, [*reference[:-1], np.roll(twins, 1, axis=0)]),
}))
"""


def train(vector_bytes: int, dtype: str) -> Any:
    """The largest relative error after 9 steps with vectors of this width, and what a planted fault would make it."""
    return children.run(SCRIPT % dtype, timeout=240, FASTBP_VECTOR_BYTES=str(vector_bytes))


# The fewest lanes and the most that a vector can have.
@pytest.mark.parametrize(
    ("vector_bytes", "dtype", "lanes", "tolerance"),
    [(16, "float64", 2, 1e-12), (64, "float32", 16, 2e-5)],
)
def test_training_is_that_of_the_twin(
    vector_bytes: int, dtype: str, lanes: int, tolerance: float
) -> None:
    answer = train(vector_bytes, dtype)
    assert (answer["bytes"], answer["lanes"]) == (vector_bytes, lanes)
    assert answer["error"] < tolerance
    assert answer["planted"] > 1e-2
