"""The metrics, by name, and which of them fit a loss."""

from collections.abc import Iterable
from dataclasses import dataclass

from fastbp.errors import ArgumentError, unknown_name
from fastbp.nn.losses import LOSSES, Loss
from fastbp.specification import Specification

# kind -> what its targets are
_ACCURACIES = {
    "binary_accuracy": "dense",
    "categorical_accuracy": "dense",
    "sparse_categorical_accuracy": "classes",
}
METRICS = (*_ACCURACIES, *LOSSES.names)

_ALIASES = {"acc": "accuracy", "mse": "mean_squared_error", "mae": "mean_absolute_error"}


@dataclass(frozen=True)
class Metric(Specification):
    """A figure that is reported and not minimized.

    Attributes
    ----------
    name : str
        The key in `History.history`, as the user wrote it.
    kind : str
        What is computed, one of `METRICS`.
    """

    name: str
    kind: str


def resolve_metrics(
    metrics: Iterable[str | Metric] | str | None, loss: Loss, n_outputs: int
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
    >>> from fastbp.nn.losses import SparseCategoricalCrossentropy
    >>> resolve_metrics(["accuracy"], SparseCategoricalCrossentropy(), 10)
    (Metric(name='accuracy', kind='sparse_categorical_accuracy'),)
    """
    wanted = (metrics,) if isinstance(metrics, (str, Metric)) else tuple(metrics or ())
    resolved = tuple(_resolve(metric, loss, n_outputs) for metric in wanted)
    names = [metric.name for metric in resolved]
    for name in names:
        if names.count(name) > 1 or name == "loss":
            raise ArgumentError(f"metric {name!r} is there twice")
    return resolved


def _resolve(wanted: str | Metric, loss: Loss, n_outputs: int) -> Metric:
    if isinstance(wanted, Metric):
        metric = wanted
    elif isinstance(wanted, str):
        kind = _ALIASES.get(wanted, wanted)
        if kind == "accuracy":
            kind = _accuracy(loss, n_outputs)
        metric = Metric(wanted, kind)
    else:
        raise ArgumentError(f"a metric must be a name, not {type(wanted).__name__}")
    if metric.kind not in METRICS:
        raise unknown_name("metric", metric.kind, ("accuracy", *METRICS))
    targets = _ACCURACIES.get(metric.kind) or LOSSES.resolve(metric.kind).targets
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
