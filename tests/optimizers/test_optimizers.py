"""One contract for all optimizers: their rule's numbers, row by row."""

import numpy as np
import pytest

from fastbp.optimizers import SGD, Adam, AdamW, RMSprop

STEPS = np.array([1, 2, 10, 100_000], np.int64)

# rule, slots, and the columns of `hyper` at update t
TABLE = [
    (SGD(0.1), "sgd", (), lambda t: [0.1]),
    (SGD(0.1, momentum=0.9), "momentum", ("momentum",), lambda t: [0.1, 0.9]),
    (SGD(0.1, 0.9, nesterov=True), "nesterov", ("momentum",), lambda t: [0.1, 0.9]),
    (SGD(0.1, nesterov=True), "sgd", (), lambda t: [0.1]),
    (RMSprop(0.1, 0.8), "rmsprop", ("velocity",), lambda t: [0.1, 0.8, 1e-7]),
    (
        RMSprop(0.1, momentum=0.5),
        "rmsprop_momentum",
        ("velocity", "momentum"),
        lambda t: [0.1, 0.9, 1e-7, 0.5],
    ),
    (
        Adam(0.1),
        "adam",
        ("momentum", "velocity"),
        lambda t: [0.1 * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t), 1 - 0.9, 1 - 0.999, 1e-7],
    ),
    (
        AdamW(0.1, weight_decay=0.5),
        "adamw",
        ("momentum", "velocity"),
        lambda t: [0.1 * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t), 1 - 0.9, 1 - 0.999, 1e-7, 0.1 * 0.5],
    ),
]


@pytest.mark.parametrize("optimizer, rule, slots, row", TABLE)
def test_rule_slots_and_numbers(optimizer, rule, slots, row):
    hyper = optimizer.hyper(STEPS)
    assert (optimizer.rule, optimizer.slots) == (rule, slots)
    assert (hyper.dtype, hyper.flags.c_contiguous) == (np.dtype("float64"), True)
    assert hyper == pytest.approx(np.array([row(int(t)) for t in STEPS]), rel=1e-13)


@pytest.mark.parametrize("optimizer", [row[0] for row in TABLE], ids=repr)
def test_constant_means_that_one_row_serves_all(optimizer):
    hyper = optimizer.hyper(STEPS)
    assert optimizer.hyper_is_constant == bool((hyper == hyper[0]).all())
