"""The constraints, where Keras has them: ``from fastbp.constraints import MaxNorm``."""

from fastbp.nn import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
]
