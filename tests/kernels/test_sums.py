"""Sums over a batch, in the order that they promise, to the bit."""

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbp.kernels import sums
from kernels.probes import aligned, n_lanes
from kernels.rows import Row

Array = NDArray[Any]


def sum_in_order(values: Array, lanes: int) -> float:
    """Sixteen blocks of L numbers at a time in the arena's precision, then lane after lane in float64."""
    total = 0.0
    blocks = values.reshape(-1, lanes)
    for top in range(0, len(blocks), 16):
        part = blocks[top].copy()
        for block in blocks[top + 1 : top + 16]:
            part = part + block
        within = 0.0
        for number in part:
            within += float(number)
        total += within
    return total


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_rows", [1, 8, 13, 300])
@pytest.mark.parametrize("workers", [1, 3])
def test_values_of_an_epoch(n_rows: int, workers: int, dtype: str) -> None:
    """epoch[v] += rows * (sum of the batch's values, and for the loss the penalty); once, whoever works."""
    lanes, n_values = n_lanes(dtype), 3
    samples = -(-n_rows // lanes) * lanes
    arena = aligned(n_values * samples + lanes, dtype, np.nan)
    values = arena[: n_values * samples].reshape(n_values, samples)
    values[:] = 0
    values[:, :n_rows] = np.random.default_rng(0).normal(size=(n_values, n_rows))
    penalty = 0.3125
    arena[n_values * samples] = penalty
    epoch = np.array([1.0, 2.0, 3.0])
    expected = [
        before + n_rows * (sum_in_order(row, lanes) + (penalty if v == 0 else 0.0))
        for v, (before, row) in enumerate(zip(epoch, values, strict=True))
    ]
    fields = sums.SumValues(0, samples, n_values, n_values * samples)
    for worker in range(workers):
        Row("sum_values", arena).run(fields, worker, workers, rows=n_rows, values=epoch.ctypes.data)
    np.testing.assert_array_equal(epoch, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("with_penalty", [False, True])
def test_loss_of_a_batch(with_penalty: bool, dtype: str) -> None:
    """hyper[2] = the sum of the batch's losses, and the penalty; no other number changes, nor twice."""
    lanes, n_rows = n_lanes(dtype), 13
    samples = -(-n_rows // lanes) * lanes
    arena = aligned(samples + lanes, dtype, 0.0)
    arena[:n_rows] = np.random.default_rng(0).normal(size=n_rows)
    arena[samples] = 0.3125
    hyper = np.full(4, 7.0, dtype)
    for worker in range(3):
        fields = sums.BatchLoss(0, samples if with_penalty else -1, 2)
        Row("batch_loss", arena).run(fields, worker, 3, hyper=hyper, rows=n_rows)
    loss = sum_in_order(arena[:samples], lanes) + 0.3125 * with_penalty
    np.testing.assert_array_equal(hyper, np.array([7, 7, loss, 7], dtype))


def bits(number: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def test_penalties_add_up() -> None:
    """l1 |w| + l2 w**2 over a kernel and a bias, in float64; padding and gaps do not count."""
    arena = aligned(64, "float32", np.nan)
    random = np.random.default_rng(1)
    kernel, bias = random.normal(size=(3, 5)).astype(np.float32), np.array([2.0, -3.0], np.float32)
    for row, numbers in enumerate(kernel):
        arena[1 + 8 * row : 6 + 8 * row] = numbers
    arena[40:42] = bias
    row = Row("penalty", arena)
    for worker in range(2):
        row.run(sums.Penalty(0, 1, 3, 8, 5, bits(0.1), bits(0.2), 1), worker, 2)
        row.run(sums.Penalty(0, 40, 1, 0, 2, bits(0.0), bits(0.5), 0), worker, 2)
    wide = kernel.astype(np.float64)
    expected = 0.1 * np.abs(wide).sum() + 0.2 * (wide**2).sum() + 0.5 * (4 + 9)
    np.testing.assert_allclose(arena[0], expected, rtol=2e-7)
    # The planted fault: the second one begins the sum anew.
    row.run(sums.Penalty(0, 40, 1, 0, 2, bits(0.0), bits(0.5), 1))
    assert arena[0] == 6.5
