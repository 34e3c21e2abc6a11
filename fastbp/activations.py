"""The activations, where Keras has them; each is its name: ``Dense(8, activations.relu)``.

One with numbers in its formula is made of these: ``activations.threshold(threshold=0.5, default_value=0.0)``.
"""

from functools import partial
from typing import Any

from fastbp import nn
from fastbp.errors import ArgumentError, UnknownNameError


def __getattr__(name: str) -> Any:
    try:
        return nn.activation_name(name)
    except UnknownNameError as error:
        raise AttributeError(str(error)) from None
    except ArgumentError:
        return partial(nn.activation_name, name)


def __dir__() -> list[str]:
    return sorted(nn.ACTIVATIONS)
