"""The metrics of a model: what the names mean that a user gave, and the figures by name from what was added up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from fastbp.errors import ArgumentError, unknown_name
from fastbp.nn.losses import LOSSES
from fastbp.nn.losses.loss import LossFunction
from fastbp.nn.metrics.counting import LOWEST, Counting
from fastbp.nn.metrics.kind import Summand, Totals
from fastbp.nn.metrics.kinds import KINDS, METRICS, figure_of
from fastbp.nn.metrics.metric import Metric

MetricWanted = str | Metric | LossFunction | type[Metric] | type[LossFunction]
MetricsWanted = Iterable[MetricWanted] | MetricWanted | None

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
    "MSE": "mean_squared_error",
    "MAE": "mean_absolute_error",
    "MAPE": "mean_absolute_percentage_error",
    "MSLE": "mean_squared_logarithmic_error",
    "KLD": "kl_divergence",
    "BCE": "binary_crossentropy",
    "auc": "roc_auc_interpolation",
    "AUC": "roc_auc_interpolation",
    "R2Score": "r2_score",
    "Precision": "precision",
    "Recall": "recall",
    # By name, as their classes make them; what older files mean by these kinds is "micro" at 1/2.
    "f1_score": "fbeta_score_of_classes",
    "F1Score": "fbeta_score_of_classes",
    "fbeta_score": "fbeta_score_of_classes",
    "FBetaScore": "fbeta_score_of_classes",
    "BinaryIoU": "binary_iou",
    "TruePositives": "true_positives",
    "FalsePositives": "false_positives",
    "TrueNegatives": "true_negatives",
    "FalseNegatives": "false_negatives",
    "RootMeanSquaredError": "root_mean_squared_error",
    "Mean": "mean",
    "Sum": "sum",
    "PearsonCorrelation": "pearson_correlation",
    "ConcordanceCorrelation": "concordance_correlation",
    "LogCoshError": "log_cosh",
    **{type(LOSSES.resolve(name)).__name__: name for name in LOSSES.names},
}
_WEIGHT = Summand("sample_weight", weighted=True)
#: Activations whose outputs are probabilities.
PROBABILITIES = ("sigmoid", "softmax", "sparsemax", "hard_sigmoid", "sparse_sigmoid")


# --- figures ---


def sums_to_add(metrics: Sequence[Metric]) -> tuple[Summand, ...]:
    """What the network adds up besides the loss, each once, in the order of its sums.

    First come numbers of single samples, last of these the weights if some metric needs them, then sums that kernels
    add to by themselves.

    Examples
    --------
    >>> [each.kind for each in sums_to_add([Metric("f1", "f1_score"), Metric("recall", "recall")])]
    ['true_positives', 'predicted_positives', 'positives']
    """
    wanted = dict.fromkeys(each for metric in metrics for each in metric.sums)
    weights = [_WEIGHT] * any(metric.weighted for metric in metrics)
    of_samples = [each for each in wanted if not each.cells]
    return (*of_samples, *weights, *(each for each in wanted if each.cells))


def n_sums(metrics: Sequence[Metric]) -> int:
    """How many numbers the network adds up, the loss among them."""
    return 1 + sum(each.cells or 1 for each in sums_to_add(metrics))


def figures_by_name(metrics: Sequence[Metric], sums: Sequence[float]) -> dict[str, Any]:
    """The loss and the metrics, from the loss and the sums, each divided by the number of samples.

    A metric with a number for each threshold or output is a list.

    Examples
    --------
    >>> figures_by_name([Metric("rmse", "root_mean_squared_error")], [0.5, 4.0])
    {'loss': 0.5, 'rmse': 2.0}
    """
    figures: dict[str, Any] = {"loss": float(sums[0])}
    for metric, places, weight in _places(tuple(metrics)):
        totals = Totals(
            [sums[place] for place in places],
            sums[weight] if weight else 1.0,
            metric.weighted,
            metric.numbers,
            metric.counting,
        )
        figures[metric.name] = figure_of(metric.kind, totals)
    return figures


@lru_cache(maxsize=32)
def _places(metrics: tuple[Metric, ...]) -> list[tuple[Metric, list[int], int]]:
    """For each metric: where its sums are, and where that of the weights is, 0 if it needs none"""
    found: dict[Summand, range] = {}
    end = 1
    for each in sums_to_add(metrics):
        found[each] = range(end, end + (each.cells or 1))
        end = found[each].stop
    weight = found.get(_WEIGHT, range(1))[0]
    return [
        (
            metric,
            [place for each in metric.sums for place in found[each]],
            weight if metric.weighted else 0,
        )
        for metric in metrics
    ]


# --- names ---


def resolve_metrics(
    metrics: MetricsWanted,
    loss: LossFunction,
    n_outputs: int,
    weighted: MetricsWanted = None,
    activation: str | None = None,
) -> tuple[Metric, ...]:
    """Return the metrics that a user's names mean for this loss and this many outputs.

    "accuracy" is Keras's: binary for one output, else the share of samples whose largest output is the right class.

    Parameters
    ----------
    metrics, weighted : iterable of str, Metric or LossFunction, or one name
        Those for which all samples count the same, and those for which they count by their weights. A weighted one
        whose name is taken has "weighted_" before it.
    loss : LossFunction
    n_outputs : int
    activation : str or None
        That of the model's outputs; None where it is not known.

    Raises
    ------
    UnknownNameError
        If there is no such metric.
    ArgumentError
        If the metric's targets are not what the loss's targets are, it takes other outputs, or a name comes twice.

    Examples
    --------
    >>> from fastbp.nn.losses.crossentropies import SparseCategoricalCrossentropy
    >>> [metric.kind for metric in resolve_metrics(["accuracy"], SparseCategoricalCrossentropy(), 10)]
    ['sparse_categorical_accuracy']
    """
    resolved: list[Metric] = []
    for wanted, by_weight in ((metrics, False), (weighted, True)):
        if isinstance(wanted, Mapping):
            raise ArgumentError(f"metrics must be a list, not {type(wanted).__name__}")
        for each in (
            (wanted,)
            if isinstance(wanted, (str, Metric, LossFunction, type))
            else tuple(wanted or ())
        ):
            metric = _resolve(each, loss, n_outputs)
            taken = ["loss", *(other.name for other in resolved)]
            if by_weight:
                name = f"weighted_{metric.name}" if metric.name in taken else metric.name
                metric = replace(metric, name=name, weighted=True)
            if metric.name in taken:
                raise ArgumentError(f"metric {metric.name!r} is there twice")
            if activation is not None and loss.output_activation is None:
                _check_outputs(metric, activation)
            resolved.append(metric)
    return tuple(resolved)


def _resolve(wanted: MetricWanted, loss: LossFunction, n_outputs: int) -> Metric:
    if isinstance(wanted, type) and issubclass(wanted, (Metric, LossFunction)):
        name, make = wanted.__name__, cast(Callable[[], Metric | LossFunction], wanted)
        try:
            wanted = make()
        except TypeError:
            raise ArgumentError(f"metric {name} needs settings: {name}(...)") from None
    if isinstance(wanted, Metric):
        # A plain one, whatever class wrote its settings down.
        metric = Metric(
            wanted.name, wanted.kind, wanted.numbers, wanted.weighted, counting=wanted.counting
        )
    elif isinstance(wanted, LossFunction):
        _check_loss(wanted, loss)
        metric = Metric(wanted.name or wanted.kind, wanted.kind, wanted.numbers)
    elif isinstance(wanted, str):
        kind = _ALIASES.get(wanted, wanted)
        if kind == "accuracy":
            kind = _accuracy(loss, n_outputs)
        metric = Metric(wanted, kind)
        # What the loss measures by its own numbers.
        if kind == loss.kind:
            metric = Metric(wanted, kind, loss.numbers)
    else:
        raise ArgumentError(
            f"a metric must be a name, one of fastbp.metrics, or MeanMetricWrapper(fn) of a function that numba.njit "
            f"compiled, not {type(wanted).__name__}"
        )
    if metric.kind not in KINDS:
        raise unknown_name("metric", metric.kind, ("accuracy", "auc", *METRICS))
    kind_of = KINDS[metric.kind]
    if n_outputs < kind_of.n_outputs_least:
        raise ArgumentError(
            f"metric {metric.name!r} looks at how the outputs of a sample go together, and the model has one: "
            "'r2_score' looks at all samples together"
        )
    if kind_of.targets == "dense" and loss.targets == "classes":
        metric = _of_classes(metric)
    elif kind_of.targets != loss.targets:
        raise ArgumentError(
            f"metric {metric.name!r} takes class numbers as targets, but loss {loss.kind!r} takes a number for every "
            f"output: use {metric.kind.removeprefix('sparse_')!r}"
        )
    counting = metric.counting
    if counting is None:
        return replace(metric, n_outputs=n_outputs) if kind_of.cells is not None else metric
    if n_outputs == 1 and counting.top_k == 1 and not counting.thresholds:
        counting = counting._replace(top_k=0, thresholds=(0.5,))
    _check_counting(metric.name, counting, n_outputs)
    return replace(metric, n_outputs=n_outputs, counting=counting)


def _of_classes(metric: Metric) -> Metric:
    """The metric of one-hot targets that are given as class numbers"""
    kind, counting = KINDS[metric.kind], metric.counting
    if kind.takes_probabilities:
        n, apart, of_logits = kind.in_sums(metric.numbers)
        if counting is None or not counting.thresholds:
            even = tuple(i / (n - 1.0) for i in range(1, int(n) - 1)) or (LOWEST,)
            counting = (counting or Counting())._replace(
                thresholds=even, apart=bool(apart), soft=True, from_logits=bool(of_logits)
            )
    elif kind.of_counts is not None:
        counting = counting or Counting(metric.numbers[:1])
    else:
        raise ArgumentError(
            f"metric {metric.name!r} takes a number for every output as targets, but the loss takes class numbers: "
            "give one-hot targets, numpy.eye(n_classes)[y], and a loss that takes them, such as "
            "'categorical_crossentropy'"
        )
    return replace(metric, counting=counting)


def _check_counting(name: str, counting: Counting, n_outputs: int) -> None:
    """That the model has the outputs that a metric asks for"""
    if counting.n_outputs not in (0, n_outputs):
        raise ArgumentError(
            f"metric {name!r} is one of {counting.n_outputs} outputs, but the model has {n_outputs}"
        )
    if counting.class_id >= n_outputs:
        raise ArgumentError(
            f"metric {name!r} has class_id={counting.class_id}, but the model's outputs end with {n_outputs - 1}"
        )
    if counting.top_k > n_outputs:
        raise ArgumentError(
            f"metric {name!r} has top_k={counting.top_k}, but the model has {n_outputs} outputs"
        )


def _accuracy(loss: LossFunction, n_outputs: int) -> str:
    if loss.targets == "classes":
        return "sparse_categorical_accuracy"
    return "binary_accuracy" if n_outputs == 1 else "categorical_accuracy"


def _check_loss(wanted: LossFunction, loss: LossFunction) -> None:
    """That a loss means as a metric what it says"""
    if wanted.label_smoothing:
        raise ArgumentError(
            f"metrics see the targets as they are: leave label_smoothing of {wanted.kind!r} away"
        )
    if wanted.output_activation not in (None, loss.output_activation):
        raise ArgumentError(
            f"metrics see the outputs as the loss does, so that {wanted.kind!r} with from_logits=True goes with a loss "
            f"that has it too, not with {loss.kind!r}"
        )


def _check_outputs(metric: Metric, activation: str) -> None:
    """That a metric of probabilities gets them, and makes none of probabilities"""
    if not KINDS[metric.kind].takes_probabilities:
        return
    from_logits = bool(metric.numbers[2])
    if from_logits and activation in PROBABILITIES:
        raise ArgumentError(
            f"metric {metric.name!r} has from_logits=True, but the model ends in a {activation}, which makes "
            "probabilities of the logits: leave one of both away"
        )
    if not from_logits and activation not in PROBABILITIES:
        remedy = ", or AUC(from_logits=True)" if "auc" in metric.kind else ""
        raise ArgumentError(
            f"metric {metric.name!r} takes probabilities, but the model ends in {activation!r}: end it in a sigmoid or "
            f"softmax, or use a cross-entropy with from_logits=True{remedy}"
        )
