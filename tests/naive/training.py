"""The training loop: given weights, given orders, batches of a given size and a short last one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.constraints import constrained
from naive.gathering import Gathered
from naive.gradients import reverse_mode
from naive.metrics import METRICS
from naive.networks import Network
from naive.optimizers import Optimizer, Slots

Array = NDArray[Any]


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    weights   the list of arrays, in Keras order
    slots     a tuple of the optimizer's arrays for every array of weights
    history   (n_epochs, 1 + n_metrics): loss with penalties, then the metrics, means weighted by rows
    sums      gradients, for every array that learns, that wait for the next update
    """

    weights: list[Array]
    slots: list[Slots]
    history: Array
    sums: list[Array]


def train(
    network: Network,
    weights: Sequence[Array],
    optimizer: Optimizer,
    inputs: Array,
    targets: Array,
    orders: Array,
    batch_size: int,
    sample_weight: Array | None = None,
    metrics: Sequence[str] = (),
    n_steps: int | None = None,
    seed: int = 0,
    excluded: Collection[int] = (),
) -> Trained:
    """Train through every row of `orders` (n_epochs, n_used), or until `n_steps` steps are done.

    Noise is drawn from `seed`; Muon does not move the arrays `excluded`.
    """
    weights = [np.array(weight, dtype=np.float64) for weight in weights]
    slots = [optimizer.begin(weight) for weight in weights]
    learning = [number for number, each in enumerate(network.parameters) if each.trainable]
    gathered = Gathered(optimizer.options)
    step = 0
    history: list[Array] = []
    for order in orders:
        sums = np.zeros(1 + len(metrics))
        for start in range(0, len(order), batch_size):
            if step == n_steps:
                return Trained(weights, slots, np.array(history), gathered.sums)
            step += 1
            network = replace(network, noise=(seed, step))
            rows = order[start : start + batch_size]
            shares = None if sample_weight is None else sample_weight[rows]
            batch = (inputs[rows], targets[rows])
            trace = network.trace(weights, batch[0], training=True)
            outputs = trace[-1][0]
            loss = network.value(weights, *batch, shares, training=True)
            sums[0] += len(rows) * loss
            sums[1:] += [METRICS[metric](batch[1], outputs).sum() for metric in metrics]
            gradients = reverse_mode(network, weights, *batch, shares, training=True)
            due = gathered.take([gradients[number] for number in learning])
            weights = network.moved(weights, trace)
            if due is None:
                continue
            for number, gradient in zip(learning, due[1], strict=True):
                parameter = network.parameters[number]
                weight, slots[number] = optimizer.update(
                    weights[number],
                    gradient,
                    slots[number],
                    due[0],
                    loss,
                    "excluded" if number in excluded else parameter.kind,
                )
                weights[number] = constrained(weight, parameter.constraint)
        history.append(sums / len(order))
    return Trained(weights, slots, np.array(history), gathered.sums)
