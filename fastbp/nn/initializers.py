"""How weights start: drawn by a counter, so that they depend on the seed and the layer alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import prod, sqrt
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.specification import Family, Specification, choose, one_of, real_number, whole_number

# The standard deviation of a standard normal distribution cut off at +-2.
_TRUNCATED_DEVIATION = 0.87962566103423978

# Keeps these draws apart from those of the batch order, which have the same kind of key.
_STREAM = 1


@dataclass(frozen=True)
class Initializer(Specification):
    """How the weights of one array are drawn."""


@dataclass(frozen=True, repr=False)
class RandomInitializer(Initializer):
    """One that draws numbers: by the model's seed and the array's place in it, or by a seed of its own.

    Parameters
    ----------
    seed : int, optional
        By keyword. Two arrays of the same shape whose initializers have the same seed start alike, as in Keras.
    """

    seed: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.seed is None:
            return
        seed = whole_number("seed", self.seed, minimum=0)
        if seed >= 1 << 63:
            raise ArgumentError(f"seed must be below 2**63, not {seed}")
        choose(self, seed=seed)

    def __repr__(self) -> str:
        """The settings, and the seed if it has one."""
        settings = {each.name: getattr(self, each.name) for each in fields(self)}
        seed = settings.pop("seed")
        if seed is not None:
            settings["seed"] = seed
        text = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"{type(self).__name__}({text})"


@dataclass(frozen=True)
class Zeros(Initializer):
    """All weights 0."""


@dataclass(frozen=True)
class Ones(Initializer):
    """All weights 1."""


@dataclass(frozen=True)
class Constant(Initializer):
    """All weights `value`."""

    value: float = 0.0

    def __post_init__(self) -> None:
        choose(self, value=real_number("value", self.value))


@dataclass(frozen=True, repr=False)
class RandomUniform(RandomInitializer):
    """Uniform between `minval` and `maxval`."""

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
    """Normal with this mean and standard deviation."""

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
    """Normal with this mean and standard deviation; what lies more than two of these from the mean is drawn again."""

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
class VarianceScaling(RandomInitializer):
    """Variance ``scale / n``, with n the inputs, the outputs or the mean of both.

    Parameters
    ----------
    scale : float, default 1.0
        Above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        What n is.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
        The truncated one is cut off at two standard deviations, and made so much wider before.

    Examples
    --------
    >>> VarianceScaling(2.0, "fan_avg", "uniform")
    VarianceScaling(scale=2.0, mode='fan_avg', distribution='uniform')
    """

    scale: float = 1.0
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            scale=real_number("scale", self.scale, above=0),
            mode=one_of("mode", self.mode, ("fan_in", "fan_out", "fan_avg")),
            distribution=one_of(
                "distribution",
                self.distribution,
                ("truncated_normal", "untruncated_normal", "uniform"),
            ),
        )


class _Scaled(RandomInitializer):
    """A `VarianceScaling` that has a name"""

    scaling: ClassVar[VarianceScaling]


@dataclass(frozen=True, repr=False)
class GlorotUniform(_Scaled):
    """Uniform between ``+-sqrt(6 / (n_in + n_out))``.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """

    scaling = VarianceScaling(1.0, "fan_avg", "uniform")


@dataclass(frozen=True, repr=False)
class GlorotNormal(_Scaled):
    """Truncated normal of variance ``2 / (n_in + n_out)``."""

    scaling = VarianceScaling(1.0, "fan_avg", "truncated_normal")


@dataclass(frozen=True, repr=False)
class HeUniform(_Scaled):
    """Uniform between ``+-sqrt(6 / n_in)``.

    References
    ----------
    He et al., "Delving deep into rectifiers", 2015.
    """

    scaling = VarianceScaling(2.0, "fan_in", "uniform")


@dataclass(frozen=True, repr=False)
class HeNormal(_Scaled):
    """Truncated normal of variance ``2 / n_in``."""

    scaling = VarianceScaling(2.0, "fan_in", "truncated_normal")


@dataclass(frozen=True, repr=False)
class LecunUniform(_Scaled):
    """Uniform between ``+-sqrt(3 / n_in)``.

    References
    ----------
    LeCun et al., "Efficient backprop", 1998.
    """

    scaling = VarianceScaling(1.0, "fan_in", "uniform")


@dataclass(frozen=True, repr=False)
class LecunNormal(_Scaled):
    """Truncated normal of variance ``1 / n_in``."""

    scaling = VarianceScaling(1.0, "fan_in", "truncated_normal")


@dataclass(frozen=True, repr=False)
class Orthogonal(RandomInitializer):
    """A random matrix whose columns (or rows, if these are fewer) are orthogonal and of length `gain`; for kernels.

    Parameters
    ----------
    gain : float, default 1.0

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
    """`gain` on the diagonal, 0 elsewhere; for kernels.

    Parameters
    ----------
    gain : float, default 1.0
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        choose(self, gain=real_number("gain", self.gain))


@dataclass(frozen=True, repr=False)
class NguyenWidrow(RandomInitializer):
    """Each unit's weights are a random direction of length ``0.7 * n_out**(1 / n_in)``; biases lie between +- that.

    So the units' active regions cover inputs in [-1, 1] evenly, for tanh-like activations. Use it for kernel and bias.

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


