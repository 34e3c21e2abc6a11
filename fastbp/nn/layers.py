"""The layers of a model, as specifications: what they are, not what they hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.activations import HALVING, OF_ALL_OUTPUTS, activation_name, n_outputs_of
from fastbp.nn.constraints import Constraint, constraint_or_none
from fastbp.nn.custom import own_activation
from fastbp.nn.initializer import Initializer
from fastbp.nn.initializers import INITIALIZERS, initializer_of_vector
from fastbp.nn.layer import Layer, LayerWithWeights, Shape, Weight
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector, regularizer_or_none
from fastbp.specification import choose, truth_value, whole_number


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


@dataclass(frozen=True, init=False)
class Dense(LayerWithWeights):
    """``activation(inputs @ kernel + bias)``.

    Inputs are (n, n_in), the kernel (n_in, units), the bias (units,), outputs (n, units).

    Parameters
    ----------
    units : int
        The number of outputs; of those of `glu` there are half as many, and it must be even.
    activation : str or Activation, default "linear"
        One of `fastbp.nn.ACTIVATIONS`, or your own: what an `Activation` takes, or is.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        How the kernel, (n_in, units), starts.
    bias_initializer : str or Initializer, default "zeros"
        How the bias, (units,), starts.
    kernel_regularizer, bias_regularizer : str, Regularizer or None
        A penalty that is added to the loss.
    activity_regularizer : str, Regularizer or None
        A penalty on the outputs: see `ActivityRegularization`.
    kernel_constraint, bias_constraint : str, Constraint or None
        What the array is brought back to after each update: see `fastbp.constraints`.
    bias_trainable : bool, default True
        Whether training changes the bias.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes the layer at all.

    Raises
    ------
    ArgumentError
        If `units` is no whole number of at least 1, there is no such activation, initializer, regularizer or
        constraint, or one is for a bias that is not there.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986; Keras 3's
    `keras.layers.Dense`.

    Examples
    --------
    >>> Dense(128, activation="relu").kernel_initializer
    GlorotUniform()
    """

    units: int
    activation: str
    use_bias: bool
    kernel_initializer: Initializer
    bias_initializer: Initializer
    kernel_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    activity_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    bias_constraint: Constraint | None
    bias_trainable: bool

    def __init__(
        self,
        units: int,
        activation: "str | Activation | None" = "linear",
        use_bias: bool = True,
        kernel_initializer: str | Initializer | Mapping[str, Any] = "glorot_uniform",
        bias_initializer: str | Initializer | Mapping[str, Any] = "zeros",
        kernel_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        bias_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        activity_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        kernel_constraint: str | Constraint | Mapping[str, Any] | None = None,
        bias_constraint: str | Constraint | Mapping[str, Any] | None = None,
        bias_trainable: bool = True,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._choose_name(name)
        choose(
            self,
            units=whole_number("units", units),
            activation=activation_name(activation),
            use_bias=truth_value("use_bias", use_bias),
            kernel_initializer=INITIALIZERS.resolve(kernel_initializer),
            bias_initializer=initializer_of_vector("bias", bias_initializer),
            kernel_regularizer=regularizer_or_none(kernel_regularizer),
            bias_regularizer=regularizer_of_vector("bias", bias_regularizer),
            activity_regularizer=regularizer_of_vector("activity", activity_regularizer),
            kernel_constraint=constraint_or_none("kernel_constraint", kernel_constraint, 2),
            bias_constraint=constraint_or_none("bias_constraint", bias_constraint, 1),
            bias_trainable=truth_value("bias_trainable", bias_trainable),
            trainable=truth_value("trainable", trainable),
        )
        n_outputs_of(self.activation, self.units)
        if not self.use_bias:
            self._without(
                "use_bias",
                "bias",
                {
                    "bias_regularizer": self.bias_regularizer,
                    "bias_constraint": self.bias_constraint,
                },
            )

    def width(self, n_inputs: int) -> int:
        """The number of outputs."""
        return n_outputs_of(self.activation, self.units)

    def output_shape(self, shape: Shape) -> Shape:
        """A row of the outputs, however many inputs there are."""
        self._row(shape)
        return (self.width(0),)

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """The kernel, and the bias if there is one."""
        kernel = Weight(
            "kernel",
            (n_inputs, self.units),
            self.kernel_initializer,
            self.trainable,
            n_inputs,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        if not self.use_bias:
            return (kernel,)
        bias = Weight(
            "bias",
            (self.units,),
            self.bias_initializer,
            self.trainable and self.bias_trainable,
            n_inputs,
            self.bias_regularizer,
            self.bias_constraint,
        )
        return (kernel, bias)


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
    >>> Dense(8, Activation(bell, slope)).activation.startswith("own-bell-")
    True
    """

    activation: str
    activity_regularizer: Regularizer | None

    def __init__(
        self,
        activation: "str | Callable[[float], float]",
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
