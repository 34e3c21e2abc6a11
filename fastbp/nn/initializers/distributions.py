"""Initializers that draw each weight from one distribution, whatever the shape."""

from dataclasses import dataclass

from fastbp.nn.initializers.initializer import RandomInitializer
from fastbp.specification import choose, real_number


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
