"""Evaluation and prediction of arrays, or of batches as they come."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import DataError
from fastbp.training.batches import Batches
from fastbp.training.given import Given
from fastbp.training.plan import Threads
from fastbp.training.prefetch import Prefetch

if TYPE_CHECKING:
    from fastbp.engine import Network


def evaluate(
    network: "Network", given: Given, batch_size: int | None, threads: Threads
) -> NDArray[np.float64]:
    """Means of loss and metrics over all samples, shape (1 + n_metrics,)."""
    if not isinstance(given, Batches):
        return network.evaluate(
            given.inputs,
            given.targets,
            given.sample_weight,
            batch_size=batch_size,
            threads=threads,
        )
    sums: NDArray[np.float64] | None = None
    n_samples = 0
    with Prefetch(given) as portions:
        for portion in portions:
            assert portion.targets is not None
            sums = network.add_up(
                portion.inputs,
                portion.targets,
                portion.sample_weight,
                batch_size=portion.batch_size,
                threads=threads,
                sums=sums,
            )
            n_samples += portion.n_samples
    if sums is None:
        raise DataError("there are no batches left to evaluate")
    return np.asarray(sums / n_samples)


def predict(network: "Network", batches: Batches, threads: Threads) -> NDArray[np.floating[Any]]:
    """Outputs for all batches, one after the other."""
    with Prefetch(batches) as portions:
        return np.concatenate(
            [
                network.predict(portion.inputs, batch_size=portion.batch_size, threads=threads)
                for portion in portions
            ]
        )
