"""The layer of products, with the activation that is fused into them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastbp.nn.activations import activation_name, n_outputs_of
from fastbp.nn.constraints import Constraint, constraint_or_none
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.initializers.table import INITIALIZERS, initializer_of_vector
from fastbp.nn.layers.activation import Activation
from fastbp.nn.layers.layer import LayerWithWeights, Shape, Weight
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector, regularizer_or_none
from fastbp.specification import choose, truth_value, whole_number


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
        activation: str | Activation | None = "linear",
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
