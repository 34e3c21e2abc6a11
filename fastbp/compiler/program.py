"""A program: rows of kernel addresses and their integers."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.cost import Cost, cost_of
from fastbp.kernels.few_losses import FewLoss
from fastbp.kernels.losses import Loss
from fastbp.kernels.registry import KernelName, kernel_address


class Program:
    """Rows that an executor walks.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Type of the arena.
    batch : int
        Samples that it takes at once.

    Attributes
    ----------
    names : list of str
        What each row does; ``"barrier"`` where workers wait for each other.
    costs : list of Cost
        What each row has to do for a whole batch.
    workspace : int
        Elements of the arena that the program needs behind the parameters.
    panels : int
        Elements of room that each worker needs for packed operands.
    samples_at_a_time : int
        Samples that go through the rows before the first barrier together, so that what one row leaves is still in the
        cache for the next; 0 for all.
    parts : int
        In so many parts they go through these rows, however many workers there are; 0 where that is open.
    n_values : int
        Loss and metrics that it sums.
    looks : bool
        Whether it looks for inputs that are not finite.
    """

    def __init__(self, dtype: str, batch: int) -> None:
        self._dtype, self._batch = dtype, batch
        self._rows: list[tuple[KernelName | None, Sequence[int]]] = []
        self.names: list[str] = []
        self.costs: list[Cost] = []
        self.workspace = self.panels = self.samples_at_a_time = self.parts = 0
        self.n_values = 0
        self.looks = False
        self._is_judged = False

    def add(
        self, kernel: str, fields: Sequence[int], *options: object, rest: tuple[int, ...] = ()
    ) -> None:
        """Add a row that calls a kernel; `rest` are integers behind its fields, as many as it likes."""
        row = (*fields, *rest) if rest else fields
        self._rows.append((KernelName(kernel, self._dtype, options), row))
        self._is_judged |= isinstance(fields, (Loss, FewLoss))
        self.names.append(" ".join([kernel, *(str(o) for o in options)]))
        self.costs.append(cost_of(fields, self._batch, options))

    def add_barrier(self) -> None:
        """Add a row at which all workers wait for each other.

        At the first one behind a loss they also look whether it was finite: only there do all of them see the same.
        """
        self._rows.append((None, (int(self._is_judged),)))
        self._is_judged = False
        self.names.append("barrier")
        self.costs.append(Cost(0, 0))

    def rows(self) -> NDArray[np.int64]:
        """The rows as a matrix, padded to one width. Compiles what never was."""
        width = 1 + max(len(fields) for _, fields in self._rows)
        matrix = np.zeros((len(self._rows), width), np.int64)
        for i, (kernel, fields) in enumerate(self._rows):
            if kernel is not None:
                matrix[i, 0] = kernel_address(kernel.name, kernel.dtype, *kernel.options)
            matrix[i, 1 : 1 + len(fields)] = fields
        return matrix

    @property
    def kernels(self) -> list[KernelName]:
        """What it calls, each once."""
        return list(dict.fromkeys(kernel for kernel, _ in self._rows if kernel is not None))


def float_bits(number: float) -> int:
    """The bits of a float64: how a row of integers holds a number."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])
