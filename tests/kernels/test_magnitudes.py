"""The search for NaN, infinity and numbers that are too large."""

import numpy as np
import pytest

from fastbp.data.source import as_source
from fastbp.kernels.magnitudes import are_below, are_within


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
