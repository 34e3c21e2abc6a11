"""Metrics at thresholds that users name, or of the largest outputs: precisions, recalls, counts."""

from collections.abc import Iterable
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.kind import Numbers
from fastbp.nn.metrics.metric import Metric
from fastbp.specification import real_number, whole_number

Thresholds = float | Iterable[float] | None


class _AtThresholds(Metric):
    """What has a figure for each threshold"""

    def __init__(
        self,
        name: str,
        kind: str,
        thresholds: Thresholds,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        largest = 0 if top_k is None else whole_number("top_k", top_k)
        wanted = class_number(class_id)
        chosen = _thresholds(thresholds)
        if not chosen and not largest:
            chosen = (0.5,)
        if len(chosen) == 1 and not largest and wanted < 0:
            super().__init__(name, kind, chosen)
        else:
            counting = Counting(chosen, class_id=wanted, top_k=largest)
            super().__init__(name, kind, counting=counting)


class Precision(_AtThresholds):
    """``TP / (TP + FP)``: true positives by predicted positives, of all samples and outputs; 0 where there are none.

    An output above the threshold is predicted positive, a target above 1/2 is positive.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5, with `top_k` none at all.
    top_k : int, optional
        Only the k largest outputs of a sample, of equals the first, can be predicted positive. Of a model with one
        output the largest tells nothing: there it is predicted positive above 1/2.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "precision"

    Raises
    ------
    ArgumentError
        If a threshold is not in [0, 1], or `top_k` or `class_id` is no number of outputs; `compile` refuses outputs
        that the model does not have.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7; Keras 3's `keras.metrics.Precision`.

    Examples
    --------
    >>> Precision([0.3, 0.7], class_id=2).counting.thresholds
    (0.3, 0.7)
    """

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str = "precision",
    ) -> None:
        super().__init__(name, "precision", thresholds, top_k, class_id)


class Recall(_AtThresholds):
    """``TP / (TP + FN)``: true positives by positives, counted as for `Precision`; 0 where there are none.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5, with `top_k` none at all.
    top_k : int, optional
        Only the k largest outputs of a sample can be predicted positive; see `Precision`.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "recall"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        As `Precision`.

    References
    ----------
    van Rijsbergen, "Information retrieval", 1979, chapter 7; Keras 3's `keras.metrics.Recall`.
    """

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str = "recall",
    ) -> None:
        super().__init__(name, "recall", thresholds, top_k, class_id)


class TruePositives(_AtThresholds):
    """``sum((p > threshold) * (y > 0.5))``: how many outputs are above the threshold where the target is above 1/2.

    All samples and outputs count. With weights, as one of the `weighted_metrics`, it is the sum of the weights of
    these.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5.
    name : str, default "true_positives"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a threshold is not in [0, 1], or there is none in the list.

    References
    ----------
    Keras 3's `keras.metrics.TruePositives`.
    """

    def __init__(self, thresholds: Thresholds = None, name: str = "true_positives") -> None:
        super().__init__(name, "true_positives", thresholds)


class FalsePositives(_AtThresholds):
    """``sum((p > threshold) * (y <= 0.5))``: outputs above the threshold whose target is not; see `TruePositives`.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5.
    name : str, default "false_positives"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a threshold is not in [0, 1], or there is none in the list.

    References
    ----------
    Keras 3's `keras.metrics.FalsePositives`.
    """

    def __init__(self, thresholds: Thresholds = None, name: str = "false_positives") -> None:
        super().__init__(name, "false_positives", thresholds)


class TrueNegatives(_AtThresholds):
    """``sum((p <= threshold) * (y <= 0.5))``: outputs not above the threshold, the target neither; see `TruePositives`.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5.
    name : str, default "true_negatives"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a threshold is not in [0, 1], or there is none in the list.

    References
    ----------
    Keras 3's `keras.metrics.TrueNegatives`.
    """

    def __init__(self, thresholds: Thresholds = None, name: str = "true_negatives") -> None:
        super().__init__(name, "true_negatives", thresholds)


class FalseNegatives(_AtThresholds):
    """``sum((p <= threshold) * (y > 0.5))``: outputs not above the threshold whose target is; see `TruePositives`.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5.
    name : str, default "false_negatives"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a threshold is not in [0, 1], or there is none in the list.

    References
    ----------
    Keras 3's `keras.metrics.FalseNegatives`.
    """

    def __init__(self, thresholds: Thresholds = None, name: str = "false_negatives") -> None:
        super().__init__(name, "false_negatives", thresholds)


def class_number(class_id: int | None) -> int:
    """An output's number, -1 for none."""
    return -1 if class_id is None else whole_number("class_id", class_id, minimum=0)


def _thresholds(given: Any) -> Numbers:
    if given is None:
        return ()
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    chosen = tuple(real_number("threshold", each, minimum=0, maximum=1) for each in several)
    if not chosen:
        raise ArgumentError("thresholds must be one number or more, not none")
    return chosen
