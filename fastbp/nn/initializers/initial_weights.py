"""Initial weights: drawn by a counter, so that they depend on the seed and the layer alone."""

from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from fastbp.nn.initializers.constants import Constant, Ones, Zeros
from fastbp.nn.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from fastbp.nn.initializers.initializer import Initializer, RandomInitializer
from fastbp.nn.initializers.matrices import Identity, NguyenWidrow, Orthogonal
from fastbp.nn.initializers.scaled import Scaled, VarianceScaling

# The standard deviation of a standard normal distribution cut off at +-2.
_TRUNCATED_DEVIATION = 0.87962566103423978

# Keeps these draws apart from those of the batch order, which have the same kind of key.
_STREAM = 1


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
    >>> from fastbp.nn import GlorotUniform
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
    elif isinstance(initializer, (VarianceScaling, Scaled)):
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
