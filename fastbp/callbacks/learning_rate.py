"""The learning rate of a model that trains, read and changed."""

from dataclasses import replace
from typing import Any

from fastbp.errors import ArgumentError


def learning_rate(model: Any) -> float:
    """What the optimizer has.

    Raises
    ------
    ArgumentError
        If it has none of its own but follows a schedule.
    """
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
