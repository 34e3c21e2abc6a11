"""The largest magnitude among numbers.

Without their sign, the bits of floating-point numbers are in the order of the magnitudes, infinity and NaN above all:
so a maximum of integers finds them in one pass, of which a processor takes many at a time.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.runtime.cache import compile_function


def largest_bits(values, mask):
    """the largest of values[i] & mask

    values   (n,) the bits of floating-point numbers   read
    mask     all bits but the sign's
    """
    found = mask ^ mask
    for i in range(values.size):
        magnitude = values[i] & mask
        if magnitude > found:
            found = magnitude
    return found


@cache
def _compiled(code: str) -> tuple[Any, np.dtype, np.unsignedinteger]:
    """The function for floating-point numbers of this type, the integers of their size, and the mask."""
    bits = np.dtype(f"uint{8 * np.dtype(code).itemsize}")
    function: Any = largest_bits
    signature = f"{bits}(Array({bits}, 1, 'C', readonly=True), {bits})"
    compiled = compile_function(f"largest_bits-{bits}", function, signature)
    return compiled, bits, bits.type(np.iinfo(bits).max >> 1)


@cache
def _bits_of(limit: float, code: str) -> int:
    """The bits of a number that is not negative."""
    return int(np.array(limit, code).view(f"u{np.dtype(code).itemsize}"))


def is_within(values: NDArray[np.floating], limit: float) -> bool:
    """Whether no magnitude is above the limit, nor NaN.

    Parameters
    ----------
    values : ndarray of float32 or float64
        Contiguous in the order of C.
    limit : float
        A number of the array's type.
    """
    code = values.dtype.char
    largest, bits, mask = _compiled(code)
    return bool(largest(values.reshape(-1).view(bits), mask) <= _bits_of(limit, code))
