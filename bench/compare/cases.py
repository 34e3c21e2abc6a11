"""What is measured: a network, an optimizer and a number of threads, in turns of some milliseconds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from benchmarks.fits import Fit
from benchmarks.workloads import OPTIMIZERS, WORKLOADS

#: All but the largest, whose step takes as long as a turn of all others together.
NETWORKS = tuple(name for name, workload in WORKLOADS.items() if workload.floor < 1e5)

# Microseconds of a turn, where SGD keeps its floor.
_TURN = 3_000


@dataclass(frozen=True)
class Case:
    """A way to train."""

    network: str
    optimizer: str
    threads: int

    def fit(self) -> Fit:
        """A short `fit` of it: few steps if they are long, many epochs if they are short."""
        workload = WORKLOADS[self.network]
        n_steps = min(workload.n_steps, math.ceil(_TURN / workload.floor))
        n_epochs = math.ceil(_TURN / (n_steps * workload.floor))
        short = replace(workload, n_steps=n_steps, n_epochs=n_epochs)
        return Fit(short, self.optimizer, self.threads)


def cases(networks: Iterable[str], threads: Iterable[int]) -> list[Case]:
    """All cases of these networks."""
    return [
        Case(network, optimizer, n)
        for n in threads
        for network in networks
        for optimizer in OPTIMIZERS
    ]
