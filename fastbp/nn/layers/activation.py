"""An activation as a layer of its own, one of a user's functions too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.activations import HALVING, OF_ALL_OUTPUTS, activation_name, n_outputs_of
from fastbp.nn.custom import own_activation
from fastbp.nn.layers.layer import Layer, Shape
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector
from fastbp.specification import choose


@dataclass(frozen=True, init=False)
class Activation(Layer):
    """An activation as a layer of its own: ``outputs = activation(inputs)``, number by number, or row by row.

    `fastbp.activations` has all names, formulas and sources.

    Parameters
    ----------
    activation : str, or function of numba.njit
        One of `fastbp.nn.ACTIVATIONS`, with the numbers in its formula behind it if it has some, such as
        ``"threshold(0.5, 0.0)"``; or, with `derivative`, one of your own: ``activation(x)`` for a number x. It must
        raise nothing and use nothing but numbers.
    derivative : function of numba.njit, optional
        ``derivative(x)``, by the same x; `gradient_check` tells whether it is right.
    name : str, optional
        Shown in `summary`.
    activity_regularizer : str, Regularizer or None
        A penalty on the outputs: see `ActivityRegularization`.
    **numbers : float
        The numbers in the formula by their names, if they are not behind that of the activation.

    Attributes
    ----------
    activation : str
        The name, and the numbers in the formula. That of your own is its function's with a fingerprint, as model files
        keep it. They hold no code: to load one, make the same activation first.

    Raises
    ------
    ArgumentError
        If the functions are no compiled functions of one number, or the formula takes other numbers.

    Notes
    -----
    Another layer takes it as its activation, too: ``Dense(8, Activation(forward, derivative))``.

    References
    ----------
    Keras 3's `keras.layers.Activation`.

    Examples
    --------
    >>> Activation("swish").activation
    'silu'
    >>> Activation("threshold", threshold=0.5, default_value=0).activation
    'threshold(0.5, 0.0)'
    >>> import math, numba
    >>> @numba.njit
    ... def bell(x):
    ...     return math.exp(-x * x)
    >>> @numba.njit
    ... def slope(x):
    ...     return -2.0 * x * math.exp(-x * x)
    >>> Activation(bell, slope).activation.startswith("own-bell-")
    True
    """

    activation: str
    activity_regularizer: Regularizer | None

    def __init__(
        self,
        activation: str | Callable[[float], float],
        derivative: Callable[[float], float] | None = None,
        name: str | None = None,
        activity_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        **numbers: float,
    ) -> None:
        self._choose_name(name)
        if derivative is not None and numbers:
            raise ArgumentError(
                "an activation of your own takes no numbers: write them into its functions"
            )
        choose(
            self,
            activation=activation_name(activation, **numbers)
            if derivative is None
            else own_activation(activation, derivative),
            activity_regularizer=regularizer_of_vector("activity", activity_regularizer),
        )

    @property
    def key(self) -> str:
        """What another layer takes of it."""
        if self.activity_regularizer is not None:
            raise ArgumentError(
                "an Activation with an activity_regularizer is a layer of its own: put it behind the other, or give "
                "the regularizer to that"
            )
        return self.activation

    def width(self, n_inputs: int) -> int:
        """The number of outputs."""
        return n_outputs_of(self.activation, n_inputs)

    def output_shape(self, shape: Shape) -> Shape:
        """The same, or half of a row."""
        if self.activation in (*OF_ALL_OUTPUTS, *HALVING):
            return super().output_shape(shape)
        return shape
