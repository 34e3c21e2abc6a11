"""Embeddings keep the promises of dense layers: gradients, trajectories, same bits, clean buffers, nothing compiled.

Gradients within 1e-12 of the complex-step twin in float64, 2e-5 in float32; trajectories of 50 steps within 1e-10.
"""

from typing import Any

import numpy as np
import pytest

import naive
from contracts.problems import OPTIMIZERS, Problem, digest, worst
from contracts.test_batch_edges import outcome, run
from contracts.test_compiles_nothing import counting, train
from contracts.test_gradients import TOLERANCES, errors
from fastbp import optimizers
from fastbp.data.source import as_source

Layers = list[naive.Embedding]

#: The number of columns, and what is embedded of them: whole vectors and ragged ones, runs of columns and single ones.
STACKS: dict[str, tuple[int, Layers]] = {
    "all columns": (3, [naive.Embedding(7, 5)]),
    "whole vectors": (4, [naive.Embedding(40, 16)]),
    "two vectors": (2, [naive.Embedding(3, 32)]),
    "one number": (1, [naive.Embedding(2, 1)]),
    "some columns": (6, [naive.Embedding(9, 3, (3, 5))]),
    "in their own order": (5, [naive.Embedding(9, 8, (4, 0, 1))]),
    "kept vector": (17, [naive.Embedding(20, 16, (16,))]),
    "one after another": (6, [naive.Embedding(9, 3, (5,)), naive.Embedding(4, 2, (0, 4))]),
    "three": (3, [naive.Embedding(9, 3, (2,)), naive.Embedding(4, 16, (1,)), naive.Embedding(3, 1, (0,))]),
    "penalties": (3, [naive.Embedding(7, 5, (1, 2), penalty=(0.01, 0.02))]),
}  # fmt: skip
BATCHES = (1, 2, 8, 12, 13, 16, 17, 33, 100)


def problem(name: str, n_rows: int = 100, **options: Any) -> Problem:
    """The embeddings of that name, under two dense layers."""
    n_inputs, embeddings = STACKS[name]
    layers = [*embeddings, naive.Dense(6, "tanh"), naive.Dense(3, "softmax")]
    return Problem(n_inputs, layers, "sparse_categorical_crossentropy", n_rows, **options)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", STACKS)
def test_gradients(name: str, dtype: str) -> None:
    for n_rows in BATCHES:
        found = errors(problem(name, n_rows), dtype, weighted=True)
        assert max(found) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("name", ["all columns", "one after another"])
def test_few_samples_under_a_wide_layer(name: str) -> None:
    """So few that workers share the outputs of a layer, and features lie in lanes everywhere."""
    n_inputs, embeddings = STACKS[name]
    for n_rows in (1, 5, 12):
        given = Problem(
            n_inputs, [*embeddings, naive.Dense(200, "tanh"), naive.Dense(90)], n_rows=n_rows
        )
        loss, gradients = given.engine().gradients(*given.sources())
        data = given.weights, given.inputs, given.targets
        assert abs(loss - given.twin.value(*data)) < 1e-12 * loss
        assert worst(gradients, naive.reverse_mode(given.twin, *data)) < 1e-12


def test_an_activation_on_the_vectors() -> None:
    """Between the embeddings and the first dense layer, or with a softmax."""
    for between in ("relu", "mish", "softmax"):
        layers = [naive.Embedding(9, 3, (3, 5)), naive.Activation(between), naive.Dense(2)]
        assert max(errors(Problem(6, layers, n_rows=40), "float64")) < 1e-12, between


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_trajectories(rule: str) -> None:
    """50 steps with a short last batch; categories that are in no batch are moved by momentum and decay, too."""
    given = problem("one after another", n_rows=90)
    twin, optimizer = OPTIMIZERS[rule]
    orders = given.orders(9)[:, :84]
    reference = naive.train(
        given.twin, given.weights, twin, given.inputs, given.targets, orders, 16
    )
    network = given.engine("float64", optimizer)
    history = network.train(*given.sources(), orders, batch_size=16, threads=1)
    assert network.steps == 54
    assert worst(network.weights(), reference.weights) < 1e-10
    assert worst([history], [reference.history]) < 1e-10


@pytest.mark.parametrize("rule", ["adam, decay", "momentum"])
def test_penalties_in_training(rule: str) -> None:
    given = problem("penalties", n_rows=90)
    twin, optimizer = OPTIMIZERS[rule]
    orders = given.orders(10)
    reference = naive.train(
        given.twin, given.weights, twin, given.inputs, given.targets, orders, 20
    )
    network = given.engine("float64", optimizer)
    history = network.train(*given.sources(), orders, batch_size=20, threads=1)
    assert worst(network.weights(), reference.weights) < 1e-10
    assert worst([history], [reference.history]) < 1e-10


#: Widths that are whole vectors, and not: groups of vectors, of lanes, and of single numbers.
CONSTRAINTS: list[tuple[str, dict[str, Any]]] = [
    ("non_neg", {}),
    ("max_norm", {"max_value": 0.1, "axis": 1}),
    ("max_norm", {"max_value": 0.3}),
    ("max_norm", {"max_value": 0.4, "axis": [0, 1]}),
    ("unit_norm", {"axis": 1}),
    ("min_max_norm", {"min_value": 0.8, "max_value": 1.1, "rate": 0.3, "axis": 1}),
]


