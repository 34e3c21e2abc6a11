"""How weights start: drawn by a counter, so that they depend on the seed and the layer alone."""

from dataclasses import dataclass
from math import prod, sqrt
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fastbp.specification import Family, Specification, choose, real_number

# The standard deviation of a standard normal distribution cut off at +-2.
_TRUNCATED_DEVIATION = 0.87962566103423978

# Keeps these draws apart from those of the batch order, which have the same kind of key.
_STREAM = 1


@dataclass(frozen=True)
class Initializer(Specification):
    """How the weights of one array are drawn."""


@dataclass(frozen=True)
class Zeros(Initializer):
    """All weights 0."""


@dataclass(frozen=True)
class Ones(Initializer):
    """All weights 1."""


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Uniform between `minval` and `maxval`."""

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        choose(
            self,
            minval=real_number("minval", self.minval),
            maxval=real_number("maxval", self.maxval, minimum=self.minval),
        )


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Normal with this mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        choose(
            self,
            mean=real_number("mean", self.mean),
            stddev=real_number("stddev", self.stddev, minimum=0),
        )


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Variance ``scale / fan``: uniform, or normal cut off at two standard deviations.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010;
    He et al., "Delving deep into rectifiers", 2015; LeCun et al., "Efficient backprop", 1998.
    """

    scale: ClassVar[float] = 1.0
    fan: ClassVar[Literal["in", "average"]] = "in"
    distribution: ClassVar[Literal["uniform", "normal"]] = "uniform"


@dataclass(frozen=True)
class GlorotUniform(VarianceScaling):
    """Uniform between ``+-sqrt(6 / (n_in + n_out))``."""

    fan = "average"


@dataclass(frozen=True)
class GlorotNormal(VarianceScaling):
    """Truncated normal of variance ``2 / (n_in + n_out)``."""

    fan = "average"
    distribution = "normal"


@dataclass(frozen=True)
class HeUniform(VarianceScaling):
    """Uniform between ``+-sqrt(6 / n_in)``."""

    scale = 2.0


@dataclass(frozen=True)
class HeNormal(VarianceScaling):
    """Truncated normal of variance ``2 / n_in``."""

    scale = 2.0
    distribution = "normal"


@dataclass(frozen=True)
class LecunUniform(VarianceScaling):
    """Uniform between ``+-sqrt(3 / n_in)``."""


@dataclass(frozen=True)
class LecunNormal(VarianceScaling):
    """Truncated normal of variance ``1 / n_in``."""

    distribution = "normal"


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
        "zeros": Zeros,
        "ones": Ones,
    },
)


def initialize(
    initializer: Initializer, shape: tuple[int, ...], seed: int, index: int
) -> NDArray[np.float64]:
    """Draw the weights of one array.

    Parameters
    ----------
    initializer : Initializer
        What to draw.
    shape : tuple of int
        ``(n_in, n_out)`` for a kernel, ``(n_out,)`` for a bias.
    seed : int
        The model's seed.
    index : int
        Which of the model's arrays this is.

    Returns
    -------
    ndarray of float64
        The same draw whenever seed, index, shape and initializer are the same.

    Examples
    --------
    >>> initialize(GlorotUniform(), (784, 10), seed=1, index=0).shape
    (784, 10)
    """
    count = prod(shape)
    if isinstance(initializer, Zeros):
        return np.zeros(shape)
    if isinstance(initializer, Ones):
        return np.ones(shape)
    draw = _Draw(seed, index)
    if isinstance(initializer, RandomUniform):
        width = initializer.maxval - initializer.minval
        flat = initializer.minval + width * draw.uniform(count)
    elif isinstance(initializer, RandomNormal):
        flat = initializer.mean + initializer.stddev * draw.normal(count)
    elif isinstance(initializer, VarianceScaling):
        n_in, n_out = shape[0], shape[-1]
        variance = initializer.scale / (n_in if initializer.fan == "in" else (n_in + n_out) / 2)
        if initializer.distribution == "uniform":
            flat = sqrt(3 * variance) * (2 * draw.uniform(count) - 1)
        else:
            flat = sqrt(variance) / _TRUNCATED_DEVIATION * draw.truncated_normal(count)
    else:
        raise NotImplementedError(type(initializer).__name__)
    return flat.reshape(shape)


class _Draw:
    """Numbers from Philox's raw words: NumPy promises those for ever, unlike its Generator's numbers."""

    def __init__(self, seed: int, index: int) -> None:
        key = np.array([seed, index], dtype=np.uint64)
        self._words = np.random.Philox(key=key, counter=np.array([0, 0, 0, _STREAM], np.uint64))

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Uniform in [0, 1)."""
        words: NDArray[np.uint64] = self._words.random_raw(count)
        return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, count: int) -> NDArray[np.float64]:
        """Standard normal, by Box and Muller."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(count)))
        normal: NDArray[np.float64] = radius * np.cos(2 * np.pi * self.uniform(count))
        return normal

    def truncated_normal(self, count: int) -> NDArray[np.float64]:
        """Standard normal; what lies outside of +-2 is drawn again."""
        numbers = self.normal(count)
        while True:
            outside = np.flatnonzero(np.abs(numbers) > 2)
            if not len(outside):
                return numbers
            numbers[outside] = self.normal(len(outside))
