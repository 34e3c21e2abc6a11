"""The learning rate of a model that trains, read and changed."""

from dataclasses import replace
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.optimizers import Rprop


def learning_rate(model: Any) -> float:
    """What the optimizer has.

    Raises
    ------
    ArgumentError
        If it has none of its own but follows a schedule, or goes by none after its first step.
    """
    if isinstance(model.optimizer, Rprop):
        raise ArgumentError(
            "the learning rate of Rprop is the first step of its weights, which find their own sizes from then on, so "
            "that a callback cannot change it: leave the callback away, or compile the model with another optimizer"
        )
    rate = model.optimizer.learning_rate
    if not isinstance(rate, (int, float)):
        raise ArgumentError(
            f"the learning rate follows a schedule, {rate!r}, so that a callback cannot change it; "
            "compile the model with a number"
        )
    return float(rate)


def set_learning_rate(model: Any, rate: float) -> None:
    """Go on with another one; what the optimizer has gathered stays."""
    if rate != learning_rate(model):
        model.optimizer = replace(model.optimizer, learning_rate=rate)
