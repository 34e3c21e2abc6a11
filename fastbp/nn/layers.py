"""The layers of a model, as specifications: what they are, not what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.activations import OF_ALL_OUTPUTS, activation_name
from fastbp.nn.initializers import INITIALIZERS, OF_MATRICES, Initializer
from fastbp.nn.layer import Layer, LayerWithWeights, Shape, Weight
from fastbp.nn.regularizers import REGULARIZERS, Regularizer
from fastbp.specification import choose, truth_value, whole_number

if TYPE_CHECKING:
    from fastbp.nn.custom import CustomActivation


@dataclass(frozen=True, init=False)
class Input(Layer):
    """The shape of a sample of a model's input; without it the first data say so.

    Samples of more than one axis, ``Input((28, 28))``, go through a `Flatten` before they come to a `Dense`; data may
    be (n, 28, 28), or (n, 784) as well.

    Parameters
    ----------
    shape : int or tuple of int
        The number of columns, or the lengths of all axes.
    name : str, optional
        Shown in `summary`.

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

    Parameters
    ----------
    units : int
        The number of outputs.
    activation : str or CustomActivation, default "linear"
        One of `fastbp.nn.ACTIVATIONS`, or your own.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        How the kernel, (n_in, units), starts.
    bias_initializer : str or Initializer, default "zeros"
        How the bias, (units,), starts.
    kernel_regularizer, bias_regularizer : str, Regularizer or None
        A penalty that is added to the loss.
    bias_trainable : bool, default True
        Whether training changes the bias.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes the layer at all.

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
    bias_trainable: bool

    def __init__(
        self,
        units: int,
        activation: "str | CustomActivation | None" = "linear",
        use_bias: bool = True,
        kernel_initializer: str | Initializer | Mapping[str, Any] = "glorot_uniform",
        bias_initializer: str | Initializer | Mapping[str, Any] = "zeros",
        kernel_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        bias_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        bias_trainable: bool = True,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._choose_name(name)
        bias_start = INITIALIZERS.resolve(bias_initializer)
        if isinstance(bias_start, OF_MATRICES):
            raise ArgumentError(
                f"bias_initializer cannot be {type(bias_start).__name__}, which makes matrices: a bias is a vector, "
                "as 'zeros' or 'random_normal' make it"
            )
        choose(
            self,
            units=whole_number("units", units),
            activation=activation_name(activation),
            use_bias=truth_value("use_bias", use_bias),
            kernel_initializer=INITIALIZERS.resolve(kernel_initializer),
            bias_initializer=bias_start,
            kernel_regularizer=_regularizer(kernel_regularizer),
            bias_regularizer=_regularizer(bias_regularizer),
            bias_trainable=truth_value("bias_trainable", bias_trainable),
            trainable=truth_value("trainable", trainable),
        )

    def width(self, n_inputs: int) -> int:
        """The number of outputs."""
        return self.units

    def output_shape(self, shape: Shape) -> Shape:
        """A row of the units."""
        self._row(shape)
        return (self.units,)

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """The kernel, and the bias if there is one."""
        kernel = Weight(
            "kernel",
            (n_inputs, self.units),
            self.kernel_initializer,
            self.trainable,
            n_inputs,
            self.kernel_regularizer,
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
        )
        return (kernel, bias)


@dataclass(frozen=True, init=False)
class Activation(Layer):
    """An activation as a layer of its own.

    Examples
    --------
    >>> Activation("swish")
    Activation(name=None, activation='silu')
    """

    activation: str

    def __init__(self, activation: "str | CustomActivation", name: str | None = None) -> None:
        self._choose_name(name)
        choose(self, activation=activation_name(activation))

    def output_shape(self, shape: Shape) -> Shape:
        """The same."""
        return self._row(shape) if self.activation in OF_ALL_OUTPUTS else shape


def _regularizer(wanted: str | Regularizer | Mapping[str, Any] | None) -> Regularizer | None:
    return None if wanted is None else REGULARIZERS.resolve(wanted)
