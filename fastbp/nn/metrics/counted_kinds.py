"""The kinds of metrics that are made of counts: of positives and negatives, above and below thresholds.

At a single threshold, counts of all outputs together are sums over samples like any other. Where outputs are counted
apart, or at several thresholds, or only the largest of a sample, a kernel of tallies counts between thresholds.
"""

from collections.abc import Callable

import numpy as np

from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.curves import Confusion, areas_under_curve, best_where, confusion, share
from fastbp.nn.metrics.kind import Array, Figure, Finish, Kind, Numbers, OfCounts, Totals, ratio


def _confusion(totals: Totals, n_bins: int) -> Confusion:
    """At all thresholds, from a mark and the counts between them"""
    return confusion(_counts(totals, n_bins))


def _counts(totals: Totals, n_bins: int) -> Array:
    """(n_labels, 2, n_bins)"""
    counts = np.array(totals.sums[1:]) * totals.n_samples(0)
    # What was a whole number before it was divided is one again, so that equal shares are equal.
    whole = np.rint(counts)
    counts = np.where(abs(counts - whole) <= 1e-15 * whole, whole, counts)
    return counts.reshape(-1, 2, n_bins)


# --- some thresholds ---


def figures_of_counts(of_counts: OfCounts, totals: Totals) -> Figure:
    """The figures of a metric from counts at its thresholds, in the order in which these were given."""
    assert totals.counting is not None
    cuts, wanted = totals.counting.cuts, totals.counting.thresholds
    found = _confusion(totals, len(cuts) + 1)
    # Behind the end below which there is nothing.
    places = 1 + np.searchsorted(cuts, wanted or cuts)
    chosen = Confusion(*(each[:, places] for each in found))
    figures: list[float] = of_counts(chosen, totals.numbers).ravel().tolist()
    return figures if len(figures) > 1 else figures[0]


def _f_scores(found: Confusion, square: float) -> Array:
    """``(1 + b**2) TP / ((1 + b**2) TP + b**2 FN + FP)`` of each label, at the first threshold"""
    hits = (1.0 + square) * found.true_positives[:, 0]
    return share(hits, square * found.false_negatives[:, 0] + found.false_positives[:, 0])


def _weighted_f_score(found: Confusion, numbers: Numbers) -> Array:
    scores = _f_scores(found, numbers[0] ** 2)
    positives = (found.true_positives + found.false_negatives)[:, 0]
    # A score that is no number must not vanish behind labels that nobody has.
    return scores @ positives / (positives.sum() or 1.0)


def _overlaps(hits: Array, misses: Array, alarms: Array) -> Array:
    """The mean of the intersections over the unions of those labels of which there is a union"""
    unions = hits + misses + alarms
    return np.asarray(share(hits, misses + alarms).sum() / max(1, (unions != 0.0).sum()))


def _labels(numbers: Numbers) -> list[int] | slice:
    """Those with these numbers, all without"""
    return [int(number) for number in numbers] or slice(None)


def _binary_overlap(found: Confusion, numbers: Numbers) -> Array:
    """Of the labels 0 and 1"""
    tp, fp, fn, tn = (float(each[0, 0]) for each in found)
    both = np.array([[tn, fp, fn], [tp, fn, fp]])
    return _overlaps(*both[_labels(numbers)].T)


def _one_hot_overlap(found: Confusion, numbers: Numbers) -> Array:
    labels = _labels(numbers)
    return _overlaps(
        found.true_positives[labels, 0],
        found.false_negatives[labels, 0],
        found.false_positives[labels, 0],
    )


def _f_score(totals: Totals) -> float:
    """``(1 + b**2) TP / (predicted positives + b**2 positives)``"""
    hits, predicted, positives = totals.sums
    square = totals.numbers[1] ** 2
    return ratio((1.0 + square) * hits, predicted + square * positives)


def _count(totals: Totals) -> float:
    """The sum, not divided by the number of samples; exact where it is a whole number"""
    total = totals.sums[0] * totals.n_samples(-1)
    return total if totals.weighted or not np.isfinite(total) else float(round(total))


def _counted(name: str) -> OfCounts:
    return lambda found, _: np.asarray(getattr(found, name))


def _micro() -> Kind:
    return Kind(
        numbers=(0.5, 1.0),
        sums=("true_positives", "predicted_positives", "positives"),
        finish=_f_score,
        in_sums=lambda numbers: numbers[:1],
        of_counts=lambda found, numbers: _f_scores(found, numbers[1] ** 2),
    )


