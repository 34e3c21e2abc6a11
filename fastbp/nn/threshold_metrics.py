"""Metrics at thresholds that users name, or of the largest outputs: precisions, recalls, counts."""

from collections.abc import Iterable
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.counting import Counting
from fastbp.nn.metric import Metric
from fastbp.nn.metric_kind import Numbers
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
    """True positives by predicted positives, over all samples and outputs; 0 where nothing is predicted positive.

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
    """True positives by positives, counted as for `Precision`; 0 where there are none."""

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str = "recall",
    ) -> None:
        super().__init__(name, "recall", thresholds, top_k, class_id)


class TruePositives(_AtThresholds):
    """How many outputs are above the threshold, over all samples, where the target is above 1/2.

    With weights, as one of the `weighted_metrics`, the sum of the weights of these.

    Parameters
    ----------
    thresholds : float in [0, 1] or iterable of float, optional
        One, or several: then the figure is a list with a number for each. None means 0.5.
    name : str, default "true_positives"
    """

    def __init__(self, thresholds: Thresholds = None, name: str = "true_positives") -> None:
        super().__init__(name, "true_positives", thresholds)


class FalsePositives(_AtThresholds):
    """How many outputs are above the threshold where the target is not above 1/2; see `TruePositives`."""

    def __init__(self, thresholds: Thresholds = None, name: str = "false_positives") -> None:
        super().__init__(name, "false_positives", thresholds)


class TrueNegatives(_AtThresholds):
    """How many outputs are not above the threshold where the target is not above 1/2; see `TruePositives`."""

    def __init__(self, thresholds: Thresholds = None, name: str = "true_negatives") -> None:
        super().__init__(name, "true_negatives", thresholds)


class FalseNegatives(_AtThresholds):
    """How many outputs are not above the threshold where the target is above 1/2; see `TruePositives`."""

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
