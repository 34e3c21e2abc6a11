"""How weights start, and the table of all initializers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.initializer import Initializer, RandomInitializer
from fastbp.nn.scaled_initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from fastbp.specification import Family, choose, real_number


@dataclass(frozen=True)
class Zeros(Initializer):
    """All weights ``0``.

    References
    ----------
    Keras 3's `keras.initializers.Zeros`.
    """


@dataclass(frozen=True)
class Ones(Initializer):
    """All weights ``1``.

    References
    ----------
    Keras 3's `keras.initializers.Ones`.
    """


@dataclass(frozen=True)
class Constant(Initializer):
    """All weights ``value``.

    Parameters
    ----------
    value : float, default 0.0

    Raises
    ------
    ArgumentError
        If the value is not finite.

    References
    ----------
    Keras 3's `keras.initializers.Constant`.
    """

    value: float = 0.0

    def __post_init__(self) -> None:
        choose(self, value=real_number("value", self.value))


@dataclass(frozen=True, repr=False)
class RandomUniform(RandomInitializer):
    """Uniform, ``minval <= w < maxval``.

    Parameters
    ----------
    minval : float, default -0.05
    maxval : float, default 0.05
        At least `minval`.
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If a number is not finite or out of its range, or the seed is none.

    References
    ----------
    Keras 3's `keras.initializers.RandomUniform`.
    """

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            minval=real_number("minval", self.minval),
            maxval=real_number("maxval", self.maxval, minimum=self.minval),
        )


@dataclass(frozen=True, repr=False)
class RandomNormal(RandomInitializer):
    """Normally distributed, ``mean + stddev * z`` with z of mean 0 and variance 1.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, at least 0, default 0.05
        The standard deviation.
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If a number is not finite or out of its range, or the seed is none.

    References
    ----------
    Keras 3's `keras.initializers.RandomNormal`. How z is made: Box and Muller, "A note on the generation of random
    normal deviates", 1958.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            mean=real_number("mean", self.mean),
            stddev=real_number("stddev", self.stddev, minimum=0),
        )


@dataclass(frozen=True, repr=False)
class TruncatedNormal(RandomInitializer):
    """``mean + stddev * z`` with z normally distributed and drawn again where ``|z| > 2``.

    So the deviation of what is drawn is 0.88 times `stddev`.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, at least 0, default 0.05
        The standard deviation of what is not cut off.
    seed : int, optional
        By keyword: in place of the model's seed and the array's place in the model, as in Keras.

    Raises
    ------
    ArgumentError
        If a number is not finite or out of its range, or the seed is none.

    References
    ----------
    Keras 3's `keras.initializers.TruncatedNormal`.
    """

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            mean=real_number("mean", self.mean),
            stddev=real_number("stddev", self.stddev, minimum=0),
        )


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


INITIALIZERS: Family[Initializer] = Family(
    "initializer",
    Initializer,
    {
        "glorot_uniform": GlorotUniform,
        "glorot_normal": GlorotNormal,
        "he_uniform": HeUniform,
        "he_normal": HeNormal,
        "lecun_uniform": LecunUniform,
        "lecun_normal": LecunNormal,
        "normal": RandomNormal,
        "random_normal": RandomNormal,
        "uniform": RandomUniform,
        "random_uniform": RandomUniform,
        "truncated_normal": TruncatedNormal,
        "variance_scaling": VarianceScaling,
        "orthogonal": Orthogonal,
        "OrthogonalInitializer": Orthogonal,
        "identity": Identity,
        "IdentityInitializer": Identity,
        "nguyen_widrow": NguyenWidrow,
        "constant": Constant,
        "zeros": Zeros,
        "zero": Zeros,
        "ones": Ones,
        "one": Ones,
    },
)


#: Those that are matrices, which a bias is not.
OF_MATRICES = (Orthogonal, Identity)


def initializer_of_vector(name: str, wanted: str | Initializer | Mapping[str, Any]) -> Initializer:
    """The initializer of a vector with this name, such as a bias.

    Raises
    ------
    ArgumentError
        If it makes matrices.
    """
    chosen = INITIALIZERS.resolve(wanted)
    if isinstance(chosen, OF_MATRICES):
        raise ArgumentError(
            f"{name}_initializer cannot be {type(chosen).__name__}, which makes matrices: a {name} is a vector, "
            "as 'zeros' or 'random_normal' make it"
        )
    return chosen
