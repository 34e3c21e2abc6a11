"""What other calls take beside a step of `fit` in float32: float64, `predict` on a whole set, `train_on_batch`.

All take turns, and the quickest of the rounds counts. `predict` does the arithmetic of a forward pass, so its figure is
a share of peak; `train_on_batch` is told as the microseconds that a call takes longer than a step within `fit`.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.fits import Fit
from benchmarks.workloads import WORKLOADS, Workload
from commandline import Parser, check_outputs, count
from fastbp.kernels.peak import measure_peak
from tables import describe, machine, short, table, write_json

#: Seconds of predicting, and of single updates, in a round.
_TURN = 0.03


class Predict:
    """`predict` on the whole set of a workload."""

    def __init__(self, workload: Workload, threads: int) -> None:
        self.flops = 2 * workload.n_samples * _pairs(workload)
        self._threads = threads
        self._model, (self._x, _) = workload.model(), workload.samples()
        self.run()

    def run(self) -> float:
        """The seconds that a call takes."""
        return _timed(lambda: self._model.predict(self._x, verbose=0, threads=self._threads))


class Updates:
    """`train_on_batch` on a workload's first batch."""

    def __init__(self, workload: Workload, threads: int) -> None:
        self._threads = threads
        self._model, (x, y) = workload.model(), workload.samples()
        self._x, self._y = x[: workload.batch_size], y[: workload.batch_size]
        self.run()

    def run(self) -> float:
        """The seconds that a call takes."""
        x, y, threads = self._x, self._y, self._threads
        return _timed(lambda: self._model.train_on_batch(x, y, threads=threads))


def _pairs(workload: Workload) -> int:
    """Weights of all layers."""
    return sum(n * m for n, m in zip(workload.sizes[:-1], workload.sizes[1:], strict=True))


def _timed(call: Callable[[], Any]) -> float:
    """Seconds of a call, over as many as a turn has time for."""
    n_calls, began = 0, time.perf_counter()
    while True:
        call()
        n_calls += 1
        seconds = time.perf_counter() - began
        if seconds > _TURN:
            return seconds / n_calls


def measure(workload: Workload, threads: int, rounds: int) -> dict[str, Any]:
    """The figures of a workload."""
    double = replace(workload, dtype="float64")
    predict = Predict(workload, threads)
    calls: dict[str, Any] = {
        "float32": Fit(workload, "sgd", threads),
        "float64": Fit(double, "sgd", threads),
        "predict": predict,
        "train_on_batch": Updates(workload, threads),
    }
    best = dict.fromkeys(calls, float("inf"))
    peak = 0.0
    for _ in range(rounds):
        peak = max(peak, measure_peak())
        for name, call in calls.items():
            best[name] = min(best[name], call.run())
    return {
        "network": workload.name,
        "batch_size": workload.batch_size,
        "threads": threads,
        "peak_gflops": peak,
        "step_us": 1e6 * best["float32"],
        "float64_to_float32": best["float64"] / best["float32"],
        "predict_us": 1e6 * best["predict"],
        "predict_share": predict.flops / best["predict"] / 1e9 / (peak * threads),
        "call_us": 1e6 * (best["train_on_batch"] - best["float32"]),
    }


def call_table(found: list[dict[str, Any]]) -> str:
    """A row for each network and number of threads."""
    header = ["network", "batch", "threads", "us a step", "float64 / float32"]
    header += ["predict, of peak", "train_on_batch, us more"]
    rows = [
        [
            each["network"],
            str(each["batch_size"]),
            str(each["threads"]),
            short(each["step_us"]),
            f"{each['float64_to_float32']:.2f}",
            f"{each['predict_share']:.0%}",
            short(each["call_us"], 2),
        ]
        for each in found
    ]
    return table(header, rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print; the exit code is 0 whatever the figures are."""
    parser = Parser("calls", __doc__)
    parser.add_argument("--rounds", type=count, default=15, help="how often each is measured")
    parser.add_argument("--networks", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--threads", nargs="+", type=count, default=[1, 2], metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all figures")
    options = parser.parse_args(arguments)
    check_outputs(parser, options.json, None)
    facts = machine("calls")
    print(f"{describe(facts)}\n")
    found = [
        measure(WORKLOADS[name], threads, options.rounds)
        for name in options.networks
        for threads in options.threads
    ]
    print(call_table(found))
    if options.json:
        write_json(options.json, {"machine": facts, "calls": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
