"""The losses. What they compute is in fastbp/kernels; the formulas are Keras's.

A loss is the mean over a sample's outputs, then the mean over the batch's samples; with sample weights it is
``sum(weight * loss) / n_samples``.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastbp.specification import Family, Specification


@dataclass(frozen=True)
class Loss(Specification):
    """A loss to minimize.

    Attributes
    ----------
    name : str
        The name that the kernels and the model file know it by.
    targets : {"dense", "classes"}
        Whether a sample's target is a number for every output, or the number of the right class.
    probabilities : bool
        Whether outputs and targets are probabilities, so that targets must lie in [0, 1].
    """

    name: ClassVar[str]
    targets: ClassVar[Literal["dense", "classes"]] = "dense"
    probabilities: ClassVar[bool] = False


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """``mean((y - p)**2)``."""

    name = "mean_squared_error"


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """``mean(|y - p|)``."""

    name = "mean_absolute_error"


@dataclass(frozen=True)
class Huber(Loss):
    """The mean of ``e**2 / 2`` where ``|e| <= 1`` and of ``|e| - 1/2`` elsewhere, with ``e = y - p``."""

    name = "huber"


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """``mean(-y log(p) - (1 - y) log(1 - p))``; computed from logits after a sigmoid layer."""

    name = "binary_crossentropy"
    probabilities = True


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """``-sum(y log(p))`` for targets one-hot or soft; computed from logits after a softmax layer."""

    name = "categorical_crossentropy"
    probabilities = True


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """``-log(p[y])`` for class numbers y = 0, 1, ...; computed from logits after a softmax layer."""

    name = "sparse_categorical_crossentropy"
    targets = "classes"
    probabilities = True


LOSSES: Family[Loss] = Family(
    "loss",
    Loss,
    {
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
        "mean_absolute_error": MeanAbsoluteError,
        "mae": MeanAbsoluteError,
        "huber": Huber,
        "binary_crossentropy": BinaryCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    },
)
