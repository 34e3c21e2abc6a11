"""The memory of a network: parameters, optimizer state and workspace in one allocation."""

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.layout import ALIGNMENT

#: Elements behind the last buffer that may be read (never used).
_MARGIN_BYTES = 256


class Arena:
    """One aligned array that grows when a program needs more, keeping what must survive.

    Parameters
    ----------
    dtype : dtype
    """

    def __init__(self, dtype: np.dtype) -> None:
        self._dtype = dtype
        self.array: NDArray[np.floating] = np.zeros(0, dtype)
        self.address = 0

    def require(self, size: int, keep: int) -> bool:
        """Make room for `size` elements; the first `keep` keep their values. Tells whether the memory moved."""
        if size <= self.array.size:
            return False
        itemsize = self._dtype.itemsize
        raw = np.zeros(size * itemsize + ALIGNMENT + _MARGIN_BYTES, np.uint8)
        begin = -raw.ctypes.data % ALIGNMENT
        array = raw[begin : begin + size * itemsize].view(self._dtype)
        array[:keep] = self.array[:keep]
        self.array, self.address = array, int(array.ctypes.data)
        return True
