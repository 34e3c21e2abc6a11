"""How far training came: by one formula for all libraries."""

from dataclasses import dataclass

import numpy as np

from benchmarks.workloads import Workload
from peers.formulas import hits, loss_and_gradient
from peers.with_numpy import outputs


@dataclass(frozen=True)
class Reached:
    """What a network makes of its workload's samples.

    Attributes
    ----------
    loss : float
        The mean, computed in float64.
    accuracy : float
        The share of outputs that say what the target says; NaN where targets are no classes.
    """

    loss: float
    accuracy: float


def reached(workload: Workload, weights: list[np.ndarray]) -> Reached:
    """What a network with these weights has reached."""
    x, y = workload.samples()
    exact = [array.astype(np.float64) for array in weights]
    logits = outputs(workload, exact, x.astype(np.float64))[-1][0]
    return Reached(loss_and_gradient(workload.loss, logits, y)[0], hits(workload.loss, logits, y))
