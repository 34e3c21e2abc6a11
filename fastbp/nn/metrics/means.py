"""Metrics that are means over samples, made of a few such means, or sums: accuracies, errors, variances."""

from fastbp.nn.metrics.metric import Metric
from fastbp.specification import one_of, real_number, whole_number


class Accuracy(Metric):
    """The share of outputs that are exactly their targets: ``mean(p == y)``.

    This is not what the name "accuracy" means: that is `BinaryAccuracy`, `CategoricalAccuracy` or
    `SparseCategoricalAccuracy`, as loss and outputs say.

    Parameters
    ----------
    name : str, default "accuracy"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are class numbers.

    References
    ----------
    Keras 3's `keras.metrics.Accuracy`.
    """

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name, "exact_accuracy")


class BinaryAccuracy(Metric):
    """The share of outputs on their target's side of a threshold: ``mean((p > threshold) == (y > 0.5))``.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        The key in `History.history`.
    threshold : float in (0, 1), default 0.5

    Raises
    ------
    ArgumentError
        If the threshold is not in (0, 1).

    References
    ----------
    Keras 3's `keras.metrics.BinaryAccuracy`.
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        number = real_number("threshold", threshold, above=0, below=1)
        super().__init__(name, "binary_accuracy", (number,))


class CategoricalAccuracy(Metric):
    """The share of samples in which ``argmax(p) == argmax(y)``: of equals the first output counts.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are not those that it takes.

    References
    ----------
    Keras 3's `keras.metrics.CategoricalAccuracy`.
    """

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name, "categorical_accuracy")


class SparseCategoricalAccuracy(Metric):
    """The share of samples whose largest output is that of the class: ``argmax(p) == y``, of equals the first.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are not those that it takes.

    References
    ----------
    Keras 3's `keras.metrics.SparseCategoricalAccuracy`.
    """

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name, "sparse_categorical_accuracy")


class TopKCategoricalAccuracy(Metric):
    """The share of samples in which fewer than k outputs are above that of the right class, the largest target.

    Of a sample: ``sum(p > p[argmax(y)]) < k``.

    Parameters
    ----------
    k : int, at least 1, default 5
    name : str, default "top_k_categorical_accuracy"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If k is no whole number of at least 1.

    References
    ----------
    Keras 3's `keras.metrics.TopKCategoricalAccuracy`.

    Examples
    --------
    >>> TopKCategoricalAccuracy(3).numbers
    (3.0,)
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(name, "top_k_categorical_accuracy", (float(whole_number("k", k)),))


class SparseTopKCategoricalAccuracy(Metric):
    """As `TopKCategoricalAccuracy`, for class numbers: ``sum(p > p[y]) < k``.

    Parameters
    ----------
    k : int, at least 1, default 5
    name : str, default "sparse_top_k_categorical_accuracy"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If k is no whole number of at least 1.

    References
    ----------
    Keras 3's `keras.metrics.SparseTopKCategoricalAccuracy`.
    """

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(name, "sparse_top_k_categorical_accuracy", (float(whole_number("k", k)),))


class LogCoshError(Metric):
    """The loss `LogCosh` by the name of Keras's metric: ``mean(log(cosh(p - y)))``.

    Parameters
    ----------
    name : str, default "logcosh"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are not those that it takes.

    References
    ----------
    Keras 3's `keras.metrics.LogCoshError`.
    """

    def __init__(self, name: str = "logcosh") -> None:
        super().__init__(name, "log_cosh")


class RootMeanSquaredError(Metric):
    """``sqrt(mean((y - p)**2))`` over all samples and outputs: the root of the whole mean, not a mean of roots.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are not those that it takes.

    References
    ----------
    Keras 3's `keras.metrics.RootMeanSquaredError`.
    """

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name, "root_mean_squared_error")


class Mean(Metric):
    """``mean(p)``: the mean of all outputs of all samples; as one of the `weighted_metrics`, ``sum(w * p) / sum(w)``.

    Parameters
    ----------
    name : str, default "mean"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are class numbers.

    Notes
    -----
    Keras's takes values that it is handed, which here are the outputs; `MeanMetricWrapper` takes any function of
    targets and outputs.

    References
    ----------
    Keras 3's `keras.metrics.Mean`.
    """

    def __init__(self, name: str = "mean") -> None:
        super().__init__(name, "mean")


class Sum(Metric):
    """``sum(p)``: all outputs of all samples, added up; with weights, as one of the `weighted_metrics`, ``sum(w * p)``.

    Of probabilities it is how many of a class a model expects, beside how many there are.

    Parameters
    ----------
    name : str, default "sum"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        By `compile`, if the loss's targets are class numbers.

    Notes
    -----
    Keras's adds up values that it is handed, which here are the outputs.

    References
    ----------
    Keras 3's `keras.metrics.Sum`.
    """

    def __init__(self, name: str = "sum") -> None:
        super().__init__(name, "sum")


class R2Score(Metric):
    """``1 - sum((y - p)**2) / sum((y - mean(y))**2)``, over all samples, for each output; 1 is best.

    Where all targets of an output are the same, it is 1 if there is no error, else 0.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}, default "uniform_average"
        The mean over outputs, or that weighted by the variances of their targets. None: the figure is a list with a
        number for each output; of a model with one output it is that number.
    num_regressors : int, default 0
        k of the adjusted score ``1 - (1 - R2) (n - 1) / (n - k - 1)``; it is not adjusted where n, the number of
        samples, is not above k + 1.
    name : str, default "r2_score"
        The key in `History.history`.

    Raises
    ------
    ArgumentError
        If there is no such aggregation, or the number is no whole number of at least 0.

    References
    ----------
    Draper and Smith, "Applied regression analysis", third edition, 1998; Keras 3's `keras.metrics.R2Score`.

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
