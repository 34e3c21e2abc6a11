"""The metrics that users make: what is computed, and the numbers in its formula."""

from dataclasses import dataclass

from fastbp.errors import ArgumentError
from fastbp.nn.metric_kinds import KINDS, Numbers, Sum, sums_of
from fastbp.specification import (
    Specification,
    choose,
    one_of,
    real_number,
    truth_value,
    whole_number,
)


@dataclass(frozen=True)
class Metric(Specification):
    """A figure that is reported and not minimized.

    Attributes
    ----------
    name : str
        The key in `History.history`, as the user wrote it.
    kind : str
        What is computed, one of `METRICS`.
    numbers : tuple of float
        Those in the formula, a threshold for instance; the kind's own where none are given.
    weighted : bool
        Whether samples count by their weights: those that `compile` got as `weighted_metrics`.
    n_outputs : int
        Of the model, where the metric has sums for each.
    """

    name: str
    kind: str
    numbers: Numbers = ()
    weighted: bool = False
    n_outputs: int = 1

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        default = kind.numbers if kind is not None else ()
        given = tuple(self.numbers)
        choose(self, numbers=given + default[len(given) :])

    @property
    def sums(self) -> tuple[Sum, ...]:
        """What the network has to add up."""
        return sums_of(self.kind, self.numbers, self.weighted, self.n_outputs)

    @property
    def minimize(self) -> bool:
        """Whether less is better."""
        return KINDS[self.kind].minimize


class BinaryAccuracy(Metric):
    """The share of outputs that lie on their target's side of a threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
    threshold : float in (0, 1), default 0.5
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(name, "binary_accuracy", _threshold(threshold))


class CategoricalAccuracy(Metric):
    """The share of samples whose largest output is at the largest target."""

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name, "categorical_accuracy")


class SparseCategoricalAccuracy(Metric):
    """The share of samples whose largest output is that of the class."""

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name, "sparse_categorical_accuracy")


class TopKCategoricalAccuracy(Metric):
    """The share of samples in which fewer than k outputs are above that of the right class, the largest target.

    Parameters
    ----------
    k : int, default 5
    name : str, default "top_k_categorical_accuracy"

    Examples
    --------
    >>> TopKCategoricalAccuracy(3).numbers
    (3.0,)
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(name, "top_k_categorical_accuracy", (float(whole_number("k", k)),))


class SparseTopKCategoricalAccuracy(Metric):
    """As `TopKCategoricalAccuracy`, for class numbers."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(name, "sparse_top_k_categorical_accuracy", (float(whole_number("k", k)),))


class RootMeanSquaredError(Metric):
    """``sqrt(mean((y - p)**2))`` over all samples and outputs: the root of the whole mean, not a mean of roots."""

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name, "root_mean_squared_error")


class Precision(Metric):
    """True positives by predicted positives, over all samples and outputs; 0 where nothing is predicted positive.

    An output above the threshold is predicted positive, a target above 1/2 is positive.

    Parameters
    ----------
    thresholds : float in (0, 1), default 0.5
        One; Keras's list of thresholds is not supported.
    name : str, default "precision"
    """

    def __init__(self, thresholds: float = 0.5, name: str = "precision") -> None:
        super().__init__(name, "precision", _threshold(thresholds))


class Recall(Metric):
    """True positives by positives, counted as for `Precision`; 0 where there are none."""

    def __init__(self, thresholds: float = 0.5, name: str = "recall") -> None:
        super().__init__(name, "recall", _threshold(thresholds))


class F1Score(Metric):
    """The harmonic mean of `Precision` and `Recall` ("micro": all outputs are counted together).

    Parameters
    ----------
    threshold : float in (0, 1), default 0.5
        Keras's default of None, the largest output, gives the `CategoricalAccuracy` when counted like this.
    name : str, default "f1_score"
    """

    def __init__(self, threshold: float = 0.5, name: str = "f1_score") -> None:
        super().__init__(name, "f1_score", (*_threshold(threshold), 1.0))


class FBetaScore(Metric):
    """``(1 + beta**2) precision recall / (beta**2 precision + recall)``, counted as for `F1Score`.

    Parameters
    ----------
    beta : float, default 1.0
        Above 0: how many times as much `Recall` weighs as `Precision`.
    threshold : float in (0, 1), default 0.5
    name : str, default "fbeta_score"

    Examples
    --------
    >>> FBetaScore(2.0).numbers
    (0.5, 2.0)
    """

    def __init__(
        self, beta: float = 1.0, threshold: float = 0.5, name: str = "fbeta_score"
    ) -> None:
        numbers = (*_threshold(threshold), real_number("beta", beta, above=0))
        super().__init__(name, "fbeta_score", numbers)


# --- counts ---


class TruePositives(Metric):
    """How many outputs are above the threshold, over all samples, where the target is above 1/2.

    With weights, as one of the `weighted_metrics`, the sum of the weights of these.

    Parameters
    ----------
    thresholds : float in (0, 1), default 0.5
        One; Keras's list of thresholds is not supported.
    name : str, default "true_positives"
    """

    def __init__(self, thresholds: float = 0.5, name: str = "true_positives") -> None:
        super().__init__(name, "true_positives", _threshold(thresholds))


class FalsePositives(Metric):
    """How many outputs are above the threshold where the target is not above 1/2; see `TruePositives`."""

    def __init__(self, thresholds: float = 0.5, name: str = "false_positives") -> None:
        super().__init__(name, "false_positives", _threshold(thresholds))


class TrueNegatives(Metric):
    """How many outputs are not above the threshold where the target is not above 1/2; see `TruePositives`."""

    def __init__(self, thresholds: float = 0.5, name: str = "true_negatives") -> None:
        super().__init__(name, "true_negatives", _threshold(thresholds))


class FalseNegatives(Metric):
    """How many outputs are not above the threshold where the target is above 1/2; see `TruePositives`."""

    def __init__(self, thresholds: float = 0.5, name: str = "false_negatives") -> None:
        super().__init__(name, "false_negatives", _threshold(thresholds))


# --- curves ---


class AUC(Metric):
    """The area under the curve of the true positive rate over the false positive rate, or of precision over recall.

    All samples of an epoch, or of a set, are counted between evenly spaced thresholds from 0 to 1, and the area is
    computed from the counts. A target between 0 and 1 counts in part as positive and in part as negative. Outputs
    must be probabilities: what lies below 0 or above 1 counts as 0 or 1.

    Parameters
    ----------
    num_thresholds : int, default 200
        At least 2. More are more exact; each costs two sums.
    curve : {"ROC", "PR"}
    summation_method : {"interpolation", "minoring", "majoring"}
        What stands between two thresholds: a line (for PR, that of Davis and Goadrich, 2006), the lower of both, or
        the upper one.
    name : str, default "auc"
    multi_label : bool, default False
        Whether each output has a curve of its own, and the areas are averaged; else all outputs are counted together.
    from_logits : bool, default False
        Whether the sigmoid of the outputs is the probability. It makes no difference where the loss has
        ``from_logits=True``: then all metrics see probabilities.

    Notes
    -----
    Keras's `thresholds`, `num_labels` and `label_weights` are not there.

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
        multi_label: bool = False,
        from_logits: bool = False,
    ) -> None:
        if isinstance(curve, str) and curve.upper() in ("ROC", "PR"):
            curve = curve.upper()
        curve = one_of("curve", curve, ("ROC", "PR"))
        methods = ("interpolation", "minoring", "majoring")
        method = one_of("summation_method", summation_method, methods)
        numbers = (
            _n_thresholds(num_thresholds),
            float(truth_value("multi_label", multi_label)),
            float(truth_value("from_logits", from_logits)),
        )
        super().__init__(name, f"{curve.lower()}_auc_{method}", numbers)