def constrained(width: int, constraint: Any, n_rows: int = 90) -> Problem:
    """Two tables, the second of which is not trained, under a dense layer."""
    tables = [
        naive.Embedding(9, width, (3,), constraint=constraint),
        naive.Embedding(5, width, (1,), trainable=False, constraint=constraint),
    ]
    return Problem(4, [*tables, naive.Dense(6, "tanh"), naive.Dense(3)], n_rows=n_rows)


def apart(given: Problem) -> float:
    """How far weights and history come apart from the twin's in 20 steps."""
    twin, optimizer = OPTIMIZERS["momentum"]
    orders = given.orders(4)
    data = given.inputs, given.targets, orders, 20
    reference = naive.train(given.twin, given.weights, twin, *data)
    network = given.engine("float64", optimizer)
    history = network.train(*given.sources(), orders, batch_size=20, threads=1)
    return max(worst(network.weights(), reference.weights), worst([history], [reference.history]))


@pytest.mark.parametrize("width", [1, 3, 5, 16])
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)
def test_constraints(constraint: Any, width: int) -> None:
    """Of all categories after each step, also those that no batch had."""
    given = constrained(width, constraint)
    assert apart(given) < 1e-12
    # the planted fault: without it the table would be another
    given.twin = constrained(width, None).twin
    assert apart(given) > 1e-6


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("width", [5, 16])
def test_constrained_tables_have_the_same_bits(width: int, dtype: str) -> None:
    for constraint in CONSTRAINTS:
        bits = set()
        for workers in (1, 2, 3):
            given = constrained(width, constraint, 1003)
            network = given.engine(dtype, OPTIMIZERS["adam"][1])
            history = network.train(
                *given.sources(), given.orders(2), batch_size=33, threads=workers
            )
            bits.add(digest([history, *network.weights()]))
        assert len(bits) == 1, constraint


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", ["whole vectors", "one after another"])
def test_same_bits(name: str, dtype: str) -> None:
    for batch_size in (1, 7, 33, 1000):
        bits = set()
        for workers in (1, 2, 3):
            given = problem(name, n_rows=1003)
            network = given.engine(dtype, OPTIMIZERS["adam"][1])
            orders = given.orders(2)[:, : 50 * batch_size + 3]
            history = network.train(
                *given.sources(), orders, batch_size=batch_size, threads=workers
            )
            predicted = network.predict(given.sources()[0], threads=workers)
            bits.add(digest([history, predicted, *network.weights()]))
        assert len(bits) == 1, batch_size


@pytest.mark.parametrize("name", ["all columns", "whole vectors", "one after another"])
def test_poison_does_not_leak(name: str) -> None:
    given = problem(name, n_rows=50)
    for batch_size in (1, 16, 17, 50):
        clean = run(given, "float32", "adam", batch_size, poisoned=False)
        assert run(given, "float32", "adam", batch_size, poisoned=True) == clean, batch_size


def test_every_missing_row_is_seen() -> None:
    """The planted faults: with any single row of the program left out, poison reaches the result."""
    given = problem("one after another", n_rows=20)
    right, names = outcome(given, None)
    rows = [i for i, name in enumerate(names) if name.startswith(("embed", "pass"))]
    assert len(rows) == 1 + 3 + 3 + 2
    assert [names[i] for i in rows if outcome(given, i)[0] == right] == []


def test_compiles_nothing() -> None:
    for name in ("all columns", "one after another"):
        train(problem(name), 0.1, 20)
        train(problem(name), 0.1, 7)
    with counting() as names:
        for name in STACKS:
            if name != "penalties":
                for batch_size in (1, 2, 5, 33, 100):
                    train(problem(name), 0.1, batch_size)
    assert names == []


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "uint16", "float32", "float64"])
def test_categories_of_any_type(dtype: str) -> None:
    """Gathered or read in place, of any memory layout."""
    given = problem("whole vectors")
    reference = given.engine("float32").predict(given.sources()[0])
    whole = given.inputs.astype(dtype)
    for x in (whole, np.asfortranarray(whole), np.repeat(whole, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(given.engine("float32").predict(as_source(x)), reference)


def test_tables_that_are_not_trained() -> None:
    """They stay, have no rows in the program, and their gradients are there when one asks."""
    n_inputs, (first, second) = STACKS["one after another"]
    frozen = naive.Embedding(second.input_dim, second.output_dim, second.columns, trainable=False)
    given = Problem(n_inputs, [first, frozen, naive.Dense(2)], n_rows=40)
    network = given.engine("float64", optimizers.SGD(0.1))
    gradients = network.gradients(*given.sources())[1]
    assert np.abs(gradients[1]).max() > 0
    network.train(*given.sources(), given.orders(1), batch_size=40, threads=1)
    moved = [
        not np.array_equal(a, b) for a, b in zip(network.weights(), given.weights, strict=True)
    ]
    assert moved == [True, False, True, True]
    np.testing.assert_allclose(
        network.weights()[0], given.weights[0] - 0.1 * gradients[0], rtol=0, atol=1e-15
    )
