"""Metrics of all thresholds: areas under curves, and the best points of these."""

from collections.abc import Iterable

from fastbp.errors import ArgumentError
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.kind import Numbers
from fastbp.nn.metrics.metric import Metric
from fastbp.nn.metrics.threshold_metrics import class_number
from fastbp.specification import one_of, real_number, truth_value, whole_number


class AUC(Metric):
    """The area under the curve of the true positive rate over the false positive rate, or of precision over recall.

    The rates are ``TP / (TP + FN)`` and ``FP / (FP + TN)`` at each threshold. All samples of an epoch, or of a set, are
    counted between evenly spaced thresholds from 0 to 1, and the area is computed from the counts. A target between 0
    and 1 counts in part as positive and in part as negative. Outputs must be probabilities: what lies below 0 or above
    1 counts as 0 or 1.

    Parameters
    ----------
    num_thresholds : int, default 200
        At least 2. More are more exact; each costs two sums. Not looked at where there are `thresholds`.
    curve : {"ROC", "PR"}, default "ROC"
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        What stands between two thresholds: a line (for PR, that of Davis and Goadrich), the lower of both, or the upper
        one.
    name : str, default "auc"
        The key in `History.history`.
    thresholds : iterable of float in [0, 1], optional
        These, and the ends below 0 and above 1, instead of evenly spaced ones.
    multi_label : bool, default False
        Whether each output has a curve of its own, and the areas are averaged; else all outputs are counted together.
    num_labels : int, optional
        The outputs that the model must have, with `multi_label`; `compile` looks.
    label_weights : iterable of float, optional
        One for each output, 0 or more: how much its area weighs in the average, or what is counted of it where all are
        counted together.
    from_logits : bool, default False
        Whether the sigmoid of the outputs is the probability. It makes no difference where the loss has
        ``from_logits=True``: then all metrics see probabilities.

    Raises
    ------
    ArgumentError
        If a setting is out of its range, or settings contradict each other; `compile` refuses outputs that are no
        probabilities.

    Notes
    -----
    Where the loss takes class numbers, these stand for one-hot targets.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006; Davis and Goadrich, "The relationship between
    precision-recall and ROC curves", 2006; Keras 3's `keras.metrics.AUC`.

    Examples
    --------
    >>> AUC(curve="PR").kind
    'pr_auc_interpolation'
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str = "auc",
        thresholds: Iterable[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Iterable[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if isinstance(curve, str) and curve.upper() in ("ROC", "PR"):
            curve = curve.upper()
        curve = one_of("curve", curve, ("ROC", "PR"))
        methods = ("interpolation", "minoring", "majoring")
        method = one_of("summation_method", summation_method, methods)
        apart = truth_value("multi_label", multi_label)
        weights = _label_weights(label_weights)
        of_logits = truth_value("from_logits", from_logits)
        counting, n_thresholds = None, _n_thresholds(num_thresholds)
        n_outputs = 0
        if num_labels is not None:
            if not apart:
                raise ArgumentError(
                    "num_labels goes with multi_label=True: leave it away, or set both"
                )
            n_outputs = whole_number("num_labels", num_labels)
        if weights:
            if n_outputs not in (0, len(weights)):
                raise ArgumentError(
                    f"label_weights has {len(weights)} weights, but num_labels is {n_outputs}: give one for each label"
                )
            n_outputs = len(weights)
        inner = _inner_thresholds(thresholds)
        if inner:
            n_thresholds = float(len(inner) + 2)
            counting = Counting(inner, apart or bool(weights), soft=True, from_logits=of_logits)
        if n_outputs:
            counting = (counting or Counting())._replace(n_outputs=n_outputs)
        numbers = (n_thresholds, float(apart), float(of_logits), *weights)
        kind = f"{curve.lower()}_auc_{method}"
        super().__init__(name, kind, numbers, counting=counting)


class SensitivityAtSpecificity(Metric):
    """The best sensitivity, ``TP / (TP + FN)``, at a threshold at which the specificity is at least a number.

    The specificity is ``TN / (TN + FP)``. Counts are those of `AUC`; 0 where no threshold is good enough.

    Parameters
    ----------
    specificity : float in [0, 1]
        What has to be reached.
    num_thresholds : int, at least 2, default 200
        Evenly spaced, from 0 to 1.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "sensitivity_at_specificity"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a number is out of its range; `compile` refuses outputs that are no probabilities.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006; Keras 3's `keras.metrics.SensitivityAtSpecificity`.
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str = "sensitivity_at_specificity",
    ) -> None:
        numbers = _point("specificity", specificity, num_thresholds)
        super().__init__(name, "sensitivity_at_specificity", numbers, counting=_of_class(class_id))


