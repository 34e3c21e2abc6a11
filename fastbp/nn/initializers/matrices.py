"""Initializers of a layer's weights together: matrices, and a kernel with its bias."""

from dataclasses import dataclass

from fastbp.nn.initializers.initializer import Initializer, RandomInitializer
from fastbp.specification import choose, real_number


@dataclass(frozen=True, repr=False)
class Orthogonal(RandomInitializer):
    """A random matrix of orthogonal columns, ``W^T W = gain**2 I``, or rows, ``W W^T = gain**2 I``, if these are fewer.

    For kernels.

    Parameters
    ----------
    gain : float, default 1.0
        The length of each column, or row.
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If a number is not finite or out of its range, or the seed is none.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2014.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, gain=real_number("gain", self.gain))


@dataclass(frozen=True)
class Identity(Initializer):
    """``gain`` on the diagonal, 0 elsewhere; for kernels.

    Parameters
    ----------
    gain : float, default 1.0
        What inputs are passed on by.

    Raises
    ------
    ArgumentError
        If the gain is not finite.

    References
    ----------
    Keras 3's `keras.initializers.Identity`.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        choose(self, gain=real_number("gain", self.gain))


@dataclass(frozen=True, repr=False)
class NguyenWidrow(RandomInitializer):
    """Each unit's weights are a random direction of length ``0.7 * n_out**(1 / n_in)``; biases lie between +- that.

    So the units' active regions cover inputs in [-1, 1] evenly, for tanh-like activations. Use it for kernel and bias.

    Parameters
    ----------
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If the seed is no whole number from 0 to below 2**63.

    References
    ----------
    Nguyen and Widrow, "Improving the learning speed of 2-layer neural networks by choosing initial values of the
    adaptive weights", 1990. Not in Keras.
    """