_LARGEST = Counting(apart=True, top_k=1)
AT_THRESHOLDS = {
    "precision": Kind(
        numbers=(0.5,),
        sums=("true_positives", "predicted_positives"),
        finish=lambda totals: ratio(*totals.sums),
        of_counts=lambda found, _: share(found.true_positives, found.false_positives),
    ),
    "recall": Kind(
        numbers=(0.5,),
        sums=("true_positives", "positives"),
        finish=lambda totals: ratio(*totals.sums),
        of_counts=lambda found, _: share(found.true_positives, found.false_negatives),
    ),
    **{name: _micro() for name in ("f1_score", "fbeta_score")},
    "fbeta_score_of_classes": Kind(
        numbers=(1.0,),
        of_counts=lambda found, numbers: _f_scores(found, numbers[0] ** 2),
        counting=_LARGEST,
        by_output=True,
    ),
    "fbeta_score_macro": Kind(
        numbers=(1.0,),
        of_counts=lambda found, numbers: np.asarray(_f_scores(found, numbers[0] ** 2).mean()),
        counting=_LARGEST,
    ),
    "fbeta_score_weighted": Kind(
        numbers=(1.0,),
        of_counts=lambda *given: np.asarray(_weighted_f_score(*given)),
        counting=_LARGEST,
    ),
    "binary_iou": Kind(of_counts=_binary_overlap, counting=Counting((0.5,))),
    "one_hot_iou": Kind(of_counts=_one_hot_overlap, counting=_LARGEST),
    **{
        kind: Kind(
            numbers=(0.5,),
            sums=(kind, "mark"),
            finish=_count,
            cells=lambda numbers, n_outputs: 1,
            of_counts=_counted(kind),
            minimize=kind.startswith("false"),
        )
        for kind in ("true_positives", "false_positives", "true_negatives", "false_negatives")
    },
}


# --- all thresholds at once: numbers = (number of thresholds, labels apart, from logits, ...) ---


def _n_histogram(numbers: Numbers, n_outputs: int) -> int:
    """A mark, and two counts between each two thresholds"""
    return 1 + 2 * (int(numbers[0]) - 1) * (n_outputs if numbers[1] else 1)


def _n_bins(totals: Totals) -> int:
    counting = totals.counting
    if counting is None or not counting.thresholds:
        return int(totals.numbers[0]) - 1
    return len(counting.cuts) + 1


def _area(curve: str, method: str) -> Finish:
    """The numbers from the fourth on are the labels' weights"""

    def finish(totals: Totals) -> float:
        counts, weights = _counts(totals, _n_bins(totals)), np.array(totals.numbers[3:])
        if len(weights) and not totals.numbers[1]:
            counts, weights = np.tensordot(weights, counts, 1)[None], weights[:0]
        areas = areas_under_curve(curve, method, confusion(counts))
        return float(np.average(areas, weights=weights if len(weights) else None))

    return finish


def _best(wanted: str, condition: str) -> Finish:
    """The most of one share where another one is at least a number, the fourth"""

    def finish(totals: Totals) -> float:
        found = _confusion(totals, _n_bins(totals))
        counts = found._asdict()
        if not np.isfinite(found.true_positives).all():
            return float("nan")
        good, bound = (
            share(*(counts[name] for name in _SHARES[each])) for each in (wanted, condition)
        )
        return best_where(good, bound, totals.numbers[3])

    return finish


def _of_histogram(numbers: Numbers, finish: Finish, in_sums: Callable[[Numbers], Numbers]) -> Kind:
    return Kind(
        numbers=numbers,
        sums=("histogram",),
        finish=finish,
        in_sums=in_sums,
        cells=_n_histogram,
        takes_probabilities=True,
    )


#: What each share is of: itself, and the rest.
_SHARES = {
    "sensitivity": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
    "recall": ("true_positives", "false_negatives"),
}
AT_ALL_THRESHOLDS = {
    **{
        f"{curve}_auc_{method}": _of_histogram(
            (200.0, 0.0, 0.0),
            _area(curve, method),
            # Labels that weigh differently are counted apart.
            lambda numbers: (numbers[0], float(len(numbers) > 3 or numbers[1]), numbers[2]),
        )
        for curve in ("roc", "pr")
        for method in ("interpolation", "minoring", "majoring")
    },
    **{
        f"{wanted}_at_{condition}": _of_histogram(
            (200.0, 0.0, 0.0, 0.5), _best(wanted, condition), lambda numbers: numbers[:3]
        )
        for wanted, condition in (
            ("sensitivity", "specificity"),
            ("specificity", "sensitivity"),
            ("precision", "recall"),
            ("recall", "precision"),
        )
    },
}
