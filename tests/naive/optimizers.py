"""Update rules by Keras 3's formulas: functions of (weight, gradient, slots, step) that return the new pair."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.muon import muon

Array = NDArray[Any]
Slots = tuple[Array, ...]

# What every optimizer takes besides its own options.
SHARED = ("weight_decay", "clipvalue", "ema_momentum", "ema_overwrite_frequency")
# What all of them take and `naive.gathering` does, before `update`.
GATHERED = ("clipnorm", "global_clipnorm", "gradient_accumulation_steps")


@dataclass(frozen=True)
class Optimizer:
    """A rule's name and its options; what is not given has Keras's default.

    An average of the weights is kept, as the last slot, where there is an ``ema_momentum``.
    """

    rule: str
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def own_options(self) -> dict[str, Any]:
        """Those of the rule itself."""
        others = SHARED + GATHERED
        return {name: value for name, value in self.options.items() if name not in others}

    @property
    def averages(self) -> bool:
        """Whether an average is kept."""
        return "ema_momentum" in self.options

    def begin(self, weight: Array) -> Slots:
        """The first slots: zeros, or where the rule says so another number."""
        starts = OPTIMIZERS[self.rule][1]
        if self.rule == "adagrad":
            starts = (self.options.get("initial_accumulator_value", 0.1),)
        if self.rule.startswith("rprop"):
            starts = (self.options.get("learning_rate", 0.01), *starts[1:])
        return tuple(np.full_like(weight, start) for start in (*starts, *[0.0] * self.averages))

    def update(
        self,
        weight: Array,
        gradient: Array,
        slots: Slots,
        step: int,
        loss: float = np.nan,
        kind: str = "kernel",
    ) -> tuple[Array, Slots]:
        """One update; `step` counts from 1, `loss` is that of the batch before it, `kind` what Muon asks for.

        Keras: clip the gradient, decay the weight, update, average, overwrite.
        """
        options: dict[str, Any] = self.own_options
        if "clipvalue" in self.options:
            limit = self.options["clipvalue"]
            gradient = np.clip(gradient, -limit, limit)
        if self.rule == "muon":
            # It decays each array in its own way.
            decay = {name: value for name, value in self.options.items() if name == "weight_decay"}
            options = {**options, **decay, "kind": kind}
        elif "weight_decay" in self.options:
            rate = options.get("learning_rate", RATES.get(self.rule, 0.001))
            weight = weight - rate * self.options["weight_decay"] * weight
        if self.rule == "rprop_iplus":
            options["loss"] = loss
        rule = OPTIMIZERS[self.rule][0]
        if not self.averages:
            return rule(weight, gradient, slots, step, **options)
        weight, own = rule(weight, gradient, slots[:-1], step, **options)
        momentum = self.options["ema_momentum"] if step > 1 else 0.0
        average = momentum * slots[-1] + (1.0 - momentum) * weight
        if step % self.options.get("ema_overwrite_frequency", np.inf) == 0:
            weight = average
        return weight, (*own, average)


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


def amsgrad(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """As adam, with h <- max(h, v) in place of v under the root"""
    mean = slots[0] + (gradient - slots[0]) * (1.0 - beta_1)
    square = slots[1] + (gradient**2 - slots[1]) * (1.0 - beta_2)
    largest = np.maximum(slots[2], square)
    rate = learning_rate * np.sqrt(1.0 - beta_2**step) / (1.0 - beta_1**step)
    return weight - rate * mean / (np.sqrt(largest) + epsilon), (mean, square, largest)


def adamax(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """m as adam;  u <- max(b2 u, |g|);  w <- w - lr / (1 - b1**t) m / (u + eps)"""
    mean = slots[0] + (gradient - slots[0]) * (1.0 - beta_1)
    largest = np.maximum(beta_2 * slots[1], np.abs(gradient))
    rate = learning_rate / (1.0 - beta_1**step)
    return weight - rate * mean / (largest + epsilon), (mean, largest)


def nadam(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """m, v as adam;  u_t = b1 (1 - 0.96**t / 2), p_t = u_1 ... u_t

    w <- w - lr (u_(t+1) m / (1 - p_(t+1)) + (1 - u_t) g / (1 - p_t)) / (sqrt(v / (1 - b2**t)) + eps)
    """
    mean = slots[0] + (gradient - slots[0]) * (1.0 - beta_1)
    square = slots[1] + (gradient**2 - slots[1]) * (1.0 - beta_2)
    momenta = [beta_1 * (1.0 - 0.5 * 0.96**t) for t in range(1, step + 2)]
    product = np.prod(momenta[:-1])
    ahead = momenta[-1] * mean / (1.0 - product * momenta[-1])
    now = (1.0 - momenta[-2]) * gradient / (1.0 - product)
    root = np.sqrt(square / (1.0 - beta_2**step))
    return weight - learning_rate * (ahead + now) / (root + epsilon), (mean, square)


def adagrad(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    initial_accumulator_value: float = 0.1,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """v <- v + g**2;  w <- w - lr g / sqrt(v + eps)"""
    square = slots[0] + gradient**2
    return weight - learning_rate * gradient / np.sqrt(square + epsilon), (square,)


def adadelta(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """v <- rho v + (1 - rho) g**2;  d = -g sqrt(s + eps) / sqrt(v + eps);  w <- w + lr d

    then  s <- rho s + (1 - rho) d**2
    """
    square = rho * slots[0] + (1.0 - rho) * gradient**2
    delta = -np.sqrt(slots[1] + epsilon) / np.sqrt(square + epsilon) * gradient
    return weight + learning_rate * delta, (square, rho * slots[1] + (1.0 - rho) * delta**2)


def rmsprop_centered(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[Array, Slots]:
    """v as rmsprop;  a <- rho a + (1 - rho) g;  w <- w - lr g / sqrt(v - a**2 + eps)"""
    square = rho * slots[0] + (1.0 - rho) * gradient**2
    mean = rho * slots[1] + (1.0 - rho) * gradient
    root = np.sqrt(square - mean**2 + epsilon)
    return weight - learning_rate * gradient / root, (square, mean)


def rmsprop_centered_momentum(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-7,
    momentum: float = 0.9,
) -> tuple[Array, Slots]:
    """v, a as rmsprop_centered;  m <- mu m + lr g / sqrt(v - a**2 + eps);  w <- w - m"""
    square = rho * slots[0] + (1.0 - rho) * gradient**2
    mean = rho * slots[1] + (1.0 - rho) * gradient
    root = np.sqrt(square - mean**2 + epsilon)
    velocity = momentum * slots[2] + learning_rate * gradient / root
    return weight - velocity, (square, mean, velocity)


def lion(
    weight: Array,
    gradient: Array,
    slots: Slots,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
) -> tuple[Array, Slots]:
    """w <- w - lr sign(b1 m + (1 - b1) g);  m <- b2 m + (1 - b2) g"""
    direction = np.sign(beta_1 * slots[0] + (1.0 - beta_1) * gradient)
    return weight - learning_rate * direction, (beta_2 * slots[0] + (1.0 - beta_2) * gradient,)


def rprop(variant: str) -> Callable[..., tuple[Array, Slots]]:
    """Igel and Hüsken 2003, figures 1 to 4; slots are the steps, the last gradient and, for iRprop+, the last loss."""

    def update(
        weight: Array,
        gradient: Array,
        slots: Slots,
        step: int,
        learning_rate: float = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        minimum_step: float = 1e-6,
        maximum_step: float = 50.0,
        loss: float = np.nan,
    ) -> tuple[Array, Slots]:
        before, last = slots[0], slots[1]
        agreement = np.sign(gradient) * np.sign(last)
        size = before.copy()
        size[agreement > 0] = np.minimum(before * eta_plus, maximum_step)[agreement > 0]
        size[agreement < 0] = np.maximum(before * eta_minus, minimum_step)[agreement < 0]
        last_move = -np.sign(last) * before
        turned = agreement < 0
        counted = gradient if variant == "minus" else np.where(turned, 0.0, gradient)
        move = -np.sign(counted) * size
        if variant == "plus":
            move[turned] = -last_move[turned]
        if variant == "iplus":
            back = turned & (loss > slots[2])
            move[back] = -last_move[back]
            return weight + move, (size, counted, np.full_like(weight, loss))
        return weight + move, (size, counted)

    return update


# Learning rates that are not 0.001 where none is given.
RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01}

# rule: its function and the numbers that its slots begin with
OPTIMIZERS: dict[str, tuple[Callable[..., tuple[Array, Slots]], tuple[float, ...]]] = {
    "sgd": (sgd, ()),
    "momentum": (momentum, (0.0,)),
    "nesterov": (nesterov, (0.0,)),
    "adagrad": (adagrad, (0.1,)),
    "adadelta": (adadelta, (0.0, 0.0)),
    "rmsprop": (rmsprop, (0.0,)),
    "rmsprop_momentum": (rmsprop_momentum, (0.0, 0.0)),
    "rmsprop_centered": (rmsprop_centered, (0.0, 0.0)),
    "rmsprop_centered_momentum": (rmsprop_centered_momentum, (0.0, 0.0, 0.0)),
    "adam": (adam, (0.0, 0.0)),
    "amsgrad": (amsgrad, (0.0, 0.0, 0.0)),
    "adamax": (adamax, (0.0, 0.0)),
    "nadam": (nadam, (0.0, 0.0)),
    "lion": (lion, (0.0,)),
    "muon": (muon, (0.0, 0.0)),
    "rprop_plus": (rprop("plus"), (0.01, 0.0)),
    "rprop_minus": (rprop("minus"), (0.01, 0.0)),
    "rprop_iplus": (rprop("iplus"), (0.01, 0.0, 0.0)),
    "rprop_iminus": (rprop("iminus"), (0.01, 0.0)),
}
