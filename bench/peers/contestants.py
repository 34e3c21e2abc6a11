"""Who takes part, and in which modes."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from benchmarks.workloads import Workload

#: "auto" is for fastbp alone.
Threads = int | Literal["auto"]


class Trainer(Protocol):
    """One library's way to train a workload's network from the workload's weights."""

    def __init__(self, workload: Workload, variant: str, threads: Threads) -> None: ...

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train, recording the loss; the mean loss of the steps of the last epoch."""
        ...

    def weights(self) -> list[np.ndarray]:
        """Kernel (n_in, n_out), bias, kernel, bias ... as they are now."""
        ...


@dataclass(frozen=True)
class Contestant:
    """A library.

    Attributes
    ----------
    name : str
        What people call it.
    module : str
        Holds the class ``Training``, a Trainer; importing it imports the library.
    packages : tuple of str
        Distributions whose versions are told.
    variants : tuple of str
        Ways to use the library, of which the quickest counts; each with one thread and with all.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    variants: tuple[str, ...] = ("",)


CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("fastbp", "peers.with_fastbp", ("fastbp",)),
        Contestant("PyTorch", "peers.with_torch", ("torch",), ("eager", "compiled")),
        Contestant("JAX", "peers.with_jax", ("jax", "optax"), ("rows a step", "rows an epoch")),
        Contestant("scikit-learn", "peers.with_sklearn", ("scikit-learn",)),
        Contestant("NumPy", "peers.with_numpy", ("numpy",)),
    )
}


class NotTheSameError(Exception):
    """The library cannot train this network; the message says what it would train instead."""


def thread_variables(threads: Threads) -> dict[str, str]:
    """What the libraries read from the environment when they are imported."""
    # OpenBLAS's threads would spin for a tenth of a second after their work, in the turn of the next library.
    variables = {"OPENBLAS_THREAD_TIMEOUT": "22"}
    if threads == "auto":
        return variables
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
    variables |= {name: str(threads) for name in names}
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables
