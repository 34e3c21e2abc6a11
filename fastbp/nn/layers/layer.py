"""What every layer says of itself: its outputs, and its arrays of weights."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

from fastbp.errors import ArgumentError
from fastbp.nn.constraints import Constraint
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.regularizers import Regularizer
from fastbp.specification import Specification, check_name, choose, truth_value

#: Of a sample; None is a length that only the data tell.
Shape = tuple[int | None, ...]


class Weight(NamedTuple):
    """One array of a layer.

    Attributes
    ----------
    name : str
        "kernel" or the like.
    shape : tuple of int
    initializer : Initializer
        How it starts.
    trained : bool
        Whether training changes it by its gradient.
    n_inputs : int
        The layer's inputs, for the initializer.
    regularizer : Regularizer or None
        A penalty on it that is added to the loss.
    constraint : Constraint or None
        What holds of it after an update.
    path : str
        The name of its layer, and its own; empty where the layer has no name yet.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    trained: bool
    n_inputs: int
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None
    path: str = ""


@dataclass(frozen=True)
class Layer(Specification):
    """One layer of a model.

    Parameters
    ----------
    name : str or None
        Shown in `summary`; None means its kind, and a number where there are several.
    """

    #: Whether it is an operation of the network; what else there is prepares its inputs, or says how they are shaped.
    computes: ClassVar[bool] = True
    #: Whether it takes samples of any shape, and its outputs have the same; else it takes rows of numbers.
    keeps_shape: ClassVar[bool] = False

    name: str | None

    def _choose_name(self, name: str | None) -> None:
        check_name(name)
        choose(self, name=name)

    def with_name(self, name: str) -> Self:
        """The same layer by this name."""
        other = copy(self)
        choose(other, name=name)
        return other

    def width(self, n_inputs: int) -> int:
        """The number of outputs, of all axes together."""
        return n_inputs

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of a sample's outputs.

        Raises
        ------
        ArgumentError
            If the layer takes no samples of this shape.
        """
        if self.keeps_shape:
            return shape
        (width,) = self._row(shape)
        return (None if width is None else self.width(width),)

    def _row(self, shape: Shape) -> Shape:
        """The shape, if it is that of a row of numbers."""
        if len(shape) != 1:
            raise ArgumentError(
                f"{type(self).__name__} takes rows of numbers, not samples of shape {shape}: "
                "put a Flatten() between"
            )
        return shape

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """Its arrays, in Keras's order."""
        return ()


@dataclass(frozen=True)
class LayerWithWeights(Layer):
    """A layer that learns, unless it is told not to."""

    trainable: bool

    def _remedy(self, name: str, value: object) -> str:
        if name != "trainable":
            return super()._remedy(name, value)
        layer = self.name or "its name in summary()"
        return f'use model.set_trainable({value!r}, ["{layer}"]) and compile the model again'

    def _without(self, switch: str, array: str, settings: Mapping[str, object]) -> None:
        """Refuse settings of an array that `switch` leaves away"""
        given = [name for name, value in settings.items() if value not in (None, Regularizer())]
        if given:
            raise ArgumentError(
                f"{type(self).__name__} has {switch}=False and so no {array}, which {' and '.join(given)} would be "
                f"for: leave {switch}=False away, or {'them' if len(given) > 1 else 'it'}"
            )

    def with_trainable(self, trainable: bool) -> Self:
        """The same layer, changed by training or not."""
        other = copy(self)
        choose(other, trainable=truth_value("trainable", trainable))
        return other
