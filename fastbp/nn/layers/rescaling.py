"""The layer that brings numbers into another range."""

from dataclasses import dataclass
from typing import ClassVar

from fastbp.errors import ArgumentError
from fastbp.nn.layers.layer import Layer
from fastbp.specification import choose, real_number


@dataclass(frozen=True, init=False)
class Rescaling(Layer):
    """``inputs * scale + offset``; before all layers that compute.

    It is applied while the rows of a batch are gathered, so it costs nothing.

    Parameters
    ----------
    scale : float
        ``1 / 255`` brings bytes to [0, 1]; not 0.
    offset : float, default 0
        In units of the outputs.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If a number is not finite, or the scale is 0.

    References
    ----------
    Keras 3's `keras.layers.Rescaling`.

    Examples
    --------
    >>> Rescaling(1 / 127.5, offset=-1)
    Rescaling(name=None, scale=0.00784313725490196, offset=-1.0)
    """

    computes: ClassVar[bool] = False
    keeps_shape: ClassVar[bool] = True

    scale: float
    offset: float

    def __init__(self, scale: float, offset: float = 0.0, name: str | None = None) -> None:
        self._choose_name(name)
        choose(self, scale=real_number("scale", scale), offset=real_number("offset", offset))
        if self.scale == 0:
            raise ArgumentError("scale must not be 0: nothing would be left of the inputs")
