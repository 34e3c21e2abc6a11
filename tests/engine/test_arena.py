"""One array that grows and keeps what must survive."""

import numpy as np
import pytest

from fastbp.compiler.layout import ALIGNMENT
from fastbp.engine.arena import Arena


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_growth_keeps_the_state(dtype: str) -> None:
    arena = Arena(np.dtype(dtype))
    size = 10
    assert arena.require(size, 0)
    arena.array[:] = np.arange(size)
    for wanted in (11, 64, 1000, 100_001):
        assert arena.require(wanted, 7)
        assert arena.array.shape == (wanted,)
        assert arena.array.dtype == dtype
        np.testing.assert_array_equal(arena.array[:7], np.arange(7))
        np.testing.assert_array_equal(arena.array[7:], 0)
        arena.array[7:] = 5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_aligned_and_its_address_is_told(dtype: str) -> None:
    arena = Arena(np.dtype(dtype))
    for size in range(1, 40):
        arena.require(size, 0)
        assert arena.address == arena.array.ctypes.data
        assert arena.address % ALIGNMENT == 0


def test_it_stays_where_it_is_when_it_is_large_enough() -> None:
    arena = Arena(np.dtype("float32"))
    arena.require(100, 0)
    arena.array[:] = 3
    address = arena.address
    for size in (100, 50, 0):
        assert not arena.require(size, 0)
        assert arena.address == address
    assert (arena.array == 3).all()
