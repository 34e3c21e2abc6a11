"""The layer that says the shape of a sample."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.layers.layer import Layer, Shape
from fastbp.specification import choose, whole_number


@dataclass(frozen=True, init=False)
class Input(Layer):
    """The shape of a sample of a model's input, ``(n_columns,)`` for instance; without it the first data say so.

    Samples of more than one axis, ``Input((28, 28))``, go through a `Flatten` before they come to a `Dense`; data may
    be (n, 28, 28), or (n, 784) as well.

    Parameters
    ----------
    shape : int or tuple of int
        The number of columns, or the lengths of all axes.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If a length is no whole number of at least 1, or there is none.

    References
    ----------
    Keras 3's `keras.layers.Input`.

    Examples
    --------
    >>> Input((784,)).n_columns, Input((28, 28)).n_columns
    (784, 784)
    """

    computes: ClassVar[bool] = False

    shape: tuple[int, ...]

    def __init__(self, shape: int | tuple[int, ...] | list[int], name: str | None = None) -> None:
        self._choose_name(name)
        lengths = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        if not lengths:
            raise ArgumentError(
                "the shape of an Input is that of one sample, such as (n_columns,), not ()"
            )
        what = "the number of input columns" if len(lengths) == 1 else "the length of an axis"
        choose(self, shape=tuple(whole_number(what, length) for length in lengths))

    @property
    def n_columns(self) -> int:
        """The numbers in a sample."""
        return prod(self.shape)

    def output_shape(self, shape: Shape) -> Shape:
        """Its own."""
        return self.shape
