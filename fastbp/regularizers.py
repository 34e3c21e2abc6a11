"""The regularizers, where Keras has them: ``from fastbp.regularizers import L2``."""

from fastbp.nn import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
]
