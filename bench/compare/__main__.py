"""Tells whether fastbp has become slower: trains networks with two versions of it, in turns.

The exit code is 0 where nothing became slower, 1 where something did, 2 for wrong use, 3 where the machine was too
noisy to decide, and 4 where a version could not be measured. A regression is a ratio of times that is above the
threshold as estimated, and above half of it as good as certainly.
"""

import argparse
import math
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.workloads import WORKLOADS
from commandline import Parser, check_outputs, count
from compare import versions
from compare.cases import NETWORKS, cases
from compare.decision import (
    AS_FAST,
    SLOWER,
    UNDECIDED,
    Outcome,
    fewest_rounds,
)
from compare.errors import NotMeasuredError, UnknownRevisionError
from compare.run import ROUNDS, THRESHOLD, compare
from tables import describe, machine, short, table, write_json

EXIT_CODES = {AS_FAST: 0, SLOWER: 1, UNDECIDED: 3}
WRONG_USE, NOT_MEASURED = 2, 4


def worst(outcomes: list[Outcome]) -> str:
    """The verdict on all: one that is slower outweighs what is undecided."""
    verdicts = {outcome.verdict for outcome in outcomes}
    return next(each for each in (SLOWER, UNDECIDED, AS_FAST) if each in verdicts)


def outcome_table(outcomes: list[Outcome]) -> str:
    """A row for each case."""
    rows = [
        [
            outcome.case.network,
            outcome.case.optimizer,
            str(outcome.case.threads),
            short(outcome.base),
            short(outcome.head),
            f"{outcome.estimate.ratio:.3f}",
            f"{outcome.estimate.low:.3f} - {outcome.estimate.high:.3f}",
            str(len(outcome.log_ratios)),
            outcome.verdict,
        ]
        for outcome in outcomes
    ]
    header = ["network", "optimizer", "threads", "base, us", "head, us", "ratio", "between"]
    return table([*header, "rounds", "verdict"], rows)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser("compare", __doc__)
    parser.add_argument("base", metavar="BASE", help="the older version, by what git knows it")
    parser.add_argument(
        "head", metavar="HEAD", nargs="?", help="the newer one; else the working tree"
    )
    parser.add_argument("--networks", nargs="+", choices=WORKLOADS, default=list(NETWORKS))
    parser.add_argument("--threads", nargs="+", type=count, default=[1], metavar="N")
    parser.add_argument(
        "--threshold", type=float, default=100 * THRESHOLD, metavar="PERCENT", help="slower by"
    )
    parser.add_argument("--rounds", type=count, default=ROUNDS, help="at most; each a new pair")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    options = parser.parse_args(arguments)
    check_outputs(parser, options.json, None)
    if not (0 < options.threshold < math.inf):
        parser.error("--threshold must be above 0")
    options.cases = list(dict.fromkeys(cases(options.networks, options.threads)))
    fewest = fewest_rounds(len(options.cases), options.rounds)
    if options.rounds < fewest:
        parser.error(f"--rounds: fewer than {fewest} can decide nothing")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print; the exit code."""
    options = _options(arguments)
    try:
        return _compare(options)
    except UnknownRevisionError as error:
        print(f"scripts/bench compare: {error}", file=sys.stderr)
        return WRONG_USE
    except NotMeasuredError as error:
        print(f"scripts/bench compare: {error}", file=sys.stderr)
        return NOT_MEASURED


def _compare(options: argparse.Namespace) -> int:
    versions.forget_old()
    base = versions.of_revision(options.base)
    if options.head is None:
        head = versions.of_working_tree()
    else:
        head = versions.of_revision(options.head)
        if head.folder == base.folder:
            head = versions.of_revision(options.head, copy="-again")
    outcomes = compare(base, head, options.cases, options.rounds, options.threshold / 100)
    facts = machine("compare")
    found = worst(outcomes)
    print(f"{describe(facts)}\nbase: {base.name}; head: {head.name}\n")
    print(outcome_table(outcomes))
    print()
    print(
        {
            AS_FAST: f"Nothing is slower by {options.threshold:g} %.",
            SLOWER: f"SLOWER by more than {options.threshold:g} %.",
            UNDECIDED: "UNDECIDED: the machine is too noisy; nothing is known of those cases.",
        }[found]
    )
    if options.json:
        figures = {"machine": facts, "base": base.name, "head": head.name, "verdict": found}
        figures |= {"threshold_percent": options.threshold}
        write_json(options.json, figures | {"cases": [asdict(outcome) for outcome in outcomes]})
    return EXIT_CODES[found]


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        # Python's own exit code of an error would be read as a regression.
        sys.excepthook(*sys.exc_info())
        code = NOT_MEASURED
    sys.exit(code)
