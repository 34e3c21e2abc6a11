"""The one input boundary: any array becomes an address and two strides, without a copy."""

import ctypes
import sys
from collections.abc import Mapping
from functools import cache
from os import PathLike
from typing import Any

import numpy as np

from fastbp.errors import DataError
from fastbp.source import DTYPES, Source

__all__ = ["DTYPES", "Source", "address_of", "as_source", "check_finite", "magnitudes"]

_CODES = {np.dtype(name): code for code, name in enumerate(DTYPES)}
_LARGEST = {name: float(np.finfo(name).max) for name in ("float32", "float64")}
_NUMERIC_KINDS = "biuf"
_KIND_NAMES = {
    "c": "complex numbers",
    "S": "byte strings",
    "U": "strings",
    "T": "strings",
    "M": "dates",
    "m": "time spans",
    "V": "records",
    "O": "Python objects",
}
#: What to do about them.
_REMEDIES = {
    **dict.fromkeys(
        "SUT", "; numpy.unique({name}, return_inverse=True)[1] makes class numbers of names"
    ),
    "O": "; {name}.astype(float) makes an array of numbers of them, if they are some",
}
# Elements looked at in one go: they stay in the cache between the two passes.
_BLOCK = 1 << 16


def as_source(values: object, name: str = "x") -> Source:
    """Describe an array, a list or a pandas object by address and strides.

    Arrays of any stride and order, read-only arrays, memory maps and frames of one numeric type are
    used where they lie. Lists, frames of mixed types and element types outside `DTYPES` (float16,
    other byte orders, long double) are converted once.

    Parameters
    ----------
    values : array-like
        Shape (n_samples, n_columns), or (n_samples,), which is read as one column.
    name : str
        What the error calls it.

    Raises
    ------
    DataError
        If the values are not numbers, not one- or two-dimensional, or empty.

    Examples
    --------
    >>> source = as_source(np.zeros((6, 4))[::-2, 1:])
    >>> source.n_samples, source.n_columns, source.row_stride, source.column_stride
    (3, 3, -64, 8)
    """
    if isinstance(values, Source):
        return values
    array = values if type(values) is np.ndarray else _as_array(values, name)
    code = _CODES.get(array.dtype)
    if code is None or not array.flags.aligned:
        array = _converted(array, name)
        code = _CODES[array.dtype]
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise DataError(_dimensions_message(array, name))
    if array.size == 0:
        raise DataError(f"{name} is empty: its shape is {array.shape}")
    row_stride, column_stride = array.strides
    return Source(array, code, address_of(array), row_stride, column_stride)


def address_of(array: np.ndarray) -> int:
    """Where the first element of an array lies, which is not empty.

    NumPy's ways to ask for it, `ctypes.data` among them, take a microsecond: a tenth of a step of a small network.
    """
    if _HEAD_IS_KNOWN:
        return _Address.from_address(id(array) + object.__basicsize__).value or 0
    return int(array.ctypes.data)


def _reads_heads() -> bool:
    """Whether the address lies where NumPy's interface for C puts it: right behind the head of any object."""
    if sys.implementation.name != "cpython":
        return False
    probe = np.arange(3)[1:]
    return bool(_Address.from_address(id(probe) + object.__basicsize__).value == probe.ctypes.data)


_Address = ctypes.c_void_p
_HEAD_IS_KNOWN = _reads_heads()


@cache
def magnitudes() -> Any:
    """The compiled looks at many numbers; not imported before, since this room is not to import Numba."""
    from fastbp.kernels import magnitudes

    return magnitudes


