"""The activations, where Keras has them; each is its name: ``Dense(8, activations.relu)``."""

from fastbp import nn
from fastbp.errors import UnknownNameError


def __getattr__(name: str) -> str:
    try:
        return nn.activation_name(name)
    except UnknownNameError as error:
        raise AttributeError(str(error)) from None


def __dir__() -> list[str]:
    return sorted(nn.ACTIVATIONS)
