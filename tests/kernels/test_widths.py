"""Vectors of other widths than this processor's: LLVM splits them, and training is that of the twin."""

from functools import cache
from typing import Any

import pytest

from contracts import children

SCRIPT = """
import json
import numpy as np
import naive
from contracts.problems import OPTIMIZERS, Problem, worst
from fastbp.runtime.processor import processor

dtype, sizes = %r

def trained(n_inputs, hidden, n_rows, batch):
    layers = [naive.Dense(units, "tanh") for units in hidden]
    layers += [naive.Noise("gaussian_dropout", 0.1), naive.Dense(3, "softmax")]
    problem = Problem(n_inputs, layers, "sparse_categorical_crossentropy", n_rows=n_rows, scale=0.1)
    twin, optimizer = OPTIMIZERS["momentum"]
    orders = problem.orders(3)
    network = problem.engine(dtype, optimizer)
    history = network.train(*problem.sources(), orders, batch_size=batch, threads=1)
    prediction = network.predict(problem.sources()[0], batch_size=batch, threads=1)
    expected = naive.train(
        problem.twin, problem.weights, twin, problem.inputs, problem.targets, orders, batch
    )
    twins = problem.twin.predict(expected.weights, problem.inputs)
    computed = [*network.weights(), history, prediction]
    reference = [*expected.weights, expected.history, twins]
    return {
        "bytes": processor().vector_bytes,
        "lanes": network._layout.lanes,
        "error": worst(computed, reference),
        "planted": worst(computed, [*reference[:-1], np.roll(twins, 1, axis=0)]),
    }

print(json.dumps({name: trained(*given) for name, given in sizes.items()}))
"""


#: Inputs, hidden units, samples and batch of a small network, of one with few samples at a time, of one whose operands
#: are packed, and of slim and narrow layers, with few samples and with more.
SMALL = (7, (19,), 50, 17)
FEW = (7, (19, 21), 25, 6)
PACKS = (20, (300, 260), 300, 280)
SHAPES = (70, (3, 70), 50, 17)
FEW_SHAPES = (70, (3, 70), 25, 5)
SIZES = {"small": SMALL, "few": FEW, "packs": PACKS, "shapes": SHAPES, "few shapes": FEW_SHAPES}


@cache
def train(vector_bytes: int, dtype: str) -> Any:
    """The largest relative error of each network after some steps with vectors of this width, and of a planted one."""
    return children.run(SCRIPT % ((dtype, SIZES),), FASTBP_VECTOR_BYTES=str(vector_bytes))


# The fewest lanes and the most that a vector can have.
@pytest.mark.parametrize(
    ("vector_bytes", "dtype", "lanes", "tolerance"),
    [(16, "float64", 2, 1e-12), (64, "float32", 16, 2e-5)],
)
@pytest.mark.parametrize("name", SIZES)
def test_training_is_that_of_the_twin(
    name: str, vector_bytes: int, dtype: str, lanes: int, tolerance: float
) -> None:
    answer = train(vector_bytes, dtype)[name]
    assert (answer["bytes"], answer["lanes"]) == (vector_bytes, lanes)
    assert answer["error"] < tolerance
    assert answer["planted"] > 100 * tolerance
