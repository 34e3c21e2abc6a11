"""The kinds of metrics: which sums over the samples each needs, and what is made of these at the end.

A network adds up sums, sample by sample and batch by batch; nothing but sums is averaged. A metric that is no mean
over samples, a precision or an area under a curve, is computed from the sums of a whole epoch, or of a whole set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from fastbp.nn.curves import Confusion, area_under_curve, best_where, confusion, share
from fastbp.nn.determination import adjusted, r2_of_outputs
from fastbp.nn.losses import LOSSES

Numbers = tuple[float, ...]

#: Numbers that are kept of an output for R2: a mark, what is taken off, and three sums.
_DEVIATIONS = 5


class Sum(NamedTuple):
    """What the kernels add up.

    Attributes
    ----------
    kind : str
        The kernels' name for it.
    numbers : tuple of float
        Those in its formula.
    weighted : bool
        Whether samples count by their weights.
    cells : int
        How many sums its kernel adds to by itself; 0 for a number of each sample.
    """

    kind: str
    numbers: Numbers = ()
    weighted: bool = False
    cells: int = 0


@dataclass(frozen=True)
class Totals:
    """What a metric is computed from.

    Attributes
    ----------
    sums : list of float
        All of its sums, each divided by the number of samples.
    weight : float
        The mean weight of the samples, 1 where they are not weighted.
    weighted : bool
        Whether they are.
    numbers : tuple of float
        The metric's.
    """

    sums: Sequence[float]
    weight: float
    weighted: bool
    numbers: Numbers

    def n_samples(self, mark: int) -> int:
        """The number of samples, from one of the sums that is a 1, and not a sum."""
        return round(_ratio(1.0, self.sums[mark]))


Finish = Callable[[Totals], float]


@dataclass(frozen=True)
class Kind:
    """How a kind of metric is computed.

    Attributes
    ----------
    targets : str
        As for a loss.
    numbers : tuple of float
        Where the user chose none.
    sums : tuple of str
        What is added up; none where it is what the kind is called.
    finish : callable
        From the sums to the metric.
    n_numbers : int or None
        How many of the numbers the sums have in their formulas; None for all.
    cells : callable or None
        From the metric's numbers and the number of outputs: how many sums it has that its kernel adds to by itself,
        those of the last of `sums`.
    takes_probabilities : bool
        Whether outputs are to lie in [0, 1].
    minimize : bool
        Whether less is better.
    """

    targets: str = "dense"
    numbers: Numbers = ()
    sums: tuple[str, ...] = ()
    finish: Finish = lambda totals: _ratio(totals.sums[0], totals.weight)
    n_numbers: int | None = None
    cells: Callable[[Numbers, int], int] | None = None
    takes_probabilities: bool = False
    minimize: bool = False


def _ratio(part: float, whole: float) -> float:
    """0 where the whole is 0"""
    return part / whole if whole else 0.0


# --- single thresholds ---


def _f_score(totals: Totals) -> float:
    """``(1 + b**2) TP / (predicted positives + b**2 positives)``"""
    hits, predicted, positives = totals.sums
    square = totals.numbers[1] ** 2
    return _ratio((1.0 + square) * hits, predicted + square * positives)


def _count(totals: Totals) -> float:
    """The sum, not divided by the number of samples; exact where it is a whole number"""
    total = totals.sums[0] * totals.n_samples(-1)
    return total if totals.weighted or not np.isfinite(total) else float(round(total))


_AT_A_THRESHOLD = {
    "precision": Kind(
        numbers=(0.5,),
        sums=("true_positives", "predicted_positives"),
        finish=lambda totals: _ratio(*totals.sums),
    ),
    "recall": Kind(
        numbers=(0.5,),
        sums=("true_positives", "positives"),
        finish=lambda totals: _ratio(*totals.sums),
    ),
    "f1_score": Kind(
        numbers=(0.5, 1.0),
        sums=("true_positives", "predicted_positives", "positives"),
        finish=_f_score,
        n_numbers=1,
    ),
    "fbeta_score": Kind(
        numbers=(0.5, 1.0),
        sums=("true_positives", "predicted_positives", "positives"),
        finish=_f_score,
        n_numbers=1,
    ),
    **{
        kind: Kind(
            numbers=(0.5,),
            sums=(kind, "mark"),
            finish=_count,
            cells=lambda numbers, n_outputs: 1,
            minimize=kind.startswith("false"),
        )
        for kind in ("true_positives", "false_positives", "true_negatives", "false_negatives")
    },
}


# --- all thresholds at once: numbers = (number of thresholds, labels apart, from logits, ...) ---


def _n_histogram(numbers: Numbers, n_outputs: int) -> int:
    """A mark, and two counts between each two thresholds"""
    return 1 + 2 * (int(numbers[0]) - 1) * (n_outputs if numbers[1] else 1)


def _confusion(totals: Totals) -> Confusion:
    counts = np.array(totals.sums[1:]) * totals.n_samples(0)
    # What was a whole number before it was divided is one again, so that equal shares are equal.
    whole = np.rint(counts)
    counts = np.where(abs(counts - whole) <= 1e-15 * whole, whole, counts)
    return confusion(counts.reshape(-1, 2, int(totals.numbers[0]) - 1))


def _of_histogram(numbers: Numbers, finish: Finish) -> Kind:
    return Kind(
        numbers=numbers,
        sums=("histogram",),
        finish=finish,
        n_numbers=3,
        cells=_n_histogram,
        takes_probabilities=True,
    )


def _area(curve: str, method: str) -> Finish:
    return lambda totals: area_under_curve(curve, method, _confusion(totals))


def _best(wanted: str, condition: str) -> Finish:
    """The most of one share where another one is at least a number, the fourth"""

    def finish(totals: Totals) -> float:
        found = _confusion(totals)
        counts = found._asdict()
        if not np.isfinite(found.true_positives).all():
            return float("nan")
        good, bound = (
            share(*(counts[name] for name in _SHARES[each])) for each in (wanted, condition)
        )
        return best_where(good, bound, totals.numbers[3])

    return finish


#: What each share is of: itself, and the rest.
_SHARES = {
    "sensitivity": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
    "recall": ("true_positives", "false_negatives"),
}
_AT_ALL_THRESHOLDS = {
    **{
        f"{curve}_auc_{method}": _of_histogram((200.0, 0.0, 0.0), _area(curve, method))
        for curve in ("roc", "pr")
        for method in ("interpolation", "minoring", "majoring")
    },
    **{
        f"{wanted}_at_{condition}": _of_histogram((200.0, 0.0, 0.0, 0.5), _best(wanted, condition))
        for wanted, condition in (
            ("sensitivity", "specificity"),
            ("specificity", "sensitivity"),
            ("precision", "recall"),
            ("recall", "precision"),
        )
    },
}


# --- variances ---


def _r2(totals: Totals, by_variance: bool) -> float:
    cells = np.reshape(totals.sums, (-1, _DEVIATIONS))
    if not totals.weight:
        return 0.0
    scores, variances = r2_of_outputs(*(cells[:, 2:].T / totals.weight))
    weights = variances if by_variance and variances.sum() != 0 else None
    r2 = float(np.average(scores, weights=weights))
    return adjusted(r2, totals.n_samples(0), int(totals.numbers[0]))


def _of_deviations(finish: Finish) -> Kind:
    return Kind(
        numbers=(0.0,),
        sums=("deviations",),
        finish=finish,
        n_numbers=0,
        cells=lambda numbers, n_outputs: _DEVIATIONS * n_outputs,
    )


_OF_LOSSES = {name: LOSSES.resolve(name) for name in LOSSES.names}
KINDS: dict[str, Kind] = {
    "binary_accuracy": Kind(numbers=(0.5,)),
    "categorical_accuracy": Kind(),
    "sparse_categorical_accuracy": Kind("classes"),
    "top_k_categorical_accuracy": Kind(numbers=(5.0,)),
    "sparse_top_k_categorical_accuracy": Kind("classes", numbers=(5.0,)),
    "root_mean_squared_error": Kind(
        sums=("mean_squared_error",),
        finish=lambda totals: sqrt(_ratio(totals.sums[0], totals.weight)),
        minimize=True,
    ),
    **_AT_A_THRESHOLD,
    **_AT_ALL_THRESHOLDS,
    "r2_score": _of_deviations(lambda totals: _r2(totals, by_variance=False)),
    "r2_score_by_variance": _of_deviations(lambda totals: _r2(totals, by_variance=True)),
    # The metric is the cosine, the loss its negative.
    **{
        name: Kind(loss.targets, loss.numbers, minimize=name != "cosine_similarity")
        for name, loss in _OF_LOSSES.items()
    },
}
METRICS = tuple(KINDS)


def sums_of(kind: str, numbers: Numbers, weighted: bool, n_outputs: int) -> tuple[Sum, ...]:
    """What the network has to add up for a metric.

    Examples
    --------
    >>> sums_of("recall", (0.5,), False, 1)
    (Sum(kind='true_positives', numbers=(0.5,), weighted=False, cells=0),
     Sum(kind='positives', numbers=(0.5,), weighted=False, cells=0))
    """
    how = KINDS[kind]
    names = how.sums or (kind,)
    found = [Sum(name, numbers[: how.n_numbers], weighted) for name in names]
    if how.cells is not None:
        cells = how.cells(numbers, n_outputs)
        found[-1] = Sum("mark", cells=1) if names[-1] == "mark" else found[-1]._replace(cells=cells)
    return tuple(found)
