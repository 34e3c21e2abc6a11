"""Networks drawn at random, the same for the same seed."""

import numpy as np

from benchmarks.workloads import LOSSES, OPTIMIZERS, Workload
from peers.formulas import ACTIVATIONS
from peers.spelling import with_steps

MOST_LAYERS = 6
MOST_UNITS = 3000
MOST_SAMPLES = 2000

#: Of a step: more takes seconds in some libraries.
MOST_FLOPS = 3_000_000_000

# An epoch lasts a few milliseconds.
_FLOPS_OF_AN_EPOCH = 100_000_000
_STEPS = (2, 250)

# What all hidden layers of a network have in common, where they have the same activation.
_COMMON = ("relu", "tanh", "sigmoid", "gelu")


def draw(seed: int, number: int) -> Workload:
    """The network of this number; the others need not be drawn for it."""
    random = np.random.default_rng([seed, number])
    while True:
        workload = _draw(random)
        if workload.flops <= MOST_FLOPS:
            return with_steps(workload, _STEPS, _FLOPS_OF_AN_EPOCH)


def _draw(random: np.random.Generator) -> Workload:
    """Any network, however large."""
    sizes = tuple(_size(random, MOST_UNITS) for _ in range(random.integers(2, MOST_LAYERS + 2)))
    n_hidden = len(sizes) - 2
    activations: tuple[str, ...] = (str(random.choice(_COMMON)),)
    if n_hidden > 1 and random.random() < 0.5:
        activations = tuple(map(str, random.choice(list(ACTIVATIONS), n_hidden)))
    # Softmax of one output is always 1.
    losses = [loss for loss in LOSSES if loss != "softmax" or sizes[-1] > 1]
    return Workload(
        sizes,
        _size(random, MOST_SAMPLES),
        n_steps=1,
        n_epochs=1,
        activations=activations,
        loss=str(random.choice(losses)),
        dtype="float64" if random.random() < 0.25 else "float32",
        optimizer=str(random.choice(list(OPTIMIZERS))),
    )


def _size(random: np.random.Generator, most: int) -> int:
    """Log-uniform up to `most`; every third is made a prime, which fits into no tile."""
    size = min(most, int(np.exp(random.uniform(0, np.log(most + 1)))))
    return _prime(size) if random.random() < 1 / 3 else size


def _prime(size: int) -> int:
    """The largest prime up to `size`; 1 and 2 are what they are.

    >>> [_prime(size) for size in (1, 2, 10, 13, 3000)]
    [1, 2, 7, 13, 2999]
    """
    candidates = range(size, 2, -1)
    return next((n for n in candidates if all(n % d for d in range(2, int(n**0.5) + 1))), size)
