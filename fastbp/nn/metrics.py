"""Metrics that are means over samples, or made of a few such means: accuracies, errors, variances."""

from fastbp.nn.metric import Metric
from fastbp.specification import one_of, real_number, whole_number


class BinaryAccuracy(Metric):
    """The share of outputs that lie on their target's side of a threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
    threshold : float in (0, 1), default 0.5
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        number = real_number("threshold", threshold, above=0, below=1)
        super().__init__(name, "binary_accuracy", (number,))


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


class R2Score(Metric):
    """``1 - sum((y - p)**2) / sum((y - mean(y))**2)``, over all samples, for each output; 1 is best.

    Where all targets of an output are the same, it is 1 if there is no error, else 0.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}
        The mean over outputs, or that weighted by the variances of their targets. None: the figure is a list with a
        number for each output; of a model with one output it is that number.
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
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
    ) -> None:
        kinds = {
            "uniform_average": "r2_score",
            "variance_weighted_average": "r2_score_by_variance",
        }
        kind = "r2_score_of_outputs"
        if class_aggregation is not None:
            kind = kinds[one_of("class_aggregation", class_aggregation, tuple(kinds))]
        number = whole_number("num_regressors", num_regressors, minimum=0)
        super().__init__(name, kind, (float(number),))