class SensitivityAtSpecificity(Metric):
    """The best `Recall` at one of the thresholds at which the specificity is at least a number.

    The specificity is the true negatives by all negatives. Counts are those of `AUC`, of all outputs together; 0 where
    no threshold is good enough.

    Parameters
    ----------
    specificity : float in [0, 1]
    num_thresholds : int, default 200
        At least 2.
    name : str, default "sensitivity_at_specificity"
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        name: str = "sensitivity_at_specificity",
    ) -> None:
        numbers = _point("specificity", specificity, num_thresholds)
        super().__init__(name, "sensitivity_at_specificity", numbers)


class SpecificityAtSensitivity(Metric):
    """The best specificity where the sensitivity, `Recall`, is at least a number; see `SensitivityAtSpecificity`."""

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        name: str = "specificity_at_sensitivity",
    ) -> None:
        numbers = _point("sensitivity", sensitivity, num_thresholds)
        super().__init__(name, "specificity_at_sensitivity", numbers)


class PrecisionAtRecall(Metric):
    """The best `Precision` where `Recall` is at least a number; see `SensitivityAtSpecificity`."""

    def __init__(
        self, recall: float, num_thresholds: int = 200, name: str = "precision_at_recall"
    ) -> None:
        super().__init__(name, "precision_at_recall", _point("recall", recall, num_thresholds))


class RecallAtPrecision(Metric):
    """The best `Recall` where `Precision` is at least a number; see `SensitivityAtSpecificity`."""

    def __init__(
        self, precision: float, num_thresholds: int = 200, name: str = "recall_at_precision"
    ) -> None:
        numbers = _point("precision", precision, num_thresholds)
        super().__init__(name, "recall_at_precision", numbers)


# --- variances ---


class R2Score(Metric):
    """``1 - sum((y - p)**2) / sum((y - mean(y))**2)``, over all samples, for each output; 1 is best.

    Where all targets of an output are the same, it is 1 if there is no error, else 0.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average"}
        The mean over outputs, or that weighted by the variances of their targets. Keras's None, a number for each
        output, is not supported: a figure is one number.
    num_regressors : int, default 0
        k of the adjusted score ``1 - (1 - R2) (n - 1) / (n - k - 1)``; it is not adjusted where n, the number of
        samples, is not above k + 1.
    name : str, default "r2_score"

    Examples
    --------
    >>> R2Score(num_regressors=3).numbers
    (3.0,)
    """

    def __init__(
        self,
        class_aggregation: str = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
    ) -> None:
        kinds = {
            "uniform_average": "r2_score",
            "variance_weighted_average": "r2_score_by_variance",
        }
        if class_aggregation is None:
            raise ArgumentError(
                "class_aggregation=None gives a number for each output, which is no figure: use 'uniform_average' or "
                "'variance_weighted_average'"
            )
        kind = kinds[one_of("class_aggregation", class_aggregation, tuple(kinds))]
        number = whole_number("num_regressors", num_regressors, minimum=0)
        super().__init__(name, kind, (float(number),))


def _threshold(value: object) -> Numbers:
    return (real_number("threshold", value, above=0, below=1),)


def _n_thresholds(value: object) -> float:
    return float(whole_number("num_thresholds", value, minimum=2))


def _point(name: str, value: object, n_thresholds: object) -> Numbers:
    """The numbers of a metric that looks for the best point of a curve"""
    return (_n_thresholds(n_thresholds), 0.0, 0.0, real_number(name, value, minimum=0, maximum=1))
