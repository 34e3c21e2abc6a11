"""What may be wrong with many numbers, found in one look: too large a magnitude, NaN, a whole number out of range."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import types

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.runtime.cache import compile_callable
from fastbp.runtime.inlined import inlined

_LARGEST_SINGLE, _LARGEST_DOUBLE = (float(np.finfo(each).max) for each in ("float32", "float64"))

i64 = types.int64
uint32, uint64 = types.uint32, types.uint64


@inlined
def _are_within(numbers, count, limit):
    """Whether |numbers[i]| <= limit for all i"""
    lanes = simd.lanes(numbers)
    limit = simd.cast_to(numbers, limit)
    # Once it is NaN, a sum stays so. There are two, that none waits for the other.
    even = simd.splat(numbers, 0.0)
    odd = even
    whole = count - count % (2 * lanes)
    for i in range(0, whole, 2 * lanes):
        even = simd.select(simd.absolute(simd.load(numbers, i)) <= limit, even, np.nan)
        odd = simd.select(simd.absolute(simd.load(numbers, i + lanes)) <= limit, odd, np.nan)
    found = simd.all_true(even + odd == 0.0)
    for i in range(whole, count):
        found &= abs(simd.get(numbers, i)) <= limit
    return found


def look(address, count, itemsize, limit):
    """Whether |numbers[i]| <= limit for all i

    numbers  (count,) of float64 or float32, by `itemsize`   read
    """
    if itemsize == 8:
        return _are_within(simd.pointer_at(address, simd.float64), count, limit)
    return _are_within(simd.pointer_at(address, simd.float32), count, limit)


class LookAtInputs(NamedTuple):
    """Fields of `look_at_inputs`."""

    table: int  # addresses of the batch's rows, int64
    n_in: int


def look_at_inputs():
    """status[0] = number of the step, where an input of the batch is not finite; else it stays"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, LookAtInputs)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        table = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        is_double = simd.is_double(simd.splat(arena, 0.0))
        largest = _LARGEST_DOUBLE if is_double else _LARGEST_SINGLE
        found = True
        for s in range(first * lanes, min(end * lanes, c.rows)):
            numbers = simd.pointer_like(arena, simd.get(table, s))
            found &= _are_within(numbers, r.n_in, largest)
        if not found:
            simd.put(simd.pointer_at(c.status, simd.int64), 0, c.step)

    return kernel


@cache
def _look() -> Any:
    signature = types.boolean(i64, i64, i64, types.float64)
    return compile_callable("look", lambda: look, signature).ctypes


def largest(address, count, itemsize):
    """The largest of bits[i], numbers without a sign: those below 0 lie above all others.

    bits    (count,) of 64 or 32 bits, by `itemsize`   read
    """
    found = uint64(0)
    if itemsize == 8:
        wide = simd.pointer_at(address, uint64)
        for i in range(count):
            found = max(found, wide[i])
        return found
    narrow = simd.pointer_at(address, uint32)
    for i in range(count):
        found = max(found, uint64(narrow[i]))
    return found


def lie_between(address, count, itemsize, low, high):
    """Whether low <= numbers[i] <= high for all i

    numbers  (count,) of float64 or float32, by `itemsize`   read
    """
    found = True
    if itemsize == 8:
        wide = simd.pointer_at(address, simd.float64)
        for i in range(count):
            found &= low <= wide[i] <= high
    else:
        narrow = simd.pointer_at(address, simd.float32)
        for i in range(count):
            found &= low <= narrow[i] <= high
    return found


@cache
def _largest() -> Any:
    signature = types.uint64(i64, i64, i64)
    return compile_callable("largest", lambda: largest, signature).ctypes


def are_within(address: int, count: int, itemsize: int, limit: float) -> bool:
    """Whether no magnitude is above the limit, nor NaN.

    Parameters
    ----------
    address, count : int
        Where the first number lies, and how many follow each other from there.
    itemsize : {4, 8}
        Bytes of a number: of float32 or float64.
    limit : float
        A finite number of that type.
    """
    return bool(_look()(address, count, itemsize, limit))


def are_below(address: int, count: int, itemsize: int, limit: int) -> bool:
    """Whether whole numbers of 4 or 8 bytes, signed or not, are from 0 to limit - 1.

    Parameters
    ----------
    address, count, itemsize : int
        As in `are_within`.
    limit : int
        Not above the largest signed number of that type.
    """
    return bool(_largest()(address, count, itemsize) < limit)
