"""Areas under curves and best points of them, threshold by threshold, as Keras defines them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def counts(targets: Array, outputs: Array, threshold: float, weights: Any = 1.0) -> Array:
    """true positives, false positives, false negatives, true negatives: sums of weights where output > threshold"""
    above = outputs > threshold
    weights = np.broadcast_to(weights, targets.shape)
    return np.array(
        [
            (weights * targets)[above].sum(),
            (weights * (1 - targets))[above].sum(),
            (weights * targets)[~above].sum(),
            (weights * (1 - targets))[~above].sum(),
        ]
    )


def count(targets: Array, outputs: Array, number: int, threshold: float = 0.5) -> float:
    """one of the four, with targets above 1/2 as positive"""
    return float(counts((targets > 0.5).astype(float), outputs, threshold)[number])


def all_counts(targets: Array, outputs: Array, n: int, weights: Any = 1.0) -> Array:
    """(4, n), the thresholds evenly from below 0 to 1"""
    return counts_at(targets, outputs, [i / (n - 1) for i in range(1, n - 1)], weights)


def counts_at(targets: Array, outputs: Array, inner: Any, weights: Any = 1.0) -> Array:
    """(4, n), the thresholds being these, and ends below 0 and at 1"""
    outputs = np.clip(outputs, 0.0, 1.0)
    thresholds = [-1e-7, *inner, 1.0]
    return np.array([counts(targets, outputs, each, weights) for each in thresholds]).T


def ratio(a: Any, b: Any) -> Any:
    """a / b, 0 where b is 0"""
    return np.where(b == 0, 0.0, a / np.where(b == 0, 1.0, b))


def shares(tp: Array, fp: Array, fn: Array, tn: Array) -> dict[str, Array]:
    """the usual ones, by name"""
    return {
        "recall": ratio(tp, tp + fn),
        "sensitivity": ratio(tp, tp + fn),
        "precision": ratio(tp, tp + fp),
        "specificity": ratio(tn, tn + fp),
        "false positive rate": ratio(fp, fp + tn),
    }


def area(
    targets: Array,
    outputs: Array,
    curve: str = "roc",
    method: str = "interpolation",
    n: int = 200,
    weights: Any = 1.0,
) -> float:
    """the area under the curve, at evenly spaced thresholds"""
    return _area(all_counts(targets, outputs, n, weights), curve, method)


def area_at(
    targets: Array, outputs: Array, inner: Any, curve: str = "roc", weights: Any = 1.0
) -> float:
    """the same at other thresholds"""
    return _area(counts_at(targets, outputs, inner, weights), curve, "interpolation")


def _area(all_of_them: Array, curve: str, method: str) -> float:
    """a sum over neighbouring thresholds"""
    tp, fp, fn, tn = all_of_them
    found = shares(tp, fp, fn, tn)
    total = 0.0
    for i in range(len(tp) - 1):
        if curve == "pr" and method == "interpolation":
            total += _interpolated(tp[i], fp[i], tp[i + 1], fp[i + 1], tp[0])
            continue
        x, y = (
            (found["false positive rate"], found["recall"])
            if curve == "roc"
            else (found["recall"], found["precision"])
        )
        ends = y[i], y[i + 1]
        height = {"interpolation": sum(ends) / 2, "minoring": min(ends), "majoring": max(ends)}
        total += (x[i] - x[i + 1]) * height[method]
    return float(total)


def _interpolated(tp: float, fp: float, tp_next: float, fp_next: float, positives: float) -> float:
    """the integral of precision over recall, true positives being linear in the predicted ones (Davis, Goadrich 2006)

    Between P' and P predicted positives, t(P) = t' + s (P - P'): integral of (t / P) dt / positives
    """
    predicted, predicted_next = tp + fp, tp_next + fp_next
    if predicted == predicted_next or positives == 0:
        return 0.0
    slope = (tp - tp_next) / (predicted - predicted_next)
    rest = tp_next - slope * predicted_next
    growth = np.log(predicted / predicted_next) if predicted_next > 0 else 0.0
    return float(slope * (tp - tp_next + rest * growth) / positives)


def best(
    targets: Array,
    outputs: Array,
    wanted: str,
    condition: str,
    least: float = 0.5,
    n: int = 200,
) -> float:
    """the largest of one share where the other one is at least a number"""
    found = shares(*all_counts(targets, outputs, n))
    good = [w for w, c in zip(found[wanted], found[condition], strict=True) if c >= least]
    return float(max(good, default=0.0))
