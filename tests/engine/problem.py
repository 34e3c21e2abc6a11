"""The network that the engine's tests share, so that few kernels are compiled."""

from typing import Any

import naive
from contracts.problems import OPTIMIZERS, Problem

DTYPE = "float64"
RULE = "momentum"
BATCH = 16


def small() -> Problem:
    """Four steps an epoch, the last one short."""
    layers = [naive.Dense(9, "tanh"), naive.Dense(3, "softmax")]
    return Problem(5, layers, "sparse_categorical_crossentropy", n_rows=51)


def slim() -> Problem:
    """A first layer of many inputs and few outputs, whose samples are read along their rows."""
    layers = [naive.Dense(3, "tanh"), naive.Dense(3, "softmax")]
    return Problem(37, layers, "sparse_categorical_crossentropy", n_rows=51)


def network(problem: Problem | None = None) -> Any:
    """A network of the engine for it."""
    return (problem or small()).engine(DTYPE, OPTIMIZERS[RULE][1])
