"""Layers whose weights lie in forms of their own: of few inputs and many outputs, and first ones the other way."""

from typing import Any

import numpy as np
import pytest

import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Array, Problem, digest, worst
from contracts.test_batch_edges import poison
from contracts.test_gradients import TOLERANCES, errors
from fastbp.engine import Network
from fastbp.runtime.processor import processor

#: Few samples, more than those, and so many that gradients are added up in parts.
BATCHES = (1, 2, 5, 8, 13, 33, 100)
LARGE = {"float32": 2603, "float64": 1307}


#: The second: with inputs of two vectors, in float64 where a vector is as long as can be.
SHAPES = ("narrow", "narrow, 12", "slim", "single")


def problem(shape: str, n_rows: int, hidden: str = "relu", width: int = 5) -> Problem:
    """Widths that no vector divides: narrow layers, one of them behind a layer without weights; slim ones."""
    penalties: dict[str, Any] = {"kernel_penalty": (0.002, 0.01), "bias_penalty": (0.003, 0.0)}
    if shape == "single":
        return Problem(83, [naive.Dense(width, hidden, **penalties)], n_rows=n_rows, scale=0.2)
    if shape == "slim":
        layers = [naive.Dense(width, hidden, **penalties), naive.Dense(9, hidden), naive.Dense(3)]
        return Problem(67, layers, n_rows=n_rows, scale=0.2)
    if shape == "narrow, 12":
        width += 7
    layers = [
        naive.Dense(7, "tanh"),
        naive.Dense(width, hidden),
        naive.Dense(75, hidden, **penalties),
        naive.Dense(3, "silu"),
        naive.LayerNormalization(),
        naive.Dense(69, "linear"),
    ]
    return Problem(4, layers, n_rows=n_rows, scale=0.3)


def names(network: Network) -> list[str]:
    """The rows of all programs so far."""
    return [name.split()[0] for each in network._sessions.values() for name in each.names]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "silu"])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients(shape: str, hidden: str, dtype: str) -> None:
    for n_rows in BATCHES:
        given = problem(shape, n_rows, hidden)
        found = errors(given, dtype, n_rows > 1, naive.reverse_mode)
        assert max(found) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("width", [1, 3, 4, 8, 18])
@pytest.mark.parametrize("shape", SHAPES)
def test_widths(shape: str, width: int, dtype: str) -> None:
    for n_rows in (1, 7, 40):
        given = problem(shape, n_rows, "gelu", width)
        assert max(errors(given, dtype, twin=naive.reverse_mode)) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("shape", "kernel"), [("narrow", "narrow_input_gradient"), ("slim", "slim_weight_gradient")]
)
def test_in_parts(shape: str, kernel: str, dtype: str) -> None:
    # No more units than the shortest vector has lanes.
    given = problem(shape, LARGE[dtype], width=3)
    network = given.engine(dtype)
    network.gradients(*given.sources())
    assert {"partial_gradient", kernel} <= set(names(network))
    assert max(errors(given, dtype, True, naive.reverse_mode)) < TOLERANCES[dtype]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_twin_against_itself(shape: str) -> None:
    """Its backpropagation, which the others go by, against the complex step."""
    given = problem(shape, 5, "silu")
    data = given.twin, given.weights, given.inputs, given.targets, given.sample_weight
    assert worst(naive.reverse_mode(*data), naive.complex_step(*data)) < 1e-13


def test_which_kernels() -> None:
    # That of which 12 inputs are two vectors.
    of_two_vectors = "float64" if processor().lanes(8) >= 6 else "float32"
    found = []
    for shape, n_rows in (
        ("narrow", 8),
        ("narrow", 40),
        ("narrow, 12", 8),
        ("slim", 8),
        ("slim", 40),
        ("single", 40),
    ):
        given = problem(shape, n_rows)
        network = given.engine(of_two_vectors if shape == "narrow, 12" else "float32")
        network.gradients(*given.sources())
        own = ("narrow", "of_rows", "slim")
        found.append([name for name in names(network) if any(word in name for word in own)])
    assert found[2] == found[0]
    assert found[3:] == [["slim_forward", "slim_weight_gradient"]] * 3
    assert [name for name in found[0] if "narrow" in name] == [
        *["few_narrow_forward"] * 2,
        *["few_narrow_input_gradient"] * 2,
        *["narrow_weight_gradient"] * 2,
    ]
    assert sorted(found[1]) == [
        *["bias_gradient_of_rows"] * 2,
        *["narrow_input_gradient"] * 2,
        *["narrow_weight_gradient"] * 2,
    ]


def trained(
    given: Problem, dtype: str, rule: str, batch_size: int, threads: int, poisoned: bool = False
) -> list[Array]:
    """Weights and state after two epochs with a short batch at the end, and what was told."""
    network = given.engine(dtype, OPTIMIZERS[rule][1])
    sources = given.sources(weighted=True)
    if poisoned:
        request = network._request(batch_size, *sources, OPTIMIZERS[rule][1].rule, training=True)
        network._session(request, 1)
        poison(network)
    history = network.train(*sources, given.orders(2), batch_size=batch_size, threads=threads)
    evaluation = network.evaluate(*sources, batch_size=batch_size, threads=threads)
    state = network.optimizer_state().values()
    return [*network.weights(), *state, history, evaluation]


@pytest.mark.parametrize("rule", ["sgd", "adam", "sgd, clip", "muon"])
@pytest.mark.parametrize("batch_size", [1, 6, 32])
@pytest.mark.parametrize("shape", SHAPES)
def test_training(shape: str, batch_size: int, rule: str) -> None:
    given = problem(shape, 75)
    found = trained(given, "float64", rule, batch_size, 1)
    expected = naive.train(
        given.twin, given.weights, OPTIMIZERS[rule][0], given.inputs, given.targets,
        given.orders(2), batch_size, given.sample_weight,
    )  # fmt: skip
    for ours, right in zip(found, expected.weights, strict=False):
        np.testing.assert_allclose(ours, right, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("batch_size", [1, 6, 32])
@pytest.mark.parametrize("shape", SHAPES)
def test_poisoned(shape: str, batch_size: int, dtype: str) -> None:
    """What lies in padding and in buffers from before has no part in it."""
    given = problem(shape, 75, "gelu")
    clean = digest(trained(given, dtype, "adam", batch_size, 1))
    assert digest(trained(given, dtype, "adam", batch_size, 1, poisoned=True)) == clean


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_come_back_as_they_were_given(shape: str) -> None:
    given = problem(shape, 5)
    network = given.engine("float32")
    for ours, right in zip(network.weights(), given.weights, strict=True):
        np.testing.assert_array_equal(ours, right.astype(np.float32))


BITS = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_layer_shapes import SHAPES, problem, trained

sizes, bits = teams.counted(), {}
for shape in SHAPES:
    for batch_size in (1, 6, 40):
        for dtype in ("float32", "float64"):
            given = problem(shape, 75, "gelu")
            bits[f"{shape} {batch_size} {dtype}"] = [
                digest(trained(given, dtype, "adam", batch_size, n)) for n in (1, 2, 3, 8)
            ]
print(json.dumps({"sizes": sizes, "bits": bits}))
"""


def test_same_bits() -> None:
    answer = children.run(BITS, NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER="omp")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3, "8": 8}
    assert len(answer["bits"]) == 6 * len(SHAPES)
    assert {name for name, bits in answer["bits"].items() if len(set(bits)) > 1} == set()
