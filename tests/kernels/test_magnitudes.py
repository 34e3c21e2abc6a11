"""The search for NaN, infinity and numbers that are too large."""

import numpy as np
import pytest

from fastbp.data.source import as_source
from fastbp.kernels.magnitudes import LookAtInputs, are_below, are_within
from kernels.probes import aligned, n_lanes
from kernels.rows import Row


def is_within(values: np.ndarray, limit: float) -> bool:
    source = as_source(values)
    return are_within(source.address, values.size, values.itemsize, limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 7, 64, 1001])
def test_each_place_is_looked_at(dtype: str, n: int) -> None:
    largest = float(np.finfo(dtype).max)
    values = np.random.default_rng(n).standard_normal(n).astype(dtype)
    values[0] = -largest
    assert is_within(values, largest)
    for place in {0, n // 2, n - 1}:
        for wrong in (np.nan, -np.nan, np.inf, -np.inf):
            bad = values.copy()
            bad[place] = wrong
            assert not is_within(bad, largest)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_limit_itself_is_within(dtype: str) -> None:
    values = np.array([[0.0, -2.5], [1.0, 2.5]], dtype)
    values.flags.writeable = False
    assert is_within(values, 2.5)
    assert not is_within(values, 2.25)
    assert is_within(np.zeros(3, dtype), 0.0)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("n", [1, 7, 64, 1001])
def test_whole_numbers_are_from_0_to_below_the_limit(dtype: str, n: int) -> None:
    values = np.random.default_rng(n).integers(0, 10, n).astype(dtype)
    source = as_source(values)
    numbers = source.address, n, values.itemsize
    assert are_below(*numbers, 10)
    for place in {0, n // 2, n - 1}:
        kept = values[place]
        for wrong in (10, np.iinfo(dtype).max, np.iinfo(dtype).min or 11):
            values[place] = wrong
            assert not are_below(*numbers, 10)
        values[place] = kept
    assert are_below(*numbers, 10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_columns", [1, 13, 67])
def test_rows_that_are_looked_at_by_workers(dtype: str, n_columns: int) -> None:
    """Each sample of the batch by its worker; nothing beside its columns, and no padding of the batch."""
    rows, lanes = 21, n_lanes(dtype)
    samples = -(-rows // lanes) * lanes
    arena = aligned(samples * 8 // np.dtype(dtype).itemsize, dtype, np.nan)
    x = np.full((rows, n_columns + 2), np.nan, dtype)
    inside = x[:, 1:-1]
    inside[...] = np.random.default_rng(n_columns).standard_normal(inside.shape)
    inside[0, 0] = np.finfo(dtype).max
    table = arena.view(np.int64)
    table[:rows] = [sample.ctypes.data for sample in inside]
    # What would be looked at by mistake would be found.
    table[rows:] = x.ctypes.data
    status, row = np.zeros(1, np.int64), Row("look_at_inputs", arena)

    def found_by() -> list[int]:
        """The workers that have found something"""
        found = []
        for worker in range(3):
            status[0] = 0
            place = {"rows": rows, "step": 7, "status": status.ctypes.data}
            row.run(LookAtInputs(0, n_columns), worker, 3, **place)
            assert status[0] in (0, 7)
            if status[0]:
                found.append(worker)
        return found

    assert found_by() == []
    blocks = samples // lanes
    for sample in (0, 8, rows - 1):
        owner = next(w for w in range(3) if sample // lanes < blocks * (w + 1) // 3)
        for column in {0, n_columns // 2, n_columns - 1}:
            kept = inside[sample, column]
            for wrong in (np.nan, np.inf, -np.inf):
                inside[sample, column] = wrong
                assert found_by() == [owner]
            inside[sample, column] = kept
    assert found_by() == []