class SpecificityAtSensitivity(Metric):
    """The best specificity, ``TN / (TN + FP)``, where the sensitivity, `Recall`, is at least a number.

    See `SensitivityAtSpecificity`.

    Parameters
    ----------
    sensitivity : float in [0, 1]
        What has to be reached.
    num_thresholds : int, at least 2, default 200
        Evenly spaced, from 0 to 1.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "specificity_at_sensitivity"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a number is out of its range; `compile` refuses outputs that are no probabilities.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006; Keras 3's `keras.metrics.SpecificityAtSensitivity`.
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str = "specificity_at_sensitivity",
    ) -> None:
        numbers = _point("sensitivity", sensitivity, num_thresholds)
        super().__init__(name, "specificity_at_sensitivity", numbers, counting=_of_class(class_id))


class PrecisionAtRecall(Metric):
    """The best `Precision`, ``TP / (TP + FP)``, where `Recall` is at least a number.

    See `SensitivityAtSpecificity`.

    Parameters
    ----------
    recall : float in [0, 1]
        What has to be reached.
    num_thresholds : int, at least 2, default 200
        Evenly spaced, from 0 to 1.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "precision_at_recall"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a number is out of its range; `compile` refuses outputs that are no probabilities.

    References
    ----------
    Keras 3's `keras.metrics.PrecisionAtRecall`.
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str = "precision_at_recall",
    ) -> None:
        numbers = _point("recall", recall, num_thresholds)
        super().__init__(name, "precision_at_recall", numbers, counting=_of_class(class_id))


class RecallAtPrecision(Metric):
    """The best `Recall`, ``TP / (TP + FN)``, where `Precision` is at least a number.

    See `SensitivityAtSpecificity`.

    Parameters
    ----------
    precision : float in [0, 1]
        What has to be reached.
    num_thresholds : int, at least 2, default 200
        Evenly spaced, from 0 to 1.
    class_id : int, optional
        The one output that is looked at; None for all of them together.
    name : str, default "recall_at_precision"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If a number is out of its range; `compile` refuses outputs that are no probabilities.

    References
    ----------
    Keras 3's `keras.metrics.RecallAtPrecision`.
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str = "recall_at_precision",
    ) -> None:
        numbers = _point("precision", precision, num_thresholds)
        super().__init__(name, "recall_at_precision", numbers, counting=_of_class(class_id))


def _n_thresholds(value: object) -> float:
    return float(whole_number("num_thresholds", value, minimum=2))


def _inner_thresholds(thresholds: Iterable[float] | None) -> Numbers:
    if thresholds is None:
        return ()
    if isinstance(thresholds, (str, float, int)):
        raise ArgumentError(f"thresholds must be a list of numbers, not {thresholds!r}")
    found = tuple(sorted(real_number("threshold", t, minimum=0, maximum=1) for t in thresholds))
    if not found:
        raise ArgumentError("thresholds must be one number or more: leave it away for even ones")
    return found


def _label_weights(label_weights: Iterable[float] | None) -> Numbers:
    if label_weights is None:
        return ()
    found = tuple(real_number("a label weight", w, minimum=0) for w in label_weights)
    if not sum(found):
        raise ArgumentError("label_weights must have a weight above 0")
    return found


def _point(name: str, value: object, n_thresholds: object) -> Numbers:
    """The numbers of a metric that looks for the best point of a curve"""
    return (_n_thresholds(n_thresholds), 0.0, 0.0, real_number(name, value, minimum=0, maximum=1))


def _of_class(class_id: int | None) -> Counting | None:
    return None if class_id is None else Counting(class_id=class_number(class_id), soft=True)
