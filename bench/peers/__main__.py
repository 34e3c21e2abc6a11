"""Trains the same networks with fastbp, PyTorch, JAX, scikit-learn and NumPy, side by side.

All have the same data, first weights, batches and optimizer, shuffle every epoch and record the loss. That they do the
same work is checked first: after some steps in order their losses must be fastbp's, but for rounding. Then each trains
in the quickest of its modes, in turns. A library that is not installed is left out, and named.

Networks are those below, by name, or any other: SIZES[:ACTIVATIONS][:BATCH][:LOSS][:DTYPE][:OPTIMIZER], such as
784-100-50-10:tanh:64 or 20-30-30-1:relu-gelu:mse:float64:adam. Activations are those of all hidden layers or of each;
the losses are softmax (and cross-entropy), mse (linear outputs) and bce (sigmoid outputs).
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.workloads import OPTIMIZERS, Workload
from commandline import Parser, check_outputs, count, duration
from peers.contestants import CONTESTANTS
from peers.goals import GOALS
from peers.match import Outcome, Pace, compare
from peers.picture import draw
from peers.rates import with_a_rate
from peers.rooms import open_rooms
from peers.spelling import parse, spell
from tables import describe, machine, short, table, write_json


def network(text: str) -> Workload:
    """The network of this name or spelling, as argparse wants it."""
    if text in GOALS:
        return GOALS[text]
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; names are {', '.join(GOALS)}") from None


def wanted(networks: list[Workload], optimizers: list[str] | None) -> list[Workload]:
    """Each network with each optimizer, its own if none is given; those that have no name get a rate."""
    return [
        each if any(network is goal for goal in GOALS.values()) else with_a_rate(each)
        for network in networks
        for each in (
            replace(network, optimizer=optimizer) for optimizer in optimizers or [network.optimizer]
        )
    ]


def training(workload: Workload) -> str:
    """How a network is trained, in a few words."""
    words = ["-".join(dict.fromkeys(workload.hidden)), workload.loss, workload.optimizer]
    return " ".join(filter(None, [*words, workload.dtype.replace("float32", "")]))


def rows(workload: Workload, outcomes: list[Outcome]) -> list[list[str]]:
    """The rows of the table for one network."""
    ours = outcomes[0].median
    first = [workload.name, str(workload.batch_size), training(workload)]
    return [
        [
            *first,
            outcome.contestant,
            *(
                [outcome.remark, *"------"]
                if outcome.remark
                else [
                    outcome.mode,
                    short(outcome.median),
                    f"{short(min(outcome.us))} to {short(max(outcome.us))}",
                    f"{short(outcome.median / ours)} x",
                    f"{outcome.loss:.6f}",
                    "-" if outcome.accuracy != outcome.accuracy else f"{outcome.accuracy:.1%}",
                    "the same" if outcome.same_work else "NOT THE SAME",
                ]
            ),
        ]
        for outcome in outcomes
    ]


HEADER = ["network", "batch", "training", "library", "mode", "us a step", "range", "of fastbp's"]
HEADER += ["loss reached", "accuracy", "work"]


def main() -> int:
    """Compare, and print; the exit code is 1 where somebody did other work."""
    parser = Parser("peers", __doc__)
    parser.add_argument("--networks", nargs="+", type=network, default=list(GOALS.values()))
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, help="default: its own")
    parser.add_argument("--peers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=count, default=7, help="how many turns each has")
    parser.add_argument("--seconds", type=duration, default=0.3, help="how long a turn lasts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where to draw bars, as PNG")
    options = parser.parse_args()
    check_outputs(parser, options.json, options.picture)

    facts = machine("peers")
    names = ["fastbp", *(name for name in options.peers if name != "fastbp")]
    rooms, missing = open_rooms(names)
    versions = {room.contestant: room.versions for room in rooms}
    print(describe(facts))
    print(", ".join(versions.values()))
    for line in missing:
        print(line)
    lines: list[list[str]] = []
    bars: list[tuple[str, dict[str, float]]] = []
    results: list[dict[str, Any]] = []
    for workload in wanted(options.networks, options.optimizers):
        print(f"{spell(workload)} ...", file=sys.stderr, flush=True)
        outcomes = compare(workload, rooms, Pace(options.rounds, options.seconds))
        lines += rows(workload, outcomes)
        medians = {each.contestant: each.median for each in outcomes if each.us}
        bars.append((f"{workload.name}\n{training(workload)}, {workload.batch_size}", medians))
        for outcome in outcomes:
            results.append({"network": spell(workload), **outcome.figures()})
    for room in rooms:
        room.close()
    print()
    print(table(HEADER, lines))
    if options.json:
        facts |= {"versions": versions, "missing": missing}
        write_json(options.json, {"machine": facts, "results": results})
    if options.picture:
        draw(options.picture, bars)
    return 1 if any(not (each["same_work"] or each["remark"]) for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