def initialize(
    initializer: Initializer,
    shape: tuple[int, ...],
    seed: int,
    index: int,
    n_inputs: int | None = None,
) -> NDArray[np.float64]:
    """Draw the weights of one array.

    Parameters
    ----------
    initializer : Initializer
        What to draw.
    shape : tuple of int
        ``(n_in, n_out)`` for a kernel, ``(n_out,)`` for a bias.
    seed : int
        The model's seed; an initializer with a seed of its own goes by that alone.
    index : int
        Which of the model's arrays this is.
    n_inputs : int, optional
        The layer's inputs, which the shape of a bias does not tell; None means the first of the shape.

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
    if isinstance(initializer, Constant):
        return np.full(shape, initializer.value)
    if isinstance(initializer, Identity):
        return initializer.gain * np.eye(shape[0], shape[-1])
    own = initializer.seed if isinstance(initializer, RandomInitializer) else None
    draw = _Draw(seed, index) if own is None else _Draw(own, 0)
    if isinstance(initializer, Orthogonal):
        return initializer.gain * _orthogonal(draw.normal(count), *shape)
    if isinstance(initializer, NguyenWidrow):
        return _nguyen_widrow(draw.uniform(count), shape, n_inputs or shape[0])
    if isinstance(initializer, RandomUniform):
        width = initializer.maxval - initializer.minval
        flat = initializer.minval + width * draw.uniform(count)
    elif isinstance(initializer, RandomNormal):
        flat = initializer.mean + initializer.stddev * draw.normal(count)
    elif isinstance(initializer, TruncatedNormal):
        flat = initializer.mean + initializer.stddev * draw.truncated_normal(count)
    elif isinstance(initializer, (VarianceScaling, _Scaled)):
        scaling = initializer if isinstance(initializer, VarianceScaling) else initializer.scaling
        flat = _scaled(scaling, shape, draw)
    else:
        raise NotImplementedError(type(initializer).__name__)
    return flat.reshape(shape)


def _scaled(scaling: VarianceScaling, shape: tuple[int, ...], draw: "_Draw") -> NDArray[np.float64]:
    count, n_in, n_out = prod(shape), shape[0], shape[-1]
    fans = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}
    variance = scaling.scale / fans[scaling.mode]
    if scaling.distribution == "uniform":
        numbers = draw.uniform(count)
        numbers *= 2
        numbers -= 1
        numbers *= sqrt(3 * variance)
        return numbers
    if scaling.distribution == "untruncated_normal":
        return sqrt(variance) * draw.normal(count)
    return sqrt(variance) / _TRUNCATED_DEVIATION * draw.truncated_normal(count)


def _orthogonal(numbers: NDArray[np.float64], n_in: int, n_out: int) -> NDArray[np.float64]:
    """Q of the decomposition Q R, the signs such that each Q is as likely as any other"""
    q, r = np.linalg.qr(numbers.reshape(max(n_in, n_out), -1))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    matrix: NDArray[np.float64] = q if n_in >= n_out else q.T
    return np.ascontiguousarray(matrix)


def _nguyen_widrow(
    uniform: NDArray[np.float64], shape: tuple[int, ...], n_in: int
) -> NDArray[np.float64]:
    length: float = 0.7 * shape[-1] ** (1.0 / n_in)
    numbers = (2.0 * uniform - 1.0).reshape(shape)
    if len(shape) == 1:
        return length * numbers
    kernel: NDArray[np.float64] = length * numbers / np.linalg.norm(numbers, axis=0)
    return kernel


class _Draw:
    """Numbers from Philox's raw words: NumPy promises those for ever, unlike its Generator's numbers."""

    def __init__(self, seed: int, index: int) -> None:
        key = np.array([seed, index], dtype=np.uint64)
        self._words = np.random.Philox(key=key, counter=np.array([0, 0, 0, _STREAM], np.uint64))

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Uniform in [0, 1)."""
        words: NDArray[np.uint64] = self._words.random_raw(count)
        # In place: large layers should not take more room while they are made than while they are trained.
        words >>= np.uint64(11)
        numbers = words.astype(np.float64)
        numbers *= 2.0**-53
        return numbers

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
