"""Update rules by Keras 3's formulas: functions of (weight, gradient, slots, step) that return the new pair."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Slots = tuple[Array, ...]


@dataclass(frozen=True)
class Optimizer:
    """A rule's name and its options; what is not given has Keras's default."""

    rule: str
    options: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def n_slots(self) -> int:
        return OPTIMIZERS[self.rule][1]

    def begin(self, weight: Array) -> Slots:
        """Slots of zeros."""
        return tuple(np.zeros_like(weight) for _ in range(self.n_slots))

    def update(
        self, weight: Array, gradient: Array, slots: Slots, step: int
    ) -> tuple[Array, Slots]:
        """One update; `step` counts from 1."""
        return OPTIMIZERS[self.rule][0](weight, gradient, slots, step, **self.options)


def sgd(
    weight: Array, gradient: Array, slots: Slots, step: int, learning_rate: float = 0.01
) -> tuple[Array, Slots]:
    """w <- w - lr g"""
    return weight - learning_rate * gradient, ()


def momentum(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
) -> tuple[Array, Slots]:
    """m <- mu m - lr g;  w <- w + m"""
    velocity = momentum * slots[0] - learning_rate * gradient
    return weight + velocity, (velocity,)


def nesterov(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
) -> tuple[Array, Slots]:
    """m <- mu m - lr g;  w <- w + mu m - lr g"""
    velocity = momentum * slots[0] - learning_rate * gradient
    return weight + momentum * velocity - learning_rate * gradient, (velocity,)


def rmsprop(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """v <- rho v + (1 - rho) g**2;  w <- w - lr g / sqrt(v + eps)"""
    square = rho * slots[0] + (1.0 - rho) * gradient**2
    return weight - learning_rate * gradient / np.sqrt(square + epsilon), (square,)


def rmsprop_momentum(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-7,
    momentum: float = 0.9,
) -> tuple[Array, Slots]:
    """v <- rho v + (1 - rho) g**2;  m <- mu m + lr g / sqrt(v + eps);  w <- w - m"""
    square = rho * slots[0] + (1.0 - rho) * gradient**2
    velocity = momentum * slots[1] + learning_rate * gradient / np.sqrt(square + epsilon)
    return weight - velocity, (square, velocity)


def adam(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """m, v <- moving means of g, g**2;  w <- w - lr sqrt(1 - b2**t) / (1 - b1**t) m / (sqrt(v) + eps)"""
    mean = slots[0] + (gradient - slots[0]) * (1.0 - beta_1)
    square = slots[1] + (gradient**2 - slots[1]) * (1.0 - beta_2)
    rate = learning_rate * np.sqrt(1.0 - beta_2**step) / (1.0 - beta_1**step)
    return weight - rate * mean / (np.sqrt(square) + epsilon), (mean, square)


def adamw(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.004,
) -> tuple[Array, Slots]:
    """w <- w - lr decay w, then adam"""
    decayed = weight - learning_rate * weight_decay * weight
    return adam(decayed, gradient, slots, step, learning_rate, beta_1, beta_2, epsilon)


# rule: its function and the number of its slots
OPTIMIZERS: dict[str, tuple[Callable[..., tuple[Array, Slots]], int]] = {
    "sgd": (sgd, 0),
    "momentum": (momentum, 1),
    "nesterov": (nesterov, 1),
    "rmsprop": (rmsprop, 1),
    "rmsprop_momentum": (rmsprop_momentum, 2),
    "adam": (adam, 2),
    "adamw": (adamw, 2),
}
