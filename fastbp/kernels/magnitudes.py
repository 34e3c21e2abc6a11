"""What may be wrong with many numbers, found in one look: too large a magnitude, NaN, a whole number out of range."""

from functools import cache
from typing import Any

import numpy as np
from numba import types

from fastbp.kernels import simd
from fastbp.runtime.cache import compile_callable
from fastbp.runtime.inlined import inlined

i64 = types.int64
uint32, uint64 = types.uint32, types.uint64


def _make_look(copies):
    """The look at floating-point numbers, which are copied in the same pass if `copies`."""

    @inlined
    def look(target, source, count, limit):
        lanes = simd.lanes(source)
        limit = simd.cast_to(source, limit)
        # Once it is NaN, a sum stays so. There are two, that none waits for the other.
        even = simd.splat(source, 0.0)
        odd = even
        whole = count - count % (2 * lanes)
        for i in range(0, whole, 2 * lanes):
            first, second = simd.load(source, i), simd.load(source, i + lanes)
            if copies:
                simd.store(target, i, first)
                simd.store(target, i + lanes, second)
            even = simd.select(simd.absolute(first) <= limit, even, np.nan)
            odd = simd.select(simd.absolute(second) <= limit, odd, np.nan)
        are_within = simd.all_true(even + odd == 0.0)
        for i in range(whole, count):
            number = simd.get(source, i)
            if copies:
                simd.put(target, i, number)
            are_within &= abs(number) <= limit
        return are_within

    def look_at(target, source, count, itemsize, limit):
        """Whether |source[i]| <= limit for all i; with `copies`, target[i] = source[i].

        source  (count,) of float64 or float32, by `itemsize`   read
        target  the same                                        overwritten, or not looked at
        """
        if itemsize == 8:
            to, at = simd.pointer_at(target, simd.float64), simd.pointer_at(source, simd.float64)
            return look(to, at, count, limit)
        narrow_to = simd.pointer_at(target, simd.float32)
        return look(narrow_to, simd.pointer_at(source, simd.float32), count, limit)

    return look_at


@cache
def _look(copies: bool) -> Any:
    signature = types.boolean(i64, i64, i64, i64, types.float64)
    label = "look-and-copy" if copies else "look"
    return compile_callable(label, lambda: _make_look(copies), signature).ctypes


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
    return bool(_look(copies=False)(0, address, count, itemsize, limit))


def copy_within(target: int, address: int, count: int, itemsize: int, limit: float) -> bool:
    """Copy numbers to the address `target`, where nothing of them lies; the answer is that of `are_within`."""
    return bool(_look(copies=True)(target, address, count, itemsize, limit))


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
