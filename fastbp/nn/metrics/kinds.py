"""The table of all kinds of metrics, and what the network has to add up for each."""

from math import sqrt

import numpy as np

from fastbp.nn.losses import LOSSES
from fastbp.nn.metrics.counted_kinds import AT_ALL_THRESHOLDS, AT_THRESHOLDS, figures_of_counts
from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.determination import adjusted, r2_of_outputs
from fastbp.nn.metrics.kind import Array, Figure, Finish, Kind, Numbers, Summand, Totals, ratio

#: Numbers that are kept of an output for R2: a mark, what is taken off, and three sums.
_DEVIATIONS = 5


# --- variances ---


def _r2_of_outputs(totals: Totals) -> tuple[Array, Array]:
    """Of each output, adjusted; and the variances of their targets"""
    cells = np.reshape(totals.sums, (-1, _DEVIATIONS))
    if not totals.weight:
        return np.zeros(len(cells)), np.zeros(len(cells))
    scores, variances = r2_of_outputs(*(cells[:, 2:].T / totals.weight))
    return adjusted(scores, totals.n_samples(0), int(totals.numbers[0])), variances


def _r2(totals: Totals, by_variance: bool) -> float:
    scores, variances = _r2_of_outputs(totals)
    weights = variances if by_variance and variances.sum() != 0 else None
    return float(np.average(scores, weights=weights))


def _each_r2(totals: Totals) -> Figure:
    scores: list[float] = _r2_of_outputs(totals)[0].tolist()
    return scores if len(scores) > 1 else scores[0]


def _of_deviations(finish: Finish, by_output: bool = False) -> Kind:
    return Kind(
        numbers=(0.0,),
        sums=("deviations",),
        finish=finish,
        in_sums=lambda numbers: (),
        cells=lambda numbers, n_outputs: _DEVIATIONS * n_outputs,
        by_output=by_output,
    )


_OF_LOSSES = {name: LOSSES.resolve(name) for name in LOSSES.names}
KINDS: dict[str, Kind] = {
    "binary_accuracy": Kind(numbers=(0.5,)),
    "exact_accuracy": Kind(),
    "categorical_accuracy": Kind(),
    "sparse_categorical_accuracy": Kind("classes"),
    "top_k_categorical_accuracy": Kind(numbers=(5.0,)),
    "sparse_top_k_categorical_accuracy": Kind("classes", numbers=(5.0,)),
    "root_mean_squared_error": Kind(
        sums=("mean_squared_error",),
        finish=lambda totals: sqrt(ratio(totals.sums[0], totals.weight)),
        minimize=True,
    ),
    "mean": Kind(minimize=None),
    "sum": Kind(
        sums=("sum_of_outputs", "mark"),
        finish=lambda totals: totals.sums[0] * totals.n_samples(-1),
        cells=lambda numbers, n_outputs: 1,
        minimize=None,
    ),
    "pearson_correlation": Kind(n_outputs_least=2),
    "concordance_correlation": Kind(n_outputs_least=2),
    **AT_THRESHOLDS,
    **AT_ALL_THRESHOLDS,
    "r2_score": _of_deviations(lambda totals: _r2(totals, by_variance=False)),
    "r2_score_by_variance": _of_deviations(lambda totals: _r2(totals, by_variance=True)),
    "r2_score_of_outputs": _of_deviations(_each_r2, by_output=True),
    # The metric is the cosine, the loss its negative.
    **{
        name: Kind(loss.targets, loss.numbers, minimize=name != "cosine_similarity")
        for name, loss in _OF_LOSSES.items()
    },
}
METRICS = tuple(KINDS)


def _is_counted(kind: str, counting: Counting | None) -> bool:
    """Whether a kernel counts between thresholds that are not evenly spaced"""
    if counting is None:
        return False
    return bool(counting.thresholds) or KINDS[kind].of_counts is not None


def sums_of(
    kind: str,
    numbers: Numbers,
    weighted: bool,
    n_outputs: int,
    counting: Counting | None = None,
) -> tuple[Summand, ...]:
    """What the network has to add up for a metric.

    Examples
    --------
    >>> [(each.kind, each.numbers) for each in sums_of("recall", (0.5,), False, 1)]
    [('true_positives', (0.5,)), ('positives', (0.5,))]
    >>> [found] = sums_of("recall", (), False, 10, Counting((0.7, 0.3)))
    >>> found.kind, found.numbers, found.cells
    ('counts', (0.3, 0.7), 7)
    """
    how = KINDS[kind]
    if counting is not None and _is_counted(kind, counting):
        # A mark, and two counts on each side of each threshold.
        cells = 1 + 2 * (len(counting.cuts) + 1) * counting.n_labels(n_outputs)
        plain = counting._replace(thresholds=(), n_outputs=0)
        return (Summand("counts", counting.cuts, weighted, cells, plain),)
    names, numbers = how.sums or (kind,), how.in_sums(numbers)
    found = [Summand(name, numbers, weighted) for name in names]
    if how.cells is not None:
        cells = how.cells(numbers, n_outputs)
        found[-1] = (
            Summand("mark", cells=1) if names[-1] == "mark" else found[-1]._replace(cells=cells)
        )
    if counting is not None and counting.class_id >= 0:
        found[-1] = found[-1]._replace(counting=Counting(class_id=counting.class_id))
    return tuple(found)


def figure_of(kind: str, totals: Totals) -> Figure:
    """The metric, a number or several, from its sums."""
    how = KINDS[kind]
    if how.of_counts is not None and totals.counting is not None:
        return figures_of_counts(how.of_counts, totals)
    found = how.finish(totals)
    return found if isinstance(found, list) else float(found)


def n_figures(kind: str, n_outputs: int, counting: Counting | None) -> int:
    """How many numbers a metric has: one for each output, one for each threshold, or one."""
    how = KINDS[kind]
    if how.by_output:
        return n_outputs
    return max(1, len(counting.thresholds)) if how.of_counts and counting else 1
