"""Sums of squares over an array of weights: whole pieces, in the form in which it lies."""

import numpy as np
import pytest

from fastbp.kernels.updates import PIECE, SumSquares
from kernels.probes import aligned, n_lanes
from kernels.rows import Row


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (1, PIECE), (1, 2 * PIECE + 3), (7, 3), (100, 11)])
@pytest.mark.parametrize("workers", [1, 3])
def test_pieces(shape: tuple[int, int], workers: int, dtype: str) -> None:
    """Rows of so many vectors, what lies between them not looked at; squares that a float32 cannot hold."""
    lanes = n_lanes(dtype)
    outer, across = shape
    stride, n_pieces = (across + 2) * lanes, -(-outer * across // PIECE)
    words = 8 // np.dtype(dtype).itemsize
    arena = aligned(outer * stride + (n_pieces + 1) * words, dtype, np.nan)
    rows = arena[: outer * stride].reshape(outer, stride)[:, : across * lanes]
    rows[:] = 1e25 * np.random.default_rng(0).normal(size=rows.shape)
    fields = SumSquares(0, outer, stride, across * lanes, outer * stride, -1)
    kernel = Row("sum_squares", arena)
    for worker in range(workers):
        kernel.run(fields, worker, workers)
    sums = arena[outer * stride :].view(np.float64)
    vectors = rows.reshape(-1, lanes).astype(np.float64)
    expected = [(vectors[i : i + PIECE] ** 2).sum() for i in range(0, len(vectors), PIECE)]
    np.testing.assert_allclose(sums[:n_pieces], expected, rtol=1e-13)
    assert np.isnan(arena[-words:]).all()


def test_nothing_is_summed_where_no_update_follows() -> None:
    arena = aligned(64, "float64", 1.0)
    kernel = Row("sum_squares", arena)
    fields = SumSquares(0, 1, 0, 32, 32, 1)
    kernel.run(fields, hyper=np.array([0.5, 0.0]))
    assert arena[32] == 1.0
    kernel.run(fields, hyper=np.array([0.5, 0.25]))
    assert arena[32] == 32.0
