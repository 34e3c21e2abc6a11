"""Maps how much of the processor's FMA peak training reaches, over widths and batches.

Networks have as many inputs, hidden units (--hidden layers of them, relu) and outputs (squared error) as the width
says, and are trained by SGD; the whole `fit` is measured, and the peak beside each cell. The best of some rounds
through all cells counts, since other users of a shared machine may stay for seconds.
"""

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.workloads import Workload
from commandline import Parser, check_outputs, count, duration
from fastbp.kernels.peak import measure_peak
from fastbp.runtime.threads import available_workers
from map.picture import draw
from peers.rates import with_a_rate
from peers.spelling import with_steps
from tables import describe, machine, table, write_json

WIDTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)

# An epoch lasts a few milliseconds, or is one step.
_FLOPS_OF_AN_EPOCH = 200_000_000
_STEPS = (1, 500)


def cell(width: int, batch: int, hidden: int, dtype: str) -> Workload:
    """The network of one cell."""
    sizes = (width,) * (hidden + 2)
    workload = Workload(sizes, batch, n_steps=1, n_epochs=1, loss="mse", dtype=dtype)
    return with_a_rate(with_steps(workload, _STEPS, _FLOPS_OF_AN_EPOCH))


def measure(workload: Workload, seconds: float) -> tuple[float, float]:
    """Seconds of a step of a `fit` that lasts so long, or an epoch; and the peak of all cores beside it."""
    model = workload.model()
    x, y = workload.samples()

    def train(n_epochs: int) -> float:
        began = time.perf_counter()
        model.fit(x, y, workload.batch_size, n_epochs, verbose=0)
        return (time.perf_counter() - began) / n_epochs

    train(1)
    epoch = train(1)
    peak = measure_peak(workload.dtype) * available_workers()
    best = min(epoch, train(max(1, round(seconds / epoch))))
    return best / workload.n_steps, peak


def figures(workload: Workload, rounds: list[tuple[float, float]]) -> dict[str, float]:
    """What the best of the rounds says."""
    step, peak = min(rounds)[0], max(peak for _, peak in rounds)
    gflops = workload.flops / step / 1e9
    return {"us": step * 1e6, "gflops": gflops, "peak_gflops": peak, "share": gflops / peak}


def main() -> int:
    """Measure, and print."""
    parser = Parser("map", __doc__)
    parser.add_argument("--widths", nargs="+", type=count, default=list(WIDTHS))
    parser.add_argument("--batches", nargs="+", type=count, default=list(BATCHES))
    parser.add_argument("--hidden", type=count, default=2, help="how many hidden layers")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--rounds", type=count, default=3, help="how often each cell is measured")
    parser.add_argument(
        "--seconds", type=duration, default=0.1, help="how long a cell's turn lasts"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where to draw it, as PNG")
    options = parser.parse_args()
    check_outputs(parser, options.json, options.picture)

    facts = machine("map")
    print(describe(facts))
    places = [(width, batch) for batch in options.batches for width in options.widths]
    workloads = [cell(*place, options.hidden, options.dtype) for place in places]
    turns: list[list[tuple[float, float]]] = [[] for _ in places]
    n_done, n_turns = 0, options.rounds * len(places)
    for _ in range(options.rounds):
        for workload, taken in zip(workloads, turns, strict=True):
            taken.append(measure(workload, options.seconds))
            n_done += 1
            if n_done % len(options.widths) == 0:
                print(f"{n_done / n_turns:.0%}", file=sys.stderr, flush=True)
    cells: list[dict[str, Any]] = [
        {"width": width, "batch": batch, **figures(workload, taken)}
        for (width, batch), workload, taken in zip(places, workloads, turns, strict=True)
    ]
    n = len(options.widths)
    shares = [[each["share"] for each in cells[i : i + n]] for i in range(0, len(cells), n)]
    print("\n% of the FMA peak of all cores; a row a batch, a column a width\n")
    rows = [
        [str(batch), *(f"{100 * share:.1f}" for share in line)]
        for batch, line in zip(options.batches, shares, strict=True)
    ]
    print(table(["batch", *map(str, options.widths)], rows))
    if options.json:
        write_json(options.json, {"machine": facts, "cells": cells})
    if options.picture:
        draw(options.picture, options.widths, options.batches, shares)
    return 0


if __name__ == "__main__":
    sys.exit(main())
