"""Where an array lies and how to walk it: all that the engine needs to know of its input."""

from dataclasses import dataclass

import numpy as np

# The gather kernels switch on the index into this table.
DTYPES = (
    "float32",
    "float64",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "bool",
)


# Not frozen, since it takes half a microsecond to make one that is.
@dataclass(slots=True, eq=False)
class Source:
    """A two-dimensional view of the caller's memory, never copied and never written.

    Attributes
    ----------
    array : numpy.ndarray
        Shape (n_samples, n_columns). Keeps the memory alive.
    code : int
        Index of the element type in `DTYPES`.
    address : int
        Where element [0, 0] lies.
    row_stride, column_stride : int
        Bytes from one row, one column, to the next; negative or zero for views that run so.
    is_finite : bool
        Whether all elements are known to be finite in the network's type.
    """

    array: np.ndarray
    code: int
    address: int
    row_stride: int
    column_stride: int
    is_finite: bool = False

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        count: int = self.array.shape[0]
        return count

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        count: int = self.array.shape[1]
        return count
