"""The largest magnitude among numbers, and the largest whole number: one look for all that can be wrong with them.

Without their sign, the bits of floating-point numbers are in the order of the magnitudes, infinity and NaN above all:
so a maximum of integers finds them in one pass, of which a processor takes many at a time. With their sign, the bits
of whole numbers put those below 0 above all others.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import types

from fastbp.kernels import simd
from fastbp.runtime.cache import compile_callable

uint32, uint64 = types.uint32, types.uint64


def largest_bits(address, count, mask):
    """the largest of bits[i] & mask

    bits    (count,) at the address, of 64 bits if the mask has more than 32, else of 32   read
    """
    if mask > 0xFFFFFFFF:
        wide = simd.pointer_at(address, uint64)
        found = uint64(0)
        for i in range(count):
            found = max(found, wide[i] & mask)
        return found
    narrow = simd.pointer_at(address, uint32)
    short_mask, largest = uint32(mask), uint32(0)
    for i in range(count):
        largest = max(largest, narrow[i] & short_mask)
    return uint64(largest)


@cache
def _compiled() -> Any:
    signature = types.uint64(types.int64, types.int64, types.uint64)
    return compile_callable("largest_bits", lambda: largest_bits, signature).ctypes


#: The mask for all bits, and for all but the sign's, by the bytes of a number.
_ALL = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
_BUT_THE_SIGN = {size: bits >> 1 for size, bits in _ALL.items()}


@cache
def _bits_of(limit: float, itemsize: int) -> int:
    """The bits of a number that is not negative."""
    return int(np.array(limit, f"f{itemsize}").view(f"u{itemsize}"))


def are_within(address: int, count: int, itemsize: int, limit: float) -> bool:
    """Whether no magnitude is above the limit, nor NaN.

    Parameters
    ----------
    address, count : int
        Where the first number lies, and how many follow each other from there.
    itemsize : {4, 8}
        Bytes of a number: of float32 or float64.
    limit : float
        A number of that type.
    """
    found = _compiled()(address, count, _BUT_THE_SIGN[itemsize])
    return bool(found <= _bits_of(limit, itemsize))


def are_below(address: int, count: int, itemsize: int, limit: int) -> bool:
    """Whether whole numbers of 4 or 8 bytes, signed or not, are from 0 to limit - 1.

    Parameters
    ----------
    address, count, itemsize : int
        As in `are_within`.
    limit : int
        Not above the largest signed number of that type.
    """
    return bool(_compiled()(address, count, _ALL[itemsize]) < limit)
