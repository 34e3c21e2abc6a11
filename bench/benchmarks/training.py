"""How long a step of training takes."""

import time

from benchmarks.fits import Fit
from benchmarks.workloads import OPTIMIZERS, WORKLOADS


class TrainingStep:
    params = (tuple(WORKLOADS), tuple(OPTIMIZERS), (1, 2))
    param_names = ("network", "optimizer", "threads")
    number = 1

    def setup(self, network: str, optimizer: str, threads: int) -> None:
        self.fit = Fit(WORKLOADS[network], optimizer, threads)

    def timer(self) -> float:
        """The clock that asv reads before and after a `fit`: it runs slower by the number of steps."""
        return time.perf_counter() / self.fit.n_steps

    def time_step(self, network: str, optimizer: str, threads: int) -> None:
        self.fit.run()
