"""Round after round, until it is decided for each case whether it has become slower."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from compare.cases import Case
from compare.statistics import Estimate, estimate

SLOWER, AS_FAST, UNDECIDED = "SLOWER", "as fast", "undecided"

#: What a round measures: seconds of steps, (n_cases, n_turns, 2), of each of these cases; called with its number.
Measure = Callable[[Sequence[Case], int], np.ndarray]

# Rounds after which one looks whether it is decided; each look is a chance to be wrong.
_BETWEEN_LOOKS = 4
# The probability that any case of a comparison is ever told slower (or as fast) while the truth is on the other side
# of the interval.
_ERROR = 0.01


@dataclass
class Outcome:
    """What came out for one case.

    Attributes
    ----------
    case : Case
    log_ratios : list of float
        Of head's time to base's, one a round.
    base_us, head_us : list of float
        Microseconds of a step, one a round.
    estimate : Estimate
    verdict : str
    """

    case: Case
    log_ratios: list[float] = field(default_factory=list)
    base_us: list[float] = field(default_factory=list)
    head_us: list[float] = field(default_factory=list)
    estimate: Estimate = field(default_factory=lambda: Estimate(math.nan, 0.0, math.inf))
    verdict: str = UNDECIDED

    @property
    def base(self) -> float:
        """Microseconds of a step, the median."""
        return float(np.median(self.base_us))

    @property
    def head(self) -> float:
        """Microseconds of a step, the median."""
        return float(np.median(self.head_us))

    def add(self, seconds: np.ndarray) -> None:
        """Take note of a round's turns, (n_turns, 2)."""
        # Both of a turn had the same neighbours, and the median does not mind who was interrupted.
        self.log_ratios.append(float(np.median(np.log(seconds[:, 1] / seconds[:, 0]))))
        base, head = np.median(seconds, axis=0) * 1e6
        self.base_us.append(float(base))
        self.head_us.append(float(head))


def verdict(found: Estimate, threshold: float) -> str:
    """Whether a ratio above 1 + `threshold` is proved or ruled out, give or take half of it.

    >>> verdict(Estimate(1.04, 1.02, 1.06), 0.025), verdict(Estimate(1.04, 1.01, 1.07), 0.025)
    ('SLOWER', 'undecided')
    >>> verdict(Estimate(1.00, 0.97, 1.03), 0.025), verdict(Estimate(1.00, 0.96, 1.04), 0.025)
    ('as fast', 'undecided')
    """
    if found.ratio > 1 + threshold:
        return SLOWER if found.low > 1 + threshold / 2 else UNDECIDED
    return AS_FAST if found.high < 1 + 1.5 * threshold else UNDECIDED


def fewest_rounds(n_cases: int, rounds: int) -> int:
    """Rounds without which nothing can be decided, where there may be `rounds`."""
    return math.ceil(-math.log2(_error(n_cases, rounds)))


def decide(cases: Sequence[Case], measure: Measure, rounds: int, threshold: float) -> list[Outcome]:
    """Measure until all is decided, but no more than so many rounds; what is decided is not measured any more."""
    outcomes = [Outcome(case) for case in cases]
    error = _error(len(cases), rounds)
    left = outcomes
    for number in range(1, rounds + 1):
        turns = measure([outcome.case for outcome in left], number)
        for outcome, seconds in zip(left, turns, strict=True):
            outcome.add(seconds)
        if number % _BETWEEN_LOOKS == 0 or number == rounds:
            for outcome in left:
                outcome.estimate = estimate(outcome.log_ratios, error)
                outcome.verdict = verdict(outcome.estimate, threshold)
            left = [outcome for outcome in left if outcome.verdict == UNDECIDED]
            if not left:
                break
    return outcomes


def _error(n_cases: int, rounds: int) -> float:
    """The share of the error that each end of each interval at each look may have."""
    return _ERROR / (2 * n_cases * math.ceil(rounds / _BETWEEN_LOOKS))
