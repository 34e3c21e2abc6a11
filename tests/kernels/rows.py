"""Kernels of the registry, called by themselves: one row of a program, one worker's share."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.kernels.context import Context
from fastbp.kernels.registry import kernel_address

Array = NDArray[Any]

_KERNEL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64, ctypes.c_int64)
_NOTHING = Context(*[0] * len(Context._fields))


class Row:
    """A kernel with its fields, to be run on an arena.

    Parameters
    ----------
    name : str
    arena : ndarray
    options : sequence
        What the kernel's factory is called with.
    """

    def __init__(self, name: str, arena: Array, *options: object) -> None:
        self._arena = arena
        self._call = _KERNEL(kernel_address(name, arena.dtype.name, *options))

    def run(
        self,
        fields: Sequence[int],
        worker: int = 0,
        workers: int = 1,
        hyper: Array | None = None,
        **context: int,
    ) -> None:
        """Run one worker's share; `context` names the step's integers that count."""
        row = np.array(fields, np.int64)
        step = np.array(_NOTHING._replace(**context), np.int64)
        numbers = np.zeros(1, self._arena.dtype) if hyper is None else hyper
        self._call(
            row.ctypes.data,
            self._arena.ctypes.data,
            step.ctypes.data,
            numbers.ctypes.data,
            worker,
            workers,
        )
