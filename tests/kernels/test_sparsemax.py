"""The sparsemax over many features, of numbers of all sizes, and of vectors that samples share."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import naive
from fastbp.kernels.of_all_outputs import OfAllOutputs
from kernels.probes import aligned, n_lanes
from kernels.rows import Row

Array = NDArray[Any]
DTYPES = ("float32", "float64")


def run(x: Array, dtype: str, gradient: Array | None = None) -> tuple[Array, Array]:
    """(outputs, gradient with respect to the inputs) of these rows; lanes without a sample are NaN."""
    lanes = n_lanes(dtype)
    n_rows, width = x.shape
    blocks, padded = -(-n_rows // lanes), -(-width // lanes) * lanes
    size = blocks * padded * lanes
    arena = aligned(3 * size, dtype, np.nan)
    inputs, outputs, target = arena.reshape(3, blocks, padded, lanes)

    def put(buffer: Array, rows: Array) -> None:
        for s, row in enumerate(rows):
            buffer[s // lanes, :width, s % lanes] = row

    def taken(buffer: Array) -> Array:
        return np.array([buffer[s // lanes, :width, s % lanes] for s in range(n_rows)])

    put(inputs, x)
    put(target, np.ones_like(x) if gradient is None else gradient)
    fields = OfAllOutputs(0, size, padded, width)
    Row("sparsemax", arena).run(fields, rows=n_rows)
    backward = fields._replace(inputs=size, outputs=2 * size)
    Row("sparsemax_backward", arena).run(backward, rows=n_rows)
    return taken(outputs), taken(target)


def rows(n_rows: int, width: int, seed: int = 0) -> Array:
    """From rows of which nearly all outputs stay, to such of which one does; some numbers are equal."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n_rows, width)) * 10.0 ** random.uniform(-5, 3, (n_rows, 1))
    x[::3] = np.round(x[::3])
    return np.asarray(x + random.normal(size=(n_rows, 1)) * 100.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 2, 3, 16, 31, 1000])
def test_values_and_gradients(width: int, dtype: str) -> None:
    x = rows(37, width).astype(dtype).astype(np.float64)
    gradient = np.random.default_rng(1).normal(size=x.shape).astype(dtype)
    values, gradients = run(x, dtype, gradient)
    tolerance = 1e-14 if dtype == "float64" else 3e-6
    np.testing.assert_allclose(values, naive.ACTIVATIONS["sparsemax"](x), atol=tolerance)
    np.testing.assert_allclose(values.sum(axis=1), 1.0, rtol=3e-5 if dtype == "float32" else 1e-13)
    if dtype == "float64":
        expected = naive.activation_gradient("sparsemax", x, gradient)
        np.testing.assert_allclose(gradients, expected, atol=1e-14)
    # Whatever adds to all inputs alike changes nothing.
    assert np.abs(gradients.sum(axis=1)).max() < (1e-3 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sample_does_not_see_the_others(dtype: str) -> None:
    """Some need more rounds until they have their tau, while their neighbours have it already."""
    x = rows(37, 50)
    together, gradients = run(x, dtype, x / 100.0)
    for s in range(len(x)):
        alone, gradient = run(x[[s]], dtype, x[[s]] / 100.0)
        np.testing.assert_array_equal(alone[0], together[s])
        np.testing.assert_array_equal(gradient[0], gradients[s])


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_that_are_far_apart(dtype: str) -> None:
    x = np.array([[3e38, -3e38, 3e38], [-3e38, -3e38, -3e38], [0.0, -np.inf, 0.5], [1e-30, 0, 0]])
    values, gradients = run(x, dtype)
    expected = [[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3], [0.25, 0, 0.75], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    np.testing.assert_allclose(gradients, 0.0, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_a_number_is_handed_on(dtype: str) -> None:
    """And the search for tau ends."""
    x = rows(9, 5)
    x[2, 3] = x[4, 0] = np.nan
    x[6] = np.inf
    values, _ = run(x, dtype)
    np.testing.assert_array_equal(np.isnan(values).any(axis=1), np.isin(np.arange(9), [2, 4, 6]))


def test_planted_fault_is_seen() -> None:
    """The tau of the first round alone is another."""
    x = rows(37, 31)
    excess = x - x.max(axis=1, keepdims=True)
    near = excess > -1
    tau = (np.where(near, excess, 0).sum(axis=1) - 1) / near.sum(axis=1)
    first_round = np.maximum(excess - tau[:, None], 0)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(run(x, "float64")[0], first_round, atol=1e-3)
