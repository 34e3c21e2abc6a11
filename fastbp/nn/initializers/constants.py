"""Initializers that draw nothing: weights that are all alike."""

from dataclasses import dataclass

from fastbp.nn.initializers.initializer import Initializer
from fastbp.specification import choose, real_number


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
