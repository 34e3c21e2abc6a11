"""Adam and its kin: steps along the mean gradient, divided by its size."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fastbp.optimizers.optimizer import Column, Optimizer, share, small_number
from fastbp.optimizers.schedules import Rate
from fastbp.specification import choose, truth_value


@dataclass(frozen=True, repr=False)
class _Moments(Optimizer):
    """The settings that all of them have."""

    learning_rate: Rate = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    #: The means start at 0 and are made up for it.
    columns_vary: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            beta_1=share("beta_1", self.beta_1),
            beta_2=share("beta_2", self.beta_2),
            epsilon=small_number("epsilon", self.epsilon),
        )

    @property
    def own_slots(self) -> dict[str, float]:
        """The means of the gradient and of its square, or what stands for that."""
        return {"momentum": 0.0, "velocity": 0.0}


@dataclass(frozen=True, repr=False)
class Adam(_Moments):
    """``m += (1 - beta_1) * (g - m); v += (1 - beta_2) * (g**2 - v); w -= alpha * m / (sqrt(v) + epsilon)``.

    Here ``alpha = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``. With `amsgrad` the largest v so far stands
    under the root.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7
    amsgrad : bool, default False
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, end of section 2. Amsgrad: Reddi, Kale and
    Kumar, "On the convergence of Adam and beyond", 2018.

    Examples
    --------
    >>> Adam().slots
    {'momentum': 0.0, 'velocity': 0.0}
    """

    amsgrad: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, amsgrad=truth_value("amsgrad", self.amsgrad))

    @property
    def own_rule(self) -> str:
        """ "adam" or "amsgrad"."""
        return "amsgrad" if self.amsgrad else "adam"

    @property
    def own_slots(self) -> dict[str, float]:
        """The means of the gradient and of its square; with `amsgrad`, the largest of the latter."""
        slots = super().own_slots
        return {**slots, "velocity_hat": 0.0} if self.amsgrad else slots

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Columns: alpha, 1 - beta_1, 1 - beta_2, epsilon."""
        alpha = rate * np.sqrt(1 - power(self.beta_2, t)) / (1 - power(self.beta_1, t))
        return alpha, 1 - self.beta_1, 1 - self.beta_2, self.epsilon


@dataclass(frozen=True, repr=False)
class AdamW(Adam):
    """Adam after ``w -= learning_rate * weight_decay * w``: `Adam` with another default.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    weight_decay : float, default 0.004
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7
    amsgrad : bool, default False
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
    """

    weight_decay: float | None = 0.004


@dataclass(frozen=True, repr=False)
class Adamax(_Moments):
    """``m += (1 - beta_1) * (g - m); u = max(beta_2 * u, |g|); w -= alpha * m / (u + epsilon)``.

    Here ``alpha = learning_rate / (1 - beta_1**t)``.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, section 7.1.
    """

    @property
    def own_rule(self) -> str:
        """ "adamax"."""
        return "adamax"

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Columns: alpha, 1 - beta_1, beta_2, epsilon."""
        return rate / (1 - power(self.beta_1, t)), 1 - self.beta_1, self.beta_2, self.epsilon


@dataclass(frozen=True, repr=False)
class Nadam(_Moments):
    """Adam with Nesterov's momentum: ``w -= (a * m + b * g) / (sqrt(v / (1 - beta_2**t)) + epsilon)``.

    Means m and v are Adam's. The momentum grows, ``u_t = beta_1 * (1 - 0.96**t / 2)``; with ``p_t = u_1 * ... * u_t``,
    ``a = learning_rate * u_(t+1) / (1 - p_(t+1))`` and ``b = learning_rate * (1 - u_t) / (1 - p_t)``.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float in [0, 1), default 0.9
    beta_2 : float in [0, 1), default 0.999
    epsilon : float above 0, default 1e-7
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """

    @property
    def own_rule(self) -> str:
        """ "nadam"."""
        return "nadam"

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Columns: a, b, 1 - beta_1, 1 - beta_2, 1 / (1 - beta_2**t), epsilon."""
        push = rate * self._momentum(t + 1) / (1 - self._product(t + 1))
        pull = rate * (1 - self._momentum(t)) / (1 - self._product(t))
        grown = 1 / (1 - power(self.beta_2, t))
        return push, pull, 1 - self.beta_1, 1 - self.beta_2, grown, self.epsilon

    def _momentum(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.beta_1 * (1 - 0.5 * power(0.96, t))

    def _product(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of all momenta up to t. Of their second factors those behind the table are 1."""
        places = np.minimum(t, len(_GROWTH)).astype(np.int64) - 1
        return power(self.beta_1, t) * _GROWTH[places]


#: (1 - 0.96**1 / 2) * ... * (1 - 0.96**t / 2) for t = 1, 2, ...
_GROWTH = np.cumprod(1 - 0.5 * 0.96 ** np.arange(1.0, 1025.0))


def power(base: float, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """``base**t`` as far as 1 minus that is not 1 itself: what is smaller is not computed, which would take long.

    >>> 1 - power(0.9, np.array([1.0, 2.0, 1e6]))
    array([0.1 , 0.19, 1.  ])
    """
    most = -42.0 / math.log(base) if base > 0 else 1.0  # e**-42 is below 2**-60
    return base ** np.minimum(t, math.ceil(most))
