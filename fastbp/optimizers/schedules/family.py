"""All schedules by name, and what may stand for a learning rate."""

import inspect
from collections.abc import Callable, Mapping

from fastbp.errors import ArgumentError
from fastbp.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from fastbp.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from fastbp.optimizers.schedules.one_cycle import OneCycle
from fastbp.optimizers.schedules.schedule import FunctionSchedule, LearningRateSchedule
from fastbp.specification import Family, real_number

SCHEDULES: Family[LearningRateSchedule] = Family(
    "learning-rate schedule",
    LearningRateSchedule,
    {
        "exponential_decay": ExponentialDecay,
        "inverse_time_decay": InverseTimeDecay,
        "polynomial_decay": PolynomialDecay,
        "piecewise_constant_decay": PiecewiseConstantDecay,
        "cosine_decay": CosineDecay,
        "cosine_decay_restarts": CosineDecayRestarts,
        "one_cycle": OneCycle,
    },
)


def as_learning_rate(given: object) -> float | LearningRateSchedule:
    """Return the number or schedule that is meant: a number, a schedule, its plain form, or a function of the step.

    Parameters
    ----------
    given : float, LearningRateSchedule, mapping or callable

    Raises
    ------
    ArgumentError
        If it is none of these, or a number below 0.

    Examples
    --------
    >>> as_learning_rate(1), as_learning_rate(OneCycle(0.1, 100)).total_steps
    (1.0, 100)
    """
    if isinstance(given, LearningRateSchedule):
        return given
    if isinstance(given, Mapping):
        return SCHEDULES.from_config(given)
    if isinstance(given, type):
        raise ArgumentError(
            f"learning_rate must be a number or a schedule, not a class: {given.__name__}(...)"
        )
    if callable(given):
        if _takes_nothing(given):
            raise ArgumentError(
                "learning_rate is a function without arguments, but the rates of many updates are asked for ahead of "
                "them: let it take the number of updates done before, as in lambda step: 0.1 / (1 + step); to change "
                "the rate on the way use the callback LearningRateScheduler, or model.optimizer = "
                "dataclasses.replace(model.optimizer, learning_rate=...)"
            )
        return FunctionSchedule(given)
    return real_number("learning_rate", given, minimum=0)


def _takes_nothing(function: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return not any(each.kind is not each.KEYWORD_ONLY for each in parameters)
