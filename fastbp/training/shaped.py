"""Samples of several axes, as rows of numbers."""

from math import prod

import numpy as np

from fastbp.errors import DataError
from fastbp.nn import Stack
from fastbp.source import Source


def as_rows(x: object, stack: Stack, name: str = "x") -> object:
    """Lay the axes of a sample behind each other, where the model's layers say what its axes are.

    Parameters
    ----------
    x : array_like (n_samples, ...)
        As the user gave it; a view of it is returned where its samples lie in one piece.
    stack : Stack
    name : str
        What messages call it.

    Raises
    ------
    DataError
        If the samples have another shape than the model's input.
    """
    shape = stack.input_shape
    if isinstance(x, Source) or not (stack.takes_any_shape or (shape and len(shape) > 1)):
        return x
    try:
        array = np.asarray(x)
    except ValueError:
        return x
    if array.ndim < 3:
        return x
    if shape is not None and len(shape) > 1 and array.shape[1:] != shape:
        raise DataError(
            f"{name} has samples of shape {array.shape[1:]}, but the model's input has shape {shape}"
        )
    return array.reshape(len(array), prod(array.shape[1:]))
