"""A weight for every class, as a weight for every sample."""

from collections.abc import Mapping

import numpy as np

from fastbp.data.source import as_source
from fastbp.errors import ArgumentError
from fastbp.source import Source
from fastbp.specification import real_number, whole_number
from fastbp.training.inputs import Samples

# Rows looked at in one go, so that the temporaries stay small.
_BLOCK = 1 << 16


def check_class_weight(class_weight: object, n_outputs: int) -> dict[int, float]:
    """Return the weights by class.

    Raises
    ------
    ArgumentError
        If this is no mapping of class numbers to weights.
    """
    n_classes = max(2, n_outputs)
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(
            f"class_weight must map class numbers to weights, as {{0: 1.0, 1: 5.0}}, not {class_weight!r}"
        )
    weights = {}
    for number, weight in class_weight.items():
        if whole_number("a class of class_weight", number, minimum=0) >= n_classes:
            raise ArgumentError(
                f"class_weight has class {number}, but classes go from 0 to {n_classes - 1}"
            )
        weights[int(number)] = real_number(f"class_weight[{number}]", weight, minimum=0)
    return weights


def with_class_weight(
    samples: Samples, class_weight: Mapping[int, float], n_outputs: int
) -> Samples:
    """The same samples, each weighted by its class too; a class that is not named has weight 1.

    The class is the target itself where it is a class number or the target of one output, 0 or 1; of one-hot
    targets it is the column of the largest.

    Parameters
    ----------
    samples : Samples
    class_weight : mapping
        As `check_class_weight` returns it.
    n_outputs : int
        The network's.
    """
    table = np.ones(max(2, n_outputs), np.float32)
    table[list(class_weight)] = list(class_weight.values())
    weights = np.empty(samples.n_samples, np.float32)
    for start in range(0, samples.n_samples, _BLOCK):
        rows = slice(start, start + _BLOCK)
        weights[rows] = table[_classes(samples.targets, rows)]
        if samples.sample_weight is not None:
            weights[rows] *= samples.sample_weight.array[rows, 0]
    return Samples(samples.inputs, samples.targets, as_source(weights, "class_weight"))


def _classes(targets: Source, rows: slice) -> np.ndarray:
    block = targets.array[rows]
    if block.shape[1] > 1:
        return np.asarray(block.argmax(axis=1))
    classes = block[:, 0].astype(np.int64)
    if targets.array.dtype.kind == "f" and not np.array_equal(classes, block[:, 0]):
        raise ArgumentError(
            "class_weight needs targets that are classes, but y holds other numbers"
        )
    return classes
