"""A whole `fit` through the Python API, with shuffling and the loss recorded, timed by the step."""

import time
from typing import Any

from benchmarks.workloads import Workload


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
