"""Scores of classes and thresholds, sample by sample, from their definitions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def largest(outputs: Array, k: int) -> Array:
    """whether an output is among the k largest of its sample, of equals the first"""
    chosen = np.zeros(outputs.shape, bool)
    for row, order in zip(chosen, np.argsort(-outputs, axis=1, kind="stable"), strict=True):
        row[order[:k]] = True
    return chosen


def counts(targets: Array, predicted: Array, weights: Any = None) -> Array:
    """(n_outputs, 4): true positives, false positives, false negatives, true negatives"""
    weights = np.ones(len(targets)) if weights is None else weights
    found = np.zeros((targets.shape[1], 4))
    for is_there, says, weight in zip(targets > 0.5, predicted, weights, strict=True):
        for label in range(targets.shape[1]):
            number = {(1, 1): 0, (0, 1): 1, (1, 0): 2, (0, 0): 3}
            found[label, number[int(is_there[label]), int(says[label])]] += weight
    return found


def ratio(part: float, whole: float) -> float:
    """0 where the whole is 0"""
    return float(part / whole) if whole else 0.0


def precision(found: Array) -> float:
    """tp / (tp + fp)"""
    return ratio(found[0], found[0] + found[1])


def recall(found: Array) -> float:
    """tp / (tp + fn)"""
    return ratio(found[0], found[0] + found[2])


def fbeta(found: Array, beta: float = 1.0) -> float:
    """(1 + beta**2) p r / (beta**2 p + r)"""
    p, r = precision(found), recall(found)
    return ratio((1.0 + beta**2) * p * r, beta**2 * p + r)


def fbeta_score(
    targets: Array,
    outputs: Array,
    average: str | None = None,
    beta: float = 1.0,
    threshold: float | None = None,
    weights: Any = None,
) -> Any:
    """of each class, or averaged; without a threshold the largest output is what is predicted"""
    predicted = largest(outputs, 1) if threshold is None else outputs > threshold
    found = counts(targets, predicted, weights)
    if average == "micro":
        return fbeta(found.sum(axis=0), beta)
    scores = [fbeta(each, beta) for each in found]
    if average is None:
        return scores
    positives = found[:, 0] + found[:, 2]
    return float(np.average(scores, weights=positives if average == "weighted" else None))


def one_hot_iou(targets: Array, outputs: Array, classes: Any = None, weights: Any = None) -> float:
    """the mean over classes of intersection over union, where there is a union"""
    found = counts(targets, largest(outputs, 1), weights)
    return _mean_overlap(found[slice(None) if classes is None else classes, :3])


def binary_iou(
    targets: Array, outputs: Array, classes: Any = (0, 1), threshold: float = 0.5
) -> float:
    """the same of the labels 0 and 1"""
    tp, fp, fn, tn = counts(targets, outputs > threshold).sum(axis=0)
    both = np.array([[tn, fp, fn], [tp, fp, fn]])
    return _mean_overlap(both[list(classes)])


def _mean_overlap(found: Array) -> float:
    found = found[found.sum(axis=1) > 0]
    return float(np.mean([each[0] / each.sum() for each in found]))
