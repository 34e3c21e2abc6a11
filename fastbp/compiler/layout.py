"""Where everything lies in the arena: offsets counted in elements."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.compiler.graph import DenseOperation, Operation
from fastbp.runtime.processor import processor

#: Buffers begin on a cache line.
ALIGNMENT = 64
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
class DensePlace:
    """Where a dense operation's parameters lie."""

    weights: int
    weights_stride: (
        int  # of [output][input]; 0 in the first layer, which is [output block][input][lanes]
    )
    bias: int


class ParameterLayout:
    """Where the parameters of a network lie; the optimizer's slots and gradients repeat the same layout behind them.

    Parameters
    ----------
    operations : sequence of Operation
    dtype : dtype
    """

    def __init__(self, operations: Sequence[Operation], dtype: np.dtype) -> None:
        self.dtype = dtype
        self.lanes = processor().lanes(dtype.itemsize)
        self.dense = [o for o in operations if isinstance(o, DenseOperation)]
        self.places: list[DensePlace] = []
        allocator = Allocator(dtype)
        for operation in self.dense:
            if operation.is_first:
                stride = 0
                size = padded(operation.n_out, self.lanes) * operation.n_in
            else:
                stride = spread(padded(operation.n_in, self.lanes), dtype.itemsize)
                size = stride * operation.n_out
            weights = allocator.take(size)
            bias = allocator.take(padded(operation.n_out, self.lanes))
            self.places.append(DensePlace(weights, stride, bias))
        self.size = allocator.end

    @property
    def trained(self) -> list[bool]:
        """Whether training changes each array, in the order of `read`."""
        trained = []
        for operation in self.dense:
            layer = operation.layer
            trained.append(layer.trainable)
            if layer.use_bias:
                trained.append(layer.trainable and layer.bias_trainable)
        return trained

    def kernel_view(self, parameters: NDArray[np.floating], index: int) -> NDArray[np.floating]:
        """The kernel of a dense operation as a view to read or assign: (n_in, n_out), or blocked in the first layer.

        Parameters
        ----------
        parameters : ndarray (size,)
            The parameters, or slots or gradients of the same layout.
        index : int
            Which dense operation.
        """
        operation, place = self.dense[index], self.places[index]
        if operation.is_first:
            blocks = padded(operation.n_out, self.lanes) // self.lanes
            flat = parameters[place.weights : place.weights + blocks * operation.n_in * self.lanes]
            return flat.reshape(blocks, operation.n_in, self.lanes)
        flat = parameters[place.weights : place.weights + place.weights_stride * operation.n_out]
        return flat.reshape(operation.n_out, place.weights_stride)[:, : operation.n_in].T

    def read(self, parameters: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        """Copies of all arrays in Keras's order: kernel (n_in, n_out), bias (n_out,) where there is one."""
        arrays = []
        for operation in self.dense:
            view = self.kernel_view(parameters, operation.index)
            if operation.is_first:
                kernel = (
                    view.transpose(1, 0, 2).reshape(operation.n_in, -1)[:, : operation.n_out].copy()
                )
            else:
                kernel = np.array(view, order="C")
            arrays.append(kernel)
            if operation.layer.use_bias:
                bias = self.places[operation.index].bias
                arrays.append(parameters[bias : bias + operation.n_out].copy())
        return arrays

    def write(
        self, parameters: NDArray[np.floating], arrays: Sequence[NDArray[np.floating]]
    ) -> None:
        """Set all arrays, in the order of `read`. Padding stays zero."""
        remaining = iter(arrays)
        for operation in self.dense:
            view = self.kernel_view(parameters, operation.index)
            kernel = next(remaining)
            if operation.is_first:
                blocks = view.shape[0]
                wide = np.zeros((operation.n_in, blocks * self.lanes), self.dtype)
                wide[:, : operation.n_out] = kernel
                view[...] = wide.reshape(operation.n_in, blocks, self.lanes).transpose(1, 0, 2)
            else:
                view[...] = kernel
            if operation.layer.use_bias:
                bias = self.places[operation.index].bias
                parameters[bias : bias + operation.n_out] = next(remaining)
