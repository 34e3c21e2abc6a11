"""What counts of the outputs between thresholds tell: areas under curves, and the best point of a curve."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Confusion(NamedTuple):
    """Counts for each label and threshold, shape (n_labels, n_thresholds); thresholds grow."""

    true_positives: Array
    false_positives: Array
    false_negatives: Array
    true_negatives: Array


def confusion(counts: Array) -> Confusion:
    """Count what is right and wrong where outputs above a threshold are predicted positive.

    Parameters
    ----------
    counts : ndarray (n_labels, 2, n_thresholds - 1)
        Positives and negatives, by the two thresholds between which the output lies. No output lies below the first
        threshold, or above the last.

    Examples
    --------
    >>> confusion(np.array([[[0.0, 3.0], [2.0, 1.0]]])).true_positives
    array([[3., 3., 0.]])
    """
    above = np.zeros((*counts.shape[:2], counts.shape[2] + 1))
    above[..., :-1] = counts[..., ::-1].cumsum(axis=-1)[..., ::-1]
    hits, alarms = above[:, 0], above[:, 1]
    return Confusion(hits, alarms, hits[:, :1] - hits, alarms[:, :1] - alarms)


def share(part: Any, rest: Any) -> Array:
    """``part / (part + rest)``, 0 where both are."""
    return _ratio(part, part + rest)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def areas_under_curve(curve: str, summation_method: str, found: Confusion) -> Array:
    """Each label's area under a curve.

    Parameters
    ----------
    curve : {"roc", "pr"}
    summation_method : {"interpolation", "minoring", "majoring"}
    found : Confusion
    """
    recall = share(found.true_positives, found.false_negatives)
    if curve == "pr" and summation_method == "interpolation":
        return np.asarray(_interpolated_precision(found).sum(axis=1))
    if curve == "roc":
        x, y = share(found.false_positives, found.true_negatives), recall
    else:
        x, y = recall, share(found.true_positives, found.false_positives)
    left, right = y[:, :-1], y[:, 1:]
    if summation_method == "interpolation":
        heights = (left + right) / 2.0
    else:
        heights = (np.minimum if summation_method == "minoring" else np.maximum)(left, right)
    # Both x and thresholds are walked from one end to the other, in opposite directions.
    return np.asarray(((x[:, :-1] - x[:, 1:]) * heights).sum(axis=1))


def _interpolated_precision(found: Confusion) -> Array:
    """Areas between neighbouring thresholds; true positives, and no precisions, are linear in between.

    Davis and Goadrich, "The relationship between precision-recall and ROC curves", 2006.
    """
    hits = found.true_positives
    predicted = hits + found.false_positives
    more_hits = hits[:, :-1] - hits[:, 1:]
    slope = _ratio(more_hits, np.maximum(predicted[:, :-1] - predicted[:, 1:], 0.0))
    intercept = hits[:, 1:] - slope * predicted[:, 1:]
    both = (predicted[:, :-1] > 0) & (predicted[:, 1:] > 0)
    growth = np.divide(predicted[:, :-1], predicted[:, 1:], out=np.ones_like(slope), where=both)
    area = slope * (more_hits + intercept * np.log(growth))
    return _ratio(area, hits[:, 1:] + found.false_negatives[:, 1:])


def best_where(wanted: Array, condition: Array, least: float) -> float:
    """The largest of `wanted` at the thresholds where `condition` is at least that; 0 where it is so nowhere.

    Examples
    --------
    >>> best_where(np.array([0.9, 0.7, 0.8]), np.array([0.1, 0.5, 0.6]), 0.5)
    0.8
    """
    return float(wanted[condition >= least].max(initial=0.0))