def check_finite(source: Source, name: str = "x", *, dtype: str = "float64") -> None:
    """Look for NaN, infinity, and numbers that `dtype` cannot hold, without temporaries.

    Raises
    ------
    DataError
        Naming the first such value in order of rows.

    Examples
    --------
    >>> check_finite(as_source([[1.0, 2.0], [3.0, float("nan")]]))
    Traceback (most recent call last):
    fastbp.errors.DataError: x holds nan at row 1, column 1 (counted from 0); fill or drop such rows
    """
    own = DTYPES[source.code]
    if own not in _LARGEST or source.is_finite:
        return
    array = source.array
    limit = min(_LARGEST[dtype], _LARGEST[own])
    if array.flags.c_contiguous:
        if magnitudes().are_within(source.address, array.size, array.itemsize, limit):
            return
    # Walk along memory; NaN passes through minimum and maximum, so one comparison finds it.
    along = array.T if abs(source.column_stride) > abs(source.row_stride) else array
    n_rows = max(1, _BLOCK // along.shape[1])
    for begin in range(0, along.shape[0], n_rows):
        block = along[begin : begin + n_rows]
        if not (block.min() >= -limit and block.max() <= limit):
            raise DataError(_not_finite_message(array, limit, name, dtype))


def _as_array(values: object, name: str) -> np.ndarray:
    """An array for anything that is not plainly one; a view of it where that is possible."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(f"{name} has masked values; fill them or drop their rows first")
    if isinstance(values, np.ndarray):
        return np.asarray(values)
    if values is None:
        raise DataError(f"{name} is missing: it is None")
    if isinstance(values, (str, PathLike)):
        raise DataError(f"{name} is a name, {str(values)!r}, not numbers: read the file first")
    if isinstance(values, Mapping):
        raise DataError(
            f"{name} is a mapping; numpy.column_stack(list({name}.values())) makes columns of its values"
        )
    if hasattr(values, "to_numpy"):
        return _frame_values(values, name)
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix; pass {name}.toarray()")
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise DataError(f"{name} cannot be read as an array: {error}") from None


def _frame_values(frame: Any, name: str) -> np.ndarray:
    """The values of a pandas DataFrame, Series or Index, or of what behaves like one."""
    array: np.ndarray = frame.to_numpy()
    if array.dtype.kind == "O" and type(frame).__module__.startswith("pandas"):
        # Mixed or nullable types come as objects, although every column may be numeric.
        for label, dtype in _frame_columns(frame):
            if getattr(dtype, "kind", "O") not in _NUMERIC_KINDS:
                column = f"column {label!r} of {name}" if frame.ndim == 2 else name
                raise DataError(
                    f"{column} has type {dtype}, not numbers; encode it as numbers first"
                )
        array = frame.to_numpy(dtype="float64", na_value=np.nan)
    return array


def _frame_columns(frame: Any) -> list[tuple[object, object]]:
    """Label and type of each column of a pandas object."""
    if frame.ndim == 1:
        return [(frame.name, frame.dtype)]
    return list(frame.dtypes.items())


def _converted(array: np.ndarray, name: str) -> np.ndarray:
    """A copy in a type that the kernels read."""
    kind = array.dtype.kind
    if kind not in _NUMERIC_KINDS:
        raise DataError(
            f"{name} holds {_KIND_NAMES.get(kind, str(array.dtype))} (dtype {array.dtype}), not numbers"
            + _REMEDIES.get(kind, "").format(name=name)
        )
    if kind != "f":
        return array.astype(array.dtype.newbyteorder("="))
    return array.astype(np.float32 if array.dtype.itemsize <= 4 else np.float64)


def _dimensions_message(array: np.ndarray, name: str) -> str:
    if array.ndim == 0:
        return f"{name} is a single value; it must have one row a sample"
    return (
        f"{name} has {array.ndim} dimensions, shape {array.shape}; it must have rows and columns: "
        f"{name}.reshape(len({name}), -1)"
    )


def _not_finite_message(array: np.ndarray, limit: float, name: str, dtype: str) -> str:
    n_rows = max(1, _BLOCK // array.shape[1])
    for begin in range(0, array.shape[0], n_rows):
        block = array[begin : begin + n_rows]
        bad = ~((block >= -limit) & (block <= limit))
        if bad.any():
            row, column = np.unravel_index(int(bad.argmax()), bad.shape)
            value = block[row, column]
            why = "; fill or drop such rows"
            if np.isfinite(value):
                why = f", too large for {dtype}: bring the numbers to a smaller unit"
            return (
                f"{name} holds {value} at row {begin + row}, column {column} (counted from 0){why}"
            )
    raise AssertionError("the caller saw a value outside the limit")
