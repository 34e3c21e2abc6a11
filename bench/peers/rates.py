"""A learning rate at which a network nobody has tried before neither diverges nor stands still."""

from dataclasses import replace

import numpy as np

from benchmarks.workloads import Workload
from peers.with_numpy import loss_and_gradients

# The share of the loss that a first step takes away, to first order: far above rounding, and far below what would
# overshoot.
_SHARE = 1e-3


def with_a_rate(workload: Workload) -> Workload:
    """The same workload with the rate at which its first step takes a thousandth of the loss away."""
    x, y = workload.samples()
    rows = slice(workload.batch_size)
    loss, gradients = loss_and_gradients(workload, workload.weights(), x[rows], y[rows])
    # Adam's first step is the sign of the gradient, times the rate.
    power = 1 if workload.optimizer == "adam" else 2
    slope = sum(float((np.abs(array) ** power).sum()) for array in gradients)
    return replace(workload, learning_rate=float(f"{_SHARE * loss / slope:.1e}"))
