"""A whole `fit` through the Python API, with shuffling and the loss recorded, timed by the step."""

import os
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.workloads import Workload

#: Set where nobody looks at the figures.
QUICK_VARIABLE = "FASTBP_BENCH_QUICK"


class Fit:
    """A model that has trained for one epoch, so that everything is compiled, loaded and touched.

    Parameters
    ----------
    workload : Workload
    optimizer : {"sgd", "adam"} or Optimizer
    threads : int
    """

    def __init__(self, workload: Workload, optimizer: Any, threads: int) -> None:
        self.n_steps = workload.n_steps * workload.n_epochs
        self._workload = workload
        self._threads = threads
        self._model = workload.model(optimizer)
        self._x, self._y = workload.samples()
        self._train(1)

    def _train(self, epochs: int) -> None:
        self._model.fit(
            self._x,
            self._y,
            self._workload.batch_size,
            epochs,
            verbose=0,
            threads=self._threads,
        )

    def run(self) -> float:
        """Call `fit` once; the seconds that a step took."""
        began = time.perf_counter()
        self._train(self._workload.n_epochs)
        return (time.perf_counter() - began) / self.n_steps


def ratio(fits: Sequence[Fit], rounds: int) -> float:
    """How many times as long a step of the second takes as one of the first.

    By the quickest of some rounds in which both take turns.
    """
    rounds = 1 if QUICK_VARIABLE in os.environ else rounds
    times = [[fit.run() for fit in fits] for _ in range(rounds)]
    plain, other = (min(column) for column in zip(*times, strict=True))
    return float(other / plain)
