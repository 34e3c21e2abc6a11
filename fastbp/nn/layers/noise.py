"""Layers that make noise in training, and let everything pass otherwise."""

from dataclasses import dataclass
from typing import ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.layers.layer import Layer
from fastbp.specification import choose, real_number, whole_number


@dataclass(frozen=True, init=False)
class Noise(Layer):
    """What they share: the numbers are functions of a seed, the layer's place, the update, the sample's place in the
    batch and the feature, so that they depend neither on threads nor on what was drawn before.
    """

    keeps_shape: ClassVar[bool] = True

    seed: int | None

    def _choose(self, name: str | None, seed: int | None) -> None:
        self._choose_name(name)
        if seed is not None and whole_number("seed", seed, minimum=0) >= 1 << 63:
            raise ArgumentError(f"seed must be below 2**63, not {seed}")
        choose(self, seed=None if seed is None else int(seed))

    @property
    def strength(self) -> float:
        """What it was given, a rate or a deviation; at 0 nothing happens."""
        raise NotImplementedError


@dataclass(frozen=True, init=False)
class NoiseByRate(Noise):
    """The layers whose strength is a rate."""

    rate: float

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None) -> None:
        self._choose(name, seed)
        choose(self, rate=real_number("rate", rate, minimum=0, below=1))

    @property
    def strength(self) -> float:
        """The rate."""
        return self.rate


@dataclass(frozen=True, init=False)
class NoiseThatDrops(NoiseByRate):
    """The layers for which Keras has a noise_shape."""

    def __init__(
        self,
        rate: float,
        noise_shape: None = None,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        _refuse_shape(noise_shape)
        super().__init__(rate, seed, name)


@dataclass(frozen=True, init=False)
class Dropout(NoiseThatDrops):
    """In training, outputs are 0 with probability `rate`, else ``inputs / (1 - rate)``.

    Parameters
    ----------
    rate : float in [0, 1)
        The share that is dropped. At 0 the layer takes no time.
    noise_shape : None
        Taken for Keras's sake: each number is dropped for itself.
    seed : int, optional
        Instead of the model's.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the rate is not one, or there is a noise_shape.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent neural networks from
    overfitting", 2014.

    Examples
    --------
    >>> Dropout(0.2)
    Dropout(name=None, seed=None, rate=0.2)
    """


@dataclass(frozen=True, init=False)
class AlphaDropout(NoiseThatDrops):
    """In training, numbers are dropped to selu's lower end, and all brought to the mean and variance from before.

    Outputs are ``a * x + b`` with x = -1.7581 with probability `rate`, else the input. Of inputs of mean 0 and
    variance 1, as ``Dense(units, "selu", kernel_initializer="lecun_normal")`` gives them, they keep both:
    ``a = ((1 - rate) * (1 + rate * 1.7581**2)) ** -0.5``, ``b = 1.7581 * a * rate``.

    Parameters
    ----------
    rate : float in [0, 1)
    noise_shape : None
        Taken for Keras's sake: each number is dropped for itself.
    seed : int, optional
        Instead of the model's.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the rate is not one, or there is a noise_shape.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", 2017.
    """


@dataclass(frozen=True, init=False)
class GaussianDropout(NoiseByRate):
    """In training, ``inputs * (1 + sqrt(rate / (1 - rate)) * z)`` with z normally distributed: mean 0, variance 1.

    Mean and variance of the factor are those of `Dropout`.

    Parameters
    ----------
    rate : float in [0, 1)
    seed : int, optional
        Instead of the model's.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the rate is not one.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent neural networks from
    overfitting", 2014, section 10.
    """


@dataclass(frozen=True, init=False)
class GaussianNoise(Noise):
    """In training, ``inputs + stddev * z`` with z normally distributed: mean 0, variance 1.

    Parameters
    ----------
    stddev : float of at least 0
    seed : int, optional
        Instead of the model's.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the deviation is negative or not finite.

    References
    ----------
    Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995; Keras 3's
    `keras.layers.GaussianNoise`.

    Examples
    --------
    >>> GaussianNoise(0.1, seed=7)
    GaussianNoise(name=None, seed=7, stddev=0.1)
    """

    stddev: float

    def __init__(self, stddev: float, seed: int | None = None, name: str | None = None) -> None:
        self._choose(name, seed)
        choose(self, stddev=real_number("stddev", stddev, minimum=0))

    @property
    def strength(self) -> float:
        """The deviation."""
        return self.stddev


def _refuse_shape(noise_shape: object) -> None:
    if noise_shape is not None:
        raise ArgumentError(
            f"noise_shape must be None, not {noise_shape!r}: each number is dropped for itself"
        )
