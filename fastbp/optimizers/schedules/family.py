"""All schedules by name, and what may stand for a learning rate."""

from collections.abc import Mapping

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
        return FunctionSchedule(given)
    return real_number("learning_rate", given, minimum=0)
