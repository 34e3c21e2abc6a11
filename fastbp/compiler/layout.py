"""Where everything lies in the arena: offsets counted in elements."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.graph import DenseOperation, Operation, OperationWithWeights
from fastbp.nn.constraints import Constraint
from fastbp.nn.layers.layer import Weight
from fastbp.runtime.processor import processor

#: Buffers begin on a cache line.
ALIGNMENT = 64
#: Vectors of outputs from which on they are many beside so few of inputs; and of inputs, beside one of outputs.
_WIDE, _NARROW = 4, 2
#: Strides that are multiples of this many bytes alias in the cache.
ALIASING = 1024


def padded(count: int, lanes: int) -> int:
    """`count` rounded up to whole vectors."""
    return -(-count // lanes) * lanes


def spread(stride: int, itemsize: int) -> int:
    """A stride of rows that does not alias: `stride`, or some cache lines more.

    Rows that are a multiple of 4096 bytes apart would all begin in the same place of a first-level cache, and there a
    tile has a kilobyte of each of its rows.
    """
    n_bytes = stride * itemsize
    if n_bytes % (4 * ALIASING) == 0:
        n_bytes += 5 * ALIGNMENT
    elif n_bytes % ALIASING == 0:
        n_bytes += ALIGNMENT
    return n_bytes // itemsize


class Allocator:
    """Hands out offsets, one buffer after the other.

    Parameters
    ----------
    dtype : dtype
        Type of the arena.
    begin : int
        The first offset.
    """

    def __init__(self, dtype: np.dtype, begin: int = 0) -> None:
        self._step = ALIGNMENT // dtype.itemsize
        self.end = padded(begin, self._step)

    def take(self, count: int) -> int:
        """The offset of a new buffer of `count` elements."""
        offset = self.end
        self.end += padded(count, self._step)
        return offset


@dataclass(frozen=True)
class Place:
    """Where an array of weights lies, and in what form.

    Attributes
    ----------
    offset : int
        Its first element.
    shape : tuple of int
        As the user sees it; a vector lies there as it is.
    stride : int
        Of a matrix (n_in, n_out) that lies as [output][input] with this stride; 0 where it lies as
        [output block][input][lanes], as most first layers and those of few inputs read it, or as it is.
    blocked : bool
        Whether it has that second form.
    trained, told : bool
        Whether training changes it by its gradient, and whether it is one of the user's arrays: a bias that is not
        used lies there nevertheless, and is zero.
    constraint : Constraint or None
        What holds of it after an update.
    path : str
        The names of its layer and of itself.
    """

    offset: int
    shape: tuple[int, ...]
    stride: int = 0
    blocked: bool = False
    trained: bool = True
    told: bool = True
    constraint: Constraint | None = None
    path: str = ""

    def view(self, parameters: NDArray[np.floating], lanes: int) -> NDArray[np.floating]:
        """The array as a view to read or assign, in the user's shape, or (blocks, n_in, lanes) where it is blocked.

        Parameters
        ----------
        parameters : ndarray (size,)
            The parameters, or slots or gradients of the same layout.
        lanes : int
            Numbers in a vector.
        """
        if self.blocked:
            n_in, n_out = self.shape
            shape: tuple[int, ...] = (padded(n_out, lanes) // lanes, n_in, lanes)
        else:
            shape = (self.shape[1], self.stride) if self.stride else self.shape
        view = parameters[self.offset : self.offset + math.prod(shape)].reshape(shape)
        return view[:, : self.shape[0]].T if self.stride else view

    def read(self, parameters: NDArray[np.floating], lanes: int) -> NDArray[np.floating]:
        """A copy in the user's shape."""
        view = self.view(parameters, lanes)
        if self.blocked:
            n_in, n_out = self.shape
            return view.transpose(1, 0, 2).reshape(n_in, -1)[:, :n_out].copy()
        return np.array(view, order="C")

    def write(
        self, parameters: NDArray[np.floating], array: NDArray[np.floating], lanes: int
    ) -> None:
        """Set it. Padding is zero."""
        view = self.view(parameters, lanes)
        if self.blocked:
            n_in, n_out = self.shape
            wide = np.zeros((n_in, view.shape[0] * lanes), parameters.dtype)
            wide[:, :n_out] = array
            array = wide.reshape(n_in, -1, lanes).transpose(1, 0, 2)
        view[...] = array


