"""Layers whose weights are vectors: normalizations, and the rectifier with a slope for each feature.

Each has `vectors`, an (l1, l2) penalty and whether it learns for every array; `forward`, which takes complex numbers;
`backward`, written out by hand; and `moved`, its arrays after a step of training as far as no gradient moves them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Penalty = tuple[float, float]


class Vectors:
    """What these layers have in common."""

    activation = "linear"
    #: Whether the last array has positive numbers only.
    ends_positive = False

    @property
    def vectors(self) -> list[tuple[Penalty, bool]]:
        """The penalty of every array, and whether it learns."""
        raise NotImplementedError

    def forward(self, weights: Sequence[Array], x: Array, training: bool) -> Array:
        """The outputs."""
        raise NotImplementedError

    def backward(
        self, weights: Sequence[Array], x: Array, gradient: Array, training: bool
    ) -> tuple[Array, list[Array]]:
        """The gradient by the inputs, and those by the arrays, from that by the outputs."""
        raise NotImplementedError

    def moved(self, weights: Sequence[Array], x: Array) -> list[Array]:
        """The arrays after a step."""
        return list(weights)


@dataclass(frozen=True)
class PReLU(Vectors):
    """f(x) = x where x > 0, alpha x elsewhere; both slopes are 0 at 0, as in Keras"""

    penalty: Penalty = (0.0, 0.0)
    trainable: bool = True

    @property
    def vectors(self) -> list[tuple[Penalty, bool]]:
        """Alpha."""
        return [(self.penalty, self.trainable)]

    def forward(self, weights: Sequence[Array], x: Array, training: bool) -> Array:
        """The outputs."""
        return np.where(x.real > 0, x, weights[0] * x)

    def backward(
        self, weights: Sequence[Array], x: Array, gradient: Array, training: bool
    ) -> tuple[Array, list[Array]]:
        """The gradients."""
        slope = np.where(x > 0, 1.0, np.where(x < 0, weights[0], 0.0))
        return gradient * slope, [(gradient * np.minimum(x, 0.0)).sum(axis=0)]


@dataclass(frozen=True)
class LayerNormalization(Vectors):
    """f(x) = gamma (x - mean) / sqrt(variance + epsilon) + beta, row by row; without the mean if `only_scales`"""

    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    only_scales: bool = False
    gamma_penalty: Penalty = (0.0, 0.0)
    beta_penalty: Penalty = (0.0, 0.0)
    trainable: bool = True

    @property
    def _has(self) -> tuple[bool, bool]:
        """Whether there is a gamma, and a beta."""
        return self.scale or self.only_scales, self.center and not self.only_scales

    @property
    def vectors(self) -> list[tuple[Penalty, bool]]:
        """Gamma and beta."""
        gamma, beta = self._has
        penalties = [self.gamma_penalty] * gamma + [self.beta_penalty] * beta
        return [(penalty, self.trainable) for penalty in penalties]

    def _gamma(self, weights: Sequence[Array]) -> Any:
        return weights[0] if self._has[0] else 1.0

    def forward(self, weights: Sequence[Array], x: Array, training: bool) -> Array:
        """The outputs."""
        apart = x - x.mean(axis=1, keepdims=True)
        root = np.sqrt((apart**2).mean(axis=1, keepdims=True) + self.epsilon)
        outputs = self._gamma(weights) * (x if self.only_scales else apart) / root
        return outputs + weights[-1] if self._has[1] else outputs

    def backward(
        self, weights: Sequence[Array], x: Array, gradient: Array, training: bool
    ) -> tuple[Array, list[Array]]:
        """By the chain rule through the mean and the variance, one by one."""
        n = x.shape[1]
        apart = x - x.mean(axis=1, keepdims=True)
        variance = (apart**2).mean(axis=1, keepdims=True) + self.epsilon
        kept = x if self.only_scales else apart
        by_kept = gradient * self._gamma(weights) / np.sqrt(variance)
        by_variance = (gradient * self._gamma(weights) * kept * -0.5 * variance**-1.5).sum(
            axis=1, keepdims=True
        )
        by_apart = 2.0 / n * apart * by_variance + (0.0 if self.only_scales else by_kept)
        by_x = by_apart - by_apart.mean(axis=1, keepdims=True)
        if self.only_scales:
            by_x = by_x + by_kept
        own = [(gradient * kept / np.sqrt(variance)).sum(axis=0)] * self._has[0]
        return by_x, own + [gradient.sum(axis=0)] * self._has[1]


@dataclass(frozen=True)
class BatchNormalization(Vectors):
    """f(x) = gamma (x - mean) / sqrt(variance + epsilon) + beta, column by column

    Mean and variance are those of the batch in training, and moving = momentum moving + (1 - momentum) batch; else, or
    if it is not trainable, the moving ones. The weights are gamma, beta, and these.
    """

    ends_positive = True

    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    gamma_penalty: Penalty = (0.0, 0.0)
    beta_penalty: Penalty = (0.0, 0.0)
    trainable: bool = True

    @property
    def vectors(self) -> list[tuple[Penalty, bool]]:
        """Gamma, beta, moving mean, moving variance."""
        penalties = [self.gamma_penalty] * self.scale + [self.beta_penalty] * self.center
        learned = [(penalty, self.trainable) for penalty in penalties]
        return [*learned, ((0.0, 0.0), False), ((0.0, 0.0), False)]

    def _statistics(
        self, weights: Sequence[Array], x: Array, training: bool
    ) -> tuple[bool, Array, Array]:
        """Whether they are those of the batch, the mean, and the variance and epsilon."""
        of_batch = training and self.trainable
        mean = x.mean(axis=0) if of_batch else weights[-2]
        variance = ((x - mean) ** 2).mean(axis=0) if of_batch else weights[-1]
        return of_batch, mean, variance + self.epsilon

    def forward(self, weights: Sequence[Array], x: Array, training: bool) -> Array:
        """The outputs."""
        _, mean, variance = self._statistics(weights, x, training)
        gamma = weights[0] if self.scale else 1.0
        beta = weights[int(self.scale)] if self.center else 0.0
        return gamma * (x - mean) / np.sqrt(variance) + beta

    def backward(
        self, weights: Sequence[Array], x: Array, gradient: Array, training: bool
    ) -> tuple[Array, list[Array]]:
        """By the chain rule through the mean and the variance, one by one."""
        of_batch, mean, variance = self._statistics(weights, x, training)
        apart, scaled = x - mean, gradient * (weights[0] if self.scale else 1.0)
        by_x = scaled / np.sqrt(variance)
        by_mean = -by_x.sum(axis=0)
        by_variance = (scaled * apart * -0.5 * variance**-1.5).sum(axis=0)
        own = [(gradient * apart / np.sqrt(variance)).sum(axis=0)] * self.scale
        own += [gradient.sum(axis=0)] * self.center
        if not of_batch:
            return by_x, [*own, by_mean, by_variance]
        by_x = by_x + 2.0 / len(x) * apart * by_variance + by_mean / len(x)
        return by_x, [*own, np.zeros_like(mean), np.zeros_like(mean)]

    def moved(self, weights: Sequence[Array], x: Array) -> list[Array]:
        """The moving statistics have moved."""
        if not self.trainable:
            return list(weights)
        rest = 1.0 - self.momentum
        mean = self.momentum * weights[-2] + rest * x.mean(axis=0)
        variance = self.momentum * weights[-1] + rest * x.var(axis=0)
        return [*weights[:-2], mean, variance]
