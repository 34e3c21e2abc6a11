"""Layers that say how a sample's numbers are arranged. They compute nothing, and have no rows in a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.layers.layer import Layer, Shape
from fastbp.specification import choose, whole_number


@dataclass(frozen=True, init=False)
class Flatten(Layer):
    """Samples of any shape as rows of numbers, (n, a, b) as ``(n, a * b)``, the last axis running fastest.

    As first layer, or behind an `Input` of several axes, it takes data (n, height, width): as a view where they lie
    in one piece, else as a copy.

    Parameters
    ----------
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the name is no string.

    References
    ----------
    Keras 3's `keras.layers.Flatten`.

    Examples
    --------
    >>> from fastbp.nn import Input, Stack
    >>> Stack.of([Input((28, 28)), Flatten()]).shapes(784)
    ((28, 28), (784,))
    """

    computes: ClassVar[bool] = False

    def __init__(self, name: str | None = None) -> None:
        self._choose_name(name)

    def output_shape(self, shape: Shape) -> Shape:
        """A row."""
        return (_count(shape),)


@dataclass(frozen=True, init=False)
class Reshape(Layer):
    """The same numbers in another shape, (n, ...) as ``(n, *target_shape)``, the last axis running fastest.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of a sample; one length may be -1, which is what is left for it.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If a length is none, or more than one is -1; a model refuses a shape that does not have as many numbers.

    References
    ----------
    Keras 3's `keras.layers.Reshape`.

    Examples
    --------
    >>> Reshape((7, -1)).output_shape((28,))
    (7, 4)
    """

    computes: ClassVar[bool] = False

    target_shape: tuple[int, ...]

    def __init__(self, target_shape: int | Sequence[int], name: str | None = None) -> None:
        self._choose_name(name)
        given = target_shape if isinstance(target_shape, (tuple, list)) else [target_shape]
        lengths = tuple(
            -1 if length == -1 else whole_number("a length in target_shape", length)
            for length in given
        )
        if not lengths or lengths.count(-1) > 1:
            raise ArgumentError(
                f"target_shape is the shape of a sample, with one length of -1 at most, not {target_shape!r}"
            )
        choose(self, target_shape=lengths)

    def output_shape(self, shape: Shape) -> Shape:
        """The target, if it has as many numbers."""
        target, count = self.target_shape, _count(shape)
        known = prod(length for length in target if length != -1)
        if count is None:
            return tuple(None if length == -1 else length for length in target)
        if count % known or (-1 not in target and count != known):
            raise ArgumentError(
                f"Reshape to {target} does not fit samples of shape {shape}, {count} numbers"
            )
        return tuple(count // known if length == -1 else length for length in target)


def _count(shape: Shape) -> int | None:
    """The numbers in a sample, where that is known."""
    lengths = [length for length in shape if length is not None]
    return prod(lengths) if len(lengths) == len(shape) else None