class ParameterLayout:
    """Where the parameters of a network lie; the optimizer's slots and gradients repeat the same layout behind them.

    Parameters
    ----------
    operations : sequence of Operation
    dtype : dtype

    Attributes
    ----------
    dense : list of DenseOperation
    weighted : list of OperationWithWeights
        These and the others that have weights.
    places : list of tuple of Place
        For each operation with weights, by its index, where its arrays lie.
    size : int
        Elements that they take together.
    """

    def __init__(self, operations: Sequence[Operation], dtype: np.dtype) -> None:
        self.dtype = dtype
        self.lanes = processor().lanes(dtype.itemsize)
        self.dense = [o for o in operations if isinstance(o, DenseOperation)]
        self.weighted = [o for o in operations if isinstance(o, OperationWithWeights)]
        self.places: list[tuple[Place, ...]] = []
        self._allocator = Allocator(dtype)
        for operation in operations:
            if isinstance(operation, DenseOperation):
                self.places.append(self._dense(operation))
            elif isinstance(operation, OperationWithWeights):
                self.places.append(tuple(self._vector(each) for each in operation.weights))
        self.size = self._allocator.end

    def _dense(self, operation: DenseOperation) -> tuple[Place, Place]:
        kernel = operation.weights[0]
        n_in, n_out = kernel.shape
        if self._is_slim(n_in, n_out) if operation.is_first else not self._is_narrow(n_in, n_out):
            stride = spread(padded(n_in, self.lanes), self.dtype.itemsize)
            offset = self._allocator.take(stride * n_out)
            place = Place(offset, kernel.shape, stride, **_training(kernel))
        else:
            offset = self._allocator.take(padded(n_out, self.lanes) * n_in)
            place = Place(offset, kernel.shape, blocked=True, **_training(kernel))
        if len(operation.weights) > 1:
            return place, self._vector(operation.weights[1])
        offset = self._allocator.take(padded(n_out, self.lanes))
        return place, Place(offset, (n_out,), trained=False, told=False)

    def _is_narrow(self, n_in: int, n_out: int) -> bool:
        """Whether rows of inputs would be short and padded much, and columns of outputs would not be."""
        return n_in <= _NARROW * self.lanes and n_out >= _WIDE * self.lanes

    def _is_slim(self, n_in: int, n_out: int) -> bool:
        """The other way round."""
        return n_out <= self.lanes and n_in >= _WIDE * self.lanes

    def _vector(self, weight: Weight) -> Place:
        offset = self._allocator.take(padded(math.prod(weight.shape), self.lanes))
        return Place(offset, weight.shape, **_training(weight))

    @property
    def told(self) -> list[Place]:
        """The user's arrays, in Keras's order."""
        return [place for places in self.places for place in places if place.told]

    def read(self, parameters: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        """Copies of all arrays in Keras's order, of the parameters, or of slots or gradients of the same layout."""
        return [place.read(parameters, self.lanes) for place in self.told]

    def write(
        self, parameters: NDArray[np.floating], arrays: Sequence[NDArray[np.floating]]
    ) -> None:
        """Set all arrays, in the order of `read`. Padding stays zero."""
        for place, array in zip(self.told, arrays, strict=False):
            place.write(parameters, array, self.lanes)


def _training(weight: Weight) -> dict[str, Any]:
    """What a place says of its array, and of how that is trained"""
    return {"trained": weight.trained, "constraint": weight.constraint, "path": weight.path}
