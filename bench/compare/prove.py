"""Shows that `scripts/bench compare` can be believed: plants slowdowns, compares equal versions, and counts.

The exit code is 0 if every planted slowdown was caught and no equal versions were found to differ.
"""

import sys
import time
from collections import Counter

from commandline import Parser
from compare import versions
from compare.__main__ import NOT_MEASURED, worst
from compare.cases import NETWORKS, cases
from compare.decision import AS_FAST, SLOWER, UNDECIDED
from compare.errors import NotMeasuredError
from compare.plants import PLANTS, PlantError
from compare.run import ROUNDS, THRESHOLD, compare
from compare.versions import Version
from tables import describe, machine, table


def main(arguments: list[str] | None = None) -> int:
    """Compare, count and print; the exit code."""
    parser = Parser("prove", __doc__)
    parser.add_argument("--planted", type=int, default=10, help="comparisons with each plant")
    parser.add_argument("--equal", type=int, default=20, help="comparisons of equal versions")
    options = parser.parse_args(arguments)
    try:
        return _prove(options.planted, options.equal)
    except (NotMeasuredError, PlantError) as error:
        print(f"scripts/bench prove: {error}", file=sys.stderr)
        return NOT_MEASURED


def _prove(n_planted: int, n_equal: int) -> int:
    base = versions.of_working_tree()
    heads = [(versions.changed(base, plant.name, plant), SLOWER, n_planted) for plant in PLANTS]
    equal = versions.of_working_tree(copy="-again")
    heads.append((Version("nothing", equal.folder), AS_FAST, n_equal))
    print(describe(machine("prove")))
    rows, right = [], True
    for head, expected, times in heads:
        counts: Counter[str] = Counter()
        began = time.perf_counter()
        for number in range(1, times + 1):
            outcomes = compare(base, head, cases(NETWORKS, [1]), ROUNDS, THRESHOLD)
            found = worst(outcomes)
            counts[found] += 1
            largest = max(outcomes, key=lambda outcome: outcome.estimate.ratio)
            print(
                f"{head.name}, {number} of {times}: {found}; at most {largest.estimate.ratio:.3f} "
                f"({largest.case.network} {largest.case.optimizer}), {len(largest.log_ratios)} rounds",
                flush=True,
            )
        seconds = (time.perf_counter() - began) / max(times, 1)
        right = right and counts[expected] == times
        verdicts = [str(counts[each]) for each in (SLOWER, AS_FAST, UNDECIDED)]
        rows.append([head.name, str(times), *verdicts, f"{seconds:.0f}"])
    header = ["planted", "comparisons", SLOWER, AS_FAST, UNDECIDED, "seconds each"]
    print(f"\n{table(header, rows)}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
