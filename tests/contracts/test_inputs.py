"""Lists, pandas, any dtype, order and stride, read-only arrays, memmaps: the same result, and no copy of the data."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import naive
from contracts.problems import OPTIMIZERS, Problem, digest, specification
from fastbp.data.source import as_source, check_finite
from fastbp.engine import Network

N_ROWS, N_COLUMNS = 500, 6


def whole_numbers() -> np.ndarray:
    """Inputs that every element type can hold."""
    return np.random.default_rng(0).integers(0, 100, size=(N_ROWS, N_COLUMNS))


def memory_map(array: np.ndarray, folder: Path) -> np.ndarray:
    path = folder / "inputs.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def frame(array: np.ndarray) -> Any:
    return pytest.importorskip("pandas").DataFrame(array, columns=list("abcdef"))


def strided(array: np.ndarray) -> np.ndarray:
    """Every second column and third row of something larger."""
    large = np.full((3 * N_ROWS, 2 * N_COLUMNS), -7, array.dtype)
    large[::3, ::2] = array
    return large[::3, ::2]


FORMS: dict[str, Callable[[np.ndarray, Path], Any]] = {
    "list": lambda array, _: array.tolist(),
    "pandas": lambda array, _: frame(array.astype(np.float64)),
    "float32": lambda array, _: array.astype(np.float32),
    "float64": lambda array, _: array.astype(np.float64),
    "uint8": lambda array, _: array.astype(np.uint8),
    "int8": lambda array, _: array.astype(np.int8),
    "uint16": lambda array, _: array.astype(np.uint16),
    "int16": lambda array, _: array.astype(np.int16),
    "uint32": lambda array, _: array.astype(np.uint32),
    "int32": lambda array, _: array.astype(np.int32),
    "uint64": lambda array, _: array.astype(np.uint64),
    "fortran": lambda array, _: np.asfortranarray(array.astype(np.float32)),
    "negative rows": lambda array, _: array[::-1].copy()[::-1],
    "negative columns": lambda array, _: array.astype(np.float64)[:, ::-1].copy()[:, ::-1],
    "strided": lambda array, _: strided(array.astype(np.float32)),
    "read-only": lambda array, _: read_only(array.astype(np.float64)),
    "memmap": lambda array, folder: memory_map(array.astype(np.uint8), folder),
    "memmap float64": lambda array, folder: memory_map(array.astype(np.float64), folder),
    "float16": lambda array, _: array.astype(np.float16),
    "other byte order": lambda array, _: array.astype(">i4"),
}


def outcome(inputs: Any, targets: Any, sample_weight: Any = None, dtype: str = "float32") -> str:
    """The bits after two epochs, and of evaluation and prediction."""
    layers = [naive.Dense(9, "tanh"), naive.Dense(2)]
    problem = Problem(N_COLUMNS, layers, n_rows=N_ROWS, scale=0.05)
    network = problem.engine(dtype, OPTIMIZERS["sgd"][1])
    x, y = as_source(inputs), as_source(targets, "y")
    weight = None if sample_weight is None else as_source(sample_weight, "sample_weight")
    history = network.train(x, y, weight, problem.orders(2), batch_size=32, threads=1)
    evaluation = network.evaluate(x, y, weight, batch_size=32, threads=1)
    prediction = network.predict(x, batch_size=32, threads=1)
    return digest([*network.weights(), history, evaluation, prediction])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forms_of_inputs(dtype: str, tmp_path: Path) -> None:
    array = whole_numbers()
    targets = array[:, :2] % 3
    expected = outcome(array, targets, dtype=dtype)
    # float64 has the same ways in; a few of them are enough
    few = ("list", "float32", "uint8", "fortran", "negative columns", "memmap float64")
    for name, form in FORMS.items():
        if dtype == "float64" and name not in few:
            continue
        inputs = form(array, tmp_path)
        before = np.array(inputs).copy()
        assert outcome(inputs, targets, dtype=dtype) == expected, name
        np.testing.assert_array_equal(np.array(inputs), before, name)


@pytest.mark.parametrize("form", ["float64", "float32", "uint8", "fortran", "memmap"])
def test_normalization_while_gathering(form: str, tmp_path: Path) -> None:
    """Columns are centered and scaled as if that had been done before, whatever they lie in."""
    array = whole_numbers()
    mean, scale = array.mean(axis=0), 1.0 / array.std(axis=0)
    layers = [naive.Dense(9, "tanh"), naive.Dense(2)]
    problem = Problem(N_COLUMNS, layers, n_rows=N_ROWS)
    network = Network(
        N_COLUMNS,
        [specification(layer) for layer in layers],
        dtype="float64",
        weights=problem.weights,
        normalization=(mean, scale),
    )
    computed = network.predict(as_source(FORMS[form](array, tmp_path)), batch_size=64, threads=1)
    expected = problem.twin.predict(problem.weights, (array - mean) * scale)
    np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-13)


def test_booleans() -> None:
    array = whole_numbers() % 2
    targets = array[:, :2]
    assert outcome(array.astype(bool), targets) == outcome(array, targets)


def test_forms_of_targets_and_sample_weights(tmp_path: Path) -> None:
    array = whole_numbers()
    weights = array[:, :1] % 4 + 1
    expected = outcome(array, array[:, :2], weights)
    wide = np.full((N_ROWS, 5), -3.0)
    wide[:, 1:5:3] = array[:, :2]
    assert outcome(array, wide[:, 1:5:3], weights.astype(np.uint8)) == expected
    assert outcome(array, array[:, :2].astype(np.uint8), weights.ravel()) == expected
    assert outcome(array, np.asfortranarray(array[:, :2]), weights.ravel().tolist()) == expected
    assert outcome(array, memory_map(array[:, :2], tmp_path), weights) == expected


@pytest.mark.parametrize("kind", ["float64", "uint8 memmap", "fortran", "negative", "pandas"])
def test_no_copy(kind: str, tmp_path: Path) -> None:
    """Training on 16 MB allocates less than a twentieth of it."""
    n_rows = 2_000_000 // N_COLUMNS
    array: Any = np.ones((n_rows, N_COLUMNS))
    if kind == "uint8 memmap":
        array = memory_map(np.ones((8 * n_rows, N_COLUMNS), np.uint8), tmp_path)
    elif kind == "fortran":
        array = np.asfortranarray(array)
    elif kind == "negative":
        array = array[::-1, ::-1]
    elif kind == "pandas":
        array = frame(array)
    targets = np.zeros((len(array), 1), np.float32)
    problem = Problem(N_COLUMNS, [naive.Dense(1)], n_rows=10)
    network = problem.engine("float32", OPTIMIZERS["sgd"][1])
    orders = np.arange(1000)[None]

    def work() -> None:
        x, y = as_source(array), as_source(targets, "y")
        check_finite(x, "x")
        network.train(x, y, None, orders, batch_size=32, threads=1)
        network.evaluate(x, y, None, batch_size=1024, threads=1)

    work()  # compiles
    limit = 16_000_000 // 20
    assert peak(work) < limit
    assert peak(lambda: np.array(array).sum()) > limit  # what a copy would have shown


def peak(work: Callable[[], object]) -> int:
    """The most bytes that `work` had allocated at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
