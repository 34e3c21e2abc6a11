"""Trains the same networks with fastbp, PyTorch, JAX and scikit-learn, side by side.

All have the same data, first weights, batches and optimizer, shuffle every epoch and record the loss. That they do the
same work is checked first: after one epoch in order their losses must be fastbp's, but for float32 rounding. Then each
trains in the quickest of its modes, in turns. A library that is not installed is left out, and named.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.workloads import OPTIMIZERS, WORKLOADS
from peers.contestants import CONTESTANTS
from peers.match import Outcome, compare
from peers.rooms import Room
from tables import describe, machine, short, table, write_json


def open_rooms(names: list[str]) -> tuple[list[Room], list[str]]:
    """A room for each contestant with one thread and with two; and why others are missing."""
    rooms, missing = [], []
    for name in names:
        try:
            rooms += [Room(name, threads) for threads in (1, 2)]
        except ImportError as error:
            missing.append(f"{name}: left out, not installed ({error})")
    return rooms, missing


def rows(network: str, batch_size: int, outcomes: list[Outcome]) -> list[list[str]]:
    """The rows of the table for one network."""
    ours = outcomes[0].median
    return [
        [
            network,
            str(batch_size),
            outcome.contestant,
            *(
                ["-", "-", "-", "-", "-", outcome.remark]
                if outcome.remark
                else [
                    outcome.mode,
                    short(outcome.median),
                    short(min(outcome.us)),
                    short(max(outcome.us)),
                    f"{short(outcome.median / ours)} x",
                    "the same" if outcome.same_work else "NOT THE SAME",
                ]
            ),
        ]
        for outcome in outcomes
    ]


def main() -> int:
    """Compare, and print; the exit code is 1 where somebody did other work."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--networks", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--peers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=int, default=7, help="how many turns each has")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long a turn lasts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    options = parser.parse_args()

    facts = machine("peers")
    names = ["fastbp", *(name for name in options.peers if name != "fastbp")]
    rooms, missing = open_rooms(names)
    versions = {room.contestant: room.versions for room in rooms}
    print(describe(facts))
    print(f"{', '.join(versions.values())}; {options.optimizer}, float32")
    for line in missing:
        print(line)
    lines: list[list[str]] = []
    results: list[dict[str, Any]] = []
    for name in options.networks:
        workload = WORKLOADS[name]
        print(f"{name} ...", file=sys.stderr, flush=True)
        outcomes = compare(workload, options.optimizer, rooms, options.rounds, options.seconds)
        lines += rows(name, workload.batch_size, outcomes)
        for outcome in outcomes:
            results.append({"network": name, "batch_size": workload.batch_size, **asdict(outcome)})
    for room in rooms:
        room.close()
    header = ["network", "batch", "library", "mode", "us a step", "least", "most", "of fastbp's"]
    print()
    print(table([*header, "work"], lines))
    if options.json:
        facts |= {"versions": versions, "missing": missing, "optimizer": options.optimizer}
        write_json(options.json, {"machine": facts, "results": results})
    return 1 if any(not (each["same_work"] or each["remark"]) for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
