"""Compares two versions in rounds of fresh pairs."""

import sys
from collections.abc import Sequence

import numpy as np

from compare.cases import Case
from compare.decision import Outcome, decide
from compare.pairs import Pair
from compare.versions import Version

#: A slowdown of this share is an alarm; and rounds after which one gives up.
THRESHOLD, ROUNDS = 0.025, 32


def compare(
    base: Version, head: Version, cases: Sequence[Case], rounds: int, threshold: float
) -> list[Outcome]:
    """What became of each case.

    Raises
    ------
    NotMeasuredError
        If a version does not train them.
    """
    _tell("compiling")
    with Pair(base, head, cases):
        # What was compiled is loaded by all rounds alike.
        pass

    def measure(left: Sequence[Case], number: int) -> np.ndarray:
        _tell(f"round {number} of at most {rounds}, {len(left)} of {len(cases)} cases left")
        with Pair(base, head, left) as pair:
            return pair.turns(first=number)

    try:
        return decide(cases, measure, rounds, threshold)
    finally:
        _tell("")


def _tell(what: str) -> None:
    """Show what is being done, where somebody is looking."""
    if sys.stderr.isatty():
        print(f"\r{what:60}\r", end="", file=sys.stderr, flush=True)
