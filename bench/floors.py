"""Measures what training must not take longer than: a step of each network, and the start of a process.

Each step is the quickest of the threads and rounds; networks, optimizers and numbers of threads take turns, so that
what else the machine does meets all of them. The floors were set on a machine whose cores do 117 GFLOP/s each, and
are scaled by the peak that is measured here in the same run.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.fits import Fit
from benchmarks.starting import cold_start, warm_start
from benchmarks.workloads import FLOOR_PEAK, OPTIMIZERS, WORKLOADS, Workload
from commandline import Parser, check_outputs, count
from fastbp.kernels.peak import measure_peak
from tables import describe, machine, short, table, write_json

THREADS = (1, 2)

#: Seconds, and a ratio of the times of a step.
COLD_FLOOR, WARM_FLOOR, ADAM_FLOOR = 12.0, 1.0, 1.25
_NEAR = 1.1


def verdict(measured: float, floor: float) -> str:
    """Whether a floor is met.

    >>> verdict(0.9, 1.0), verdict(1.05, 1.0), verdict(1.2, 1.0)
    ('met', 'met within 10 %', 'MISSED')
    """
    if measured <= floor:
        return "met"
    return "met within 10 %" if measured <= _NEAR * floor else "MISSED"


def measure_steps(workloads: list[Workload], n_rounds: int) -> tuple[float, list[dict[str, Any]]]:
    """Measure a core's peak in GFLOP/s, and for each workload the steps of both optimizers."""
    calls = [
        (workload, optimizer, threads)
        for workload in workloads
        for optimizer in OPTIMIZERS
        for threads in THREADS
    ]
    fits = {call: Fit(*call) for call in calls}
    times: dict[tuple[Workload, str, int], list[float]] = defaultdict(list)
    peak = 0.0
    for number in range(n_rounds):
        _tell(f"round {number + 1} of {n_rounds}")
        for call, fit in fits.items():
            peak = max(peak, measure_peak())
            times[call].append(fit.run())
    _tell("")
    return peak, [_figures(workload, peak, times) for workload in workloads]


def _figures(
    workload: Workload, peak: float, times: dict[tuple[Workload, str, int], list[float]]
) -> dict[str, Any]:
    """What is known of one workload."""
    best = {
        optimizer: min((min(times[workload, optimizer, n]), n) for n in THREADS)
        for optimizer in OPTIMIZERS
    }
    seconds, threads = best["sgd"]
    gflops = workload.flops / seconds / 1e9
    floor = workload.floor * FLOOR_PEAK / peak
    return {
        "network": workload.name,
        "batch_size": workload.batch_size,
        "us": seconds * 1e6,
        "threads": threads,
        "gflops": gflops,
        "share_of_one_core": gflops / peak,
        "share_of_two_cores": gflops / (2 * peak),
        "floor_us": workload.floor,
        "floor_here_us": floor,
        "verdict": verdict(seconds * 1e6, floor),
        "adam_us": best["adam"][0] * 1e6,
        "adam_to_sgd": best["adam"][0] / seconds,
        "adam_verdict": verdict(best["adam"][0] / seconds, ADAM_FLOOR),
        "all_us": {
            optimizer: {n: [1e6 * each for each in times[workload, optimizer, n]] for n in THREADS}
            for optimizer in OPTIMIZERS
        },
    }


def measure_starts(n_rounds: int) -> dict[str, Any]:
    """Measure how long a new process takes, with an empty cache and with a full one."""
    _tell("starting cold")
    cold = cold_start()
    _tell("starting warm")
    warm_start()  # fills the cache
    warm = min(warm_start() for _ in range(n_rounds))
    _tell("")
    return {
        "cold_seconds": cold,
        "cold_verdict": verdict(cold, COLD_FLOOR),
        "warm_seconds": warm,
        "warm_verdict": verdict(warm, WARM_FLOOR),
    }


def step_table(steps: list[dict[str, Any]]) -> str:
    """The steps as a table."""
    header = ["network", "batch", "us a step", "threads", "GFLOP/s", "of one core", "of two"]
    header += ["floor, us", "floor here, us", "floor", "Adam, us", "Adam / SGD", "<= 1.25"]
    rows = [
        [
            step["network"],
            str(step["batch_size"]),
            short(step["us"]),
            str(step["threads"]),
            short(step["gflops"]),
            f"{step['share_of_one_core']:.0%}",
            f"{step['share_of_two_cores']:.0%}",
            short(step["floor_us"]),
            short(step["floor_here_us"]),
            step["verdict"],
            short(step["adam_us"]),
            f"{step['adam_to_sgd']:.2f}",
            step["adam_verdict"],
        ]
        for step in steps
    ]
    return table(header, rows)


def _tell(what: str) -> None:
    """Show what is being done, where somebody is looking."""
    if sys.stderr.isatty():
        print(f"\r{what:30}\r", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, and print; the exit code is 0 whatever the figures are."""
    parser = Parser("floors", __doc__)
    parser.add_argument("--rounds", type=count, default=15, help="how often each is measured")
    parser.add_argument("--networks", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--no-starts", action="store_true", help="leave the processes' start out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    options = parser.parse_args()
    check_outputs(parser, options.json, None)
    facts = machine("floors")
    peak, steps = measure_steps([WORKLOADS[name] for name in options.networks], options.rounds)
    print(f"{describe(facts)}\n")
    print(f"float32 FMA peak of one core: {short(peak)} GFLOP/s (floors: {FLOOR_PEAK:.0f})\n")
    print(step_table(steps))
    figures = {"machine": facts, "peak_gflops": peak, "floor_peak_gflops": FLOOR_PEAK}
    figures["steps"] = steps
    if not options.no_starts:
        starts = measure_starts(3)
        figures["starts"] = starts
        print(
            f"\ncold start (empty cache; import, fit, evaluate, predict): "
            f"{starts['cold_seconds']:.2f} s, floor {COLD_FLOOR:.0f} s: {starts['cold_verdict']}"
            f"\nwarm start (import, fit): "
            f"{starts['warm_seconds']:.2f} s, floor {WARM_FLOOR:.0f} s: {starts['warm_verdict']}"
        )
    if options.json:
        write_json(options.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
