"""How much slower, and how sure that is, from few and noisy log ratios with outliers among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A ratio of times, head's to base's, and the interval in which it lies."""

    ratio: float
    low: float
    high: float


def estimate(log_ratios: Sequence[float], error: float) -> Estimate:
    """The ratio and its interval, whose ends the truth lies beyond with a probability of `error` each.

    The median of all means of two (Hodges and Lehmann 1963), and the interval that belongs to Wilcoxon's signed-rank
    test. Exact for whatever is symmetric; equal versions are, as they take turns. Too few values: no bounds.

    >>> estimate([0.0, 0.01, 0.02], 0.2)
    Estimate(ratio=1.010050167084168, low=1.0, high=1.02020134002675...)
    >>> estimate([0.0, 0.01, 0.02], 0.1).high
    inf
    """
    values = np.asarray(log_ratios)
    first, second = np.triu_indices(len(values))
    means = np.sort((values[first] + values[second]) / 2)
    beyond = _beyond(len(values), error)
    low, high = (-np.inf, np.inf) if beyond is None else (means[beyond], means[-1 - beyond])
    return Estimate(*(float(np.exp(each)) for each in (np.median(means), low, high)))


@cache
def _beyond(n: int, error: float) -> int | None:
    """The largest sum of signed ranks that is not exceeded with a probability of at most `error`."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[:-rank]
    likely = np.cumsum(ways) / 2.0**n <= error
    return int(likely.sum()) - 1 if likely[0] else None
