"""Activations that are layers by a name of their own, with the numbers in their formulas by Keras's names."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.nn.activations import activation_name
from fastbp.nn.layers.layer import Layer, Shape
from fastbp.specification import choose, last_axis, real_number


@dataclass(frozen=True, init=False)
class NamedActivation(Layer):
    """What they share: all is said by an activation, which a Dense below takes in where its formula has no numbers."""

    @property
    def activation(self) -> str:
        """Its name, and the numbers in its formula."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """What another layer takes of it."""
        return self.activation

    def output_shape(self, shape: Shape) -> Shape:
        """The same."""
        return shape


@dataclass(frozen=True, init=False)
class ReLU(NamedActivation):
    """``min(x, max_value)`` where ``x > threshold``, ``negative_slope * (x - threshold)`` elsewhere.

    Parameters
    ----------
    max_value : float of at least 0, optional
        None means that there is no largest output.
    negative_slope : float of at least 0, default 0.0
    threshold : float of at least 0, default 0.0
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If a number is negative or not finite.

    References
    ----------
    Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010; Keras 3's
    `keras.layers.ReLU`.

    Examples
    --------
    >>> ReLU().activation, ReLU(max_value=6).activation, ReLU(1.0, 0.1).activation
    ('relu', 'relu6', 'relu(0.1, 1.0, 0.0)')
    """

    max_value: float | None
    negative_slope: float
    threshold: float

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        name: str | None = None,
    ) -> None:
        self._choose_name(name)
        choose(
            self,
            max_value=None if max_value is None else real_number("max_value", max_value, minimum=0),
            negative_slope=real_number("negative_slope", negative_slope, minimum=0),
            threshold=real_number("threshold", threshold, minimum=0),
        )

    @property
    def activation(self) -> str:
        """ "relu", with numbers where they are not the usual ones."""
        most = {} if self.max_value is None else {"max_value": self.max_value}
        return activation_name(
            "relu", negative_slope=self.negative_slope, threshold=self.threshold, **most
        )


@dataclass(frozen=True, init=False)
class LeakyReLU(NamedActivation):
    """``x`` where it is positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float of at least 0, default 0.3
        The activation "leaky_relu" has 0.2.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the slope is negative or not finite.

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013; Keras 3's
    `keras.layers.LeakyReLU`.

    Examples
    --------
    >>> LeakyReLU().activation
    'leaky_relu(0.3)'
    """

    negative_slope: float

    def __init__(self, negative_slope: float = 0.3, name: str | None = None) -> None:
        self._choose_name(name)
        choose(self, negative_slope=real_number("negative_slope", negative_slope, minimum=0))

    @property
    def activation(self) -> str:
        """ "leaky_relu", with the slope where it is not the usual one."""
        return activation_name("leaky_relu", negative_slope=self.negative_slope)


@dataclass(frozen=True, init=False)
class ELU(NamedActivation):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float, default 1.0
        Minus the limit far below 0.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If alpha is not finite.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units (ELUs)",
    2016; Keras 3's `keras.layers.ELU`.

    Examples
    --------
    >>> ELU().activation, ELU(0.5).activation
    ('elu', 'elu(0.5)')
    """

    alpha: float

    def __init__(self, alpha: float = 1.0, name: str | None = None) -> None:
        self._choose_name(name)
        choose(self, alpha=real_number("alpha", alpha))

    @property
    def activation(self) -> str:
        """ "elu", with alpha where it is not the usual one."""
        return activation_name("elu", alpha=self.alpha)


@dataclass(frozen=True, init=False)
class Softmax(NamedActivation):
    """``exp(x) / sum(exp(x))``, of all outputs of a sample: shares of 1; not of one output alone.

    Parameters
    ----------
    axis : int, default -1
        That of the features; there is no other.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the axis is another one.

    References
    ----------
    Bridle, "Probabilistic interpretation of feedforward classification network outputs, with relationships to
    statistical pattern recognition", 1990; Keras 3's `keras.layers.Softmax`.

    Examples
    --------
    >>> Softmax().activation
    'softmax'
    """

    axis: int

    def __init__(self, axis: int | Sequence[int] = -1, name: str | None = None) -> None:
        self._choose_name(name)
        choose(self, axis=last_axis(axis))

    @property
    def activation(self) -> str:
        """ "softmax"."""
        return "softmax"

    def output_shape(self, shape: Shape) -> Shape:
        """The same row."""
        return self._row(shape)
