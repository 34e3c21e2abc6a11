"""Who takes part, and in which modes."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from benchmarks.workloads import Workload


class Trainer(Protocol):
    """One library's way to train a workload's network from the workload's weights."""

    def __init__(self, workload: Workload, optimizer: str, variant: str, threads: int) -> None: ...

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
        Ways to use the library, of which the quickest counts; each with one thread and with two.
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
    )
}


class NotTheSameError(Exception):
    """The library cannot train this network; the message says what it would train instead."""


def thread_variables(threads: int) -> dict[str, str]:
    """What the libraries read from the environment when they are imported."""
    variables = {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
    }
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables


def whole_loss(workload: Workload, weights: list[Any]) -> float:
    """Mean cross-entropy of the workload's samples, in float64 and by one formula for all libraries."""
    outputs, classes = workload.samples()
    for i in range(0, len(weights), 2):
        inputs = outputs if i == 0 else np.maximum(outputs, 0)
        outputs = inputs @ weights[i].astype(np.float64) + weights[i + 1]
    top = outputs.max(axis=1, keepdims=True)
    chosen = np.take_along_axis(outputs, classes[:, None], axis=1)
    return float((np.log(np.exp(outputs - top).sum(axis=1, keepdims=True)) + top - chosen).mean())
