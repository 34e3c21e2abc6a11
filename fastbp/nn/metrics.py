"""The metrics, by name: which fit a loss, which sums over the samples they need, and what is made of these at the end.

The network adds up sums, sample by sample and batch by batch; nothing but sums is averaged. A metric that is no mean
over samples, a precision or a root, is computed from the sums of a whole epoch, or of a whole set.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from fastbp.errors import ArgumentError, unknown_name
from fastbp.nn.loss import Loss
from fastbp.nn.losses import LOSSES
from fastbp.specification import Specification, choose, real_number, whole_number

Numbers = tuple[float, ...]
#: What the kernels add up, and the numbers in its formula.
Sum = tuple[str, Numbers]


def _ratio(part: float, whole: float) -> float:
    """0 where the whole is 0"""
    return part / whole if whole else 0.0


@dataclass(frozen=True)
class _Kind:
    """How a kind of metric is computed.

    Attributes
    ----------
    targets : str
        As for a loss.
    numbers : tuple of float
        Where the user chose none.
    sums : tuple of str
        What is added up, each with the metric's numbers; none where it is what the kind is called.
    finish : callable or None
        From the sums, each divided by the number of samples, to the metric; None where it is the one sum.
    """

    targets: str = "dense"
    numbers: Numbers = ()
    sums: tuple[str, ...] = ()
    finish: Callable[..., float] | None = None


_OF_LOSSES = {name: LOSSES.resolve(name) for name in LOSSES.names}
_KINDS: dict[str, _Kind] = {
    "binary_accuracy": _Kind(numbers=(0.5,)),
    "categorical_accuracy": _Kind(),
    "sparse_categorical_accuracy": _Kind("classes"),
    "top_k_categorical_accuracy": _Kind(numbers=(5.0,)),
    "sparse_top_k_categorical_accuracy": _Kind("classes", numbers=(5.0,)),
    "root_mean_squared_error": _Kind(sums=("mean_squared_error",), finish=sqrt),
    "precision": _Kind(
        numbers=(0.5,), sums=("true_positives", "predicted_positives"), finish=_ratio
    ),
    "recall": _Kind(numbers=(0.5,), sums=("true_positives", "positives"), finish=_ratio),
    "f1_score": _Kind(
        numbers=(0.5,),
        sums=("true_positives", "predicted_positives", "positives"),
        finish=lambda hits, predicted, positives: _ratio(2.0 * hits, predicted + positives),
    ),
    **{name: _Kind(loss.targets, loss.numbers) for name, loss in _OF_LOSSES.items()},
}
METRICS = tuple(_KINDS)

_ALIASES = {
    "acc": "accuracy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "rmse": "root_mean_squared_error",
    "logcosh": "log_cosh",
    "kld": "kl_divergence",
    "bce": "binary_crossentropy",
    "Precision": "precision",
    "Recall": "recall",
    "F1Score": "f1_score",
    "RootMeanSquaredError": "root_mean_squared_error",
}


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
    """

    name: str
    kind: str
    numbers: Numbers = ()

    def __post_init__(self) -> None:
        kind = _KINDS.get(self.kind)
        default = kind.numbers if kind is not None else ()
        choose(self, numbers=tuple(self.numbers) or default)

    @property
    def sums(self) -> tuple[Sum, ...]:
        """What the network has to add up."""
        return tuple((name, self.numbers) for name in _KINDS[self.kind].sums or (self.kind,))


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
        super().__init__(name, "f1_score", _threshold(threshold))


def _threshold(value: object) -> Numbers:
    return (real_number("threshold", value, above=0, below=1),)


def figures_by_name(metrics: Sequence[Metric], sums: Sequence[float]) -> dict[str, float]:
    """The loss and the metrics, from the loss and the sums, each divided by the number of samples.

    Examples
    --------
    >>> figures_by_name([Metric("rmse", "root_mean_squared_error")], [0.5, 4.0])
    {'loss': 0.5, 'rmse': 2.0}
    """
    figures, at = {"loss": float(sums[0])}, 1
    for metric in metrics:
        end = at + len(metric.sums)
        finish: Any = _KINDS[metric.kind].finish or float
        figures[metric.name] = float(finish(*sums[at:end]))
        at = end
    return figures


def resolve_metrics(
    metrics: Iterable[str | Metric | Loss] | str | None, loss: Loss, n_outputs: int
) -> tuple[Metric, ...]:
    """Return the metrics that a user's names mean for this loss and this many outputs.

    "accuracy" is Keras's: binary for one output, else the share of samples whose largest output is the right class.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    ArgumentError
        If the metric's targets are not what the loss's targets are, or a name comes twice.

    Examples
    --------
    >>> from fastbp.nn.crossentropies import SparseCategoricalCrossentropy
    >>> resolve_metrics(["accuracy"], SparseCategoricalCrossentropy(), 10)
    (Metric(name='accuracy', kind='sparse_categorical_accuracy', numbers=()),)
    """
    wanted = (metrics,) if isinstance(metrics, (str, Metric, Loss)) else tuple(metrics or ())
    resolved = tuple(_resolve(metric, loss, n_outputs) for metric in wanted)
    names = [metric.name for metric in resolved]
    for name in names:
        if names.count(name) > 1 or name == "loss":
            raise ArgumentError(f"metric {name!r} is there twice")
    return resolved


def _resolve(wanted: str | Metric | Loss, loss: Loss, n_outputs: int) -> Metric:
    if isinstance(wanted, Metric):
        # A plain one, whatever class wrote its settings down.
        metric = Metric(wanted.name, wanted.kind, wanted.numbers)
    elif isinstance(wanted, Loss):
        metric = Metric(wanted.name, wanted.name, wanted.numbers)
    elif isinstance(wanted, str):
        kind = _ALIASES.get(wanted, wanted)
        if kind == "accuracy":
            kind = _accuracy(loss, n_outputs)
        metric = Metric(wanted, kind)
        # What the loss measures by its own numbers.
        if kind == loss.name:
            metric = Metric(wanted, kind, loss.numbers)
    else:
        raise ArgumentError(f"a metric must be a name, not {type(wanted).__name__}")
    if metric.kind not in METRICS:
        raise unknown_name("metric", metric.kind, ("accuracy", *METRICS))
    targets = _KINDS[metric.kind].targets
    if targets != loss.targets:
        words = {"dense": "a number for every output", "classes": "class numbers"}
        raise ArgumentError(
            f"metric {metric.name!r} takes {words[targets]} as targets, "
            f"but loss {loss.name!r} takes {words[loss.targets]}"
        )
    return metric


def _accuracy(loss: Loss, n_outputs: int) -> str:
    if loss.targets == "classes":
        return "sparse_categorical_accuracy"
    return "binary_accuracy" if n_outputs == 1 else "categorical_accuracy"
