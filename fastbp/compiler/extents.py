"""Arrays of weights as kernels walk over them: padding included, in whole vectors."""

import math
from typing import NamedTuple

from fastbp.compiler.layout import Place, padded


class Extent(NamedTuple):
    """Where an array of weights lies: ``[outer][stride]`` numbers, `inner` of each, padded to whole vectors."""

    offset: int
    outer: int
    stride: int
    inner: int


def extent(place: Place, lanes: int) -> Extent:
    """Of an array, its padding included."""
    if place.stride:
        n_in, n_out = place.shape
        return Extent(place.offset, n_out, place.stride, padded(n_in, lanes))
    if place.blocked:
        n_in, n_out = place.shape
        return Extent(place.offset, 1, 0, n_in * padded(n_out, lanes))
    return Extent(place.offset, 1, 0, padded(math.prod(place.shape), lanes))


class Groups(NamedTuple):
    """An array as groups of vectors, ``[groups][terms][lanes]``, or of numbers, ``[groups][terms]``; any strides."""

    offset: int
    groups: int
    group_stride: int
    terms: int
    term_stride: int
    apart: bool  # whether each lane is a group of its own
    of_numbers: bool = False


def groups(place: Place, axes: tuple[int, ...], lanes: int) -> Groups:
    """What lies along these axes of an array together, in groups."""
    along = {axis % len(place.shape) for axis in axes}
    if len(along) == len(place.shape):
        # What lies between the rows is zero.
        size = place.stride * place.shape[-1] or extent(place, lanes).inner
        return Groups(place.offset, 1, 0, size // lanes, lanes, False)
    n_in, n_out = place.shape
    if place.blocked:
        blocks = padded(n_out, lanes) // lanes
        if along == {0}:
            return Groups(place.offset, blocks, n_in * lanes, n_in, lanes, True)
        return Groups(place.offset, n_in, lanes, blocks, n_in * lanes, False)
    if place.stride:
        blocks = padded(n_in, lanes) // lanes
        if along == {0}:
            return Groups(place.offset, n_out, place.stride, blocks, lanes, False)
        return Groups(place.offset, blocks, lanes, n_out, place.stride, True)
    # A table, row after row.
    if n_out % lanes:
        if along == {0}:
            return Groups(place.offset, n_out, 1, n_in, n_out, False, of_numbers=True)
        return Groups(place.offset, n_in, n_out, n_out, 1, False, of_numbers=True)
    blocks = n_out // lanes
    if along == {0}:
        return Groups(place.offset, blocks, lanes, n_in, n_out, True)
    return Groups(place.offset, n_in, n_out, blocks, lanes, False)


class Vectors(NamedTuple):
    """A matrix as vectors of elements, as `fastbp.kernels.orthogonality` numbers them."""

    vectors: int
    vector_block: int
    vector_step: int
    elements: int
    element_block: int
    element_step: int


def vectors(place: Place, columns: bool, lanes: int) -> Vectors:
    """The columns, or the rows, of a matrix (n_in, n_out)."""
    n_in, n_out = place.shape
    if place.blocked:
        inputs, outputs = (n_in, lanes * lanes, lanes), (n_out, n_in * lanes, 1)
    else:
        inputs, outputs = (n_in, lanes, 1), (n_out, lanes * place.stride, place.stride)
    return Vectors(*outputs, *inputs) if columns else Vectors(*inputs, *outputs)


class Lines(NamedTuple):
    """A matrix as lines of numbers that follow each other in vectors, as `fastbp.kernels.muon` walks over them."""

    lines: int
    line_step: int
    width: int
    block_step: int  # from a vector of a line to the next
    in_a_row: int  # 1 where the end of a line is no end of a vector


def lines(place: Place, lanes: int) -> Lines:
    """The rows, or the columns, of a matrix (n_in, n_out), whichever way it lies."""
    n_in, n_out = place.shape
    if place.stride:
        return Lines(n_out, place.stride, n_in, lanes, 0)
    if place.blocked:
        return Lines(n_in, lanes, n_out, n_in * lanes, 0)
    return Lines(n_in, n_out, n_out, lanes, int(n_out % lanes > 0))
