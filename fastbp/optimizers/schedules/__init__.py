"""Learning rates that change from update to update."""

from fastbp.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from fastbp.optimizers.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from fastbp.optimizers.schedules.family import SCHEDULES, as_learning_rate
from fastbp.optimizers.schedules.one_cycle import OneCycle
from fastbp.optimizers.schedules.schedule import FunctionSchedule, LearningRateSchedule, Rate

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "FunctionSchedule",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Rate",
    "as_learning_rate",
]
