"""Steps divided by the size that each weight's gradients have had: Adagrad and what came of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.optimizers.optimizer import Column, Optimizer, share, small_number
from fastbp.optimizers.schedules import Rate
from fastbp.specification import choose, real_number, truth_value


@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """``v += g**2; w -= learning_rate * g / sqrt(v + epsilon)``.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    initial_accumulator_value : float, at least 0, default 0.1
        What v starts with.
    epsilon : float above 0, default 1e-7
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
    """

    learning_rate: Rate = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            initial_accumulator_value=real_number(
                "initial_accumulator_value", self.initial_accumulator_value, minimum=0
            ),
            epsilon=small_number("epsilon", self.epsilon),
        )

    @property
    def own_rule(self) -> str:
        """ "adagrad"."""
        return "adagrad"

    @property
    def own_slots(self) -> dict[str, float]:
        """The sum of the gradient's squares."""
        return {"accumulator": self.initial_accumulator_value}

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Learning rate, epsilon."""
        return rate, self.epsilon


@dataclass(frozen=True, repr=False)
class Adadelta(Optimizer):
    """``v = rho * v + (1 - rho) * g**2; d = g * sqrt((s + epsilon) / (v + epsilon)); w -= learning_rate * d``.

    Here s is the mean square of the d before: ``s = rho * s + (1 - rho) * d**2`` follows. The paper has no learning
    rate: 1 is what it does.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    rho : float in [0, 1), default 0.95
    epsilon : float above 0, default 1e-7
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    learning_rate: Rate = 0.001
    rho: float = 0.95
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, rho=share("rho", self.rho), epsilon=small_number("epsilon", self.epsilon))

    @property
    def own_rule(self) -> str:
        """ "adadelta"."""
        return "adadelta"

    @property
    def own_slots(self) -> dict[str, float]:
        """The mean squares of the gradient and of the steps."""
        return {"gradient_square": 0.0, "step_square": 0.0}

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Learning rate, rho, epsilon."""
        return rate, self.rho, self.epsilon


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """``v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon)``.

    With momentum ``m = momentum * m + learning_rate * g / sqrt(v + epsilon); w -= m``. Centered, the variance of the
    gradient stands for its mean square: ``a = rho * a + (1 - rho) * g``, and ``v - a**2 + epsilon`` under the root.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    rho : float in [0, 1), default 0.9
    momentum : float in [0, 1), default 0
    epsilon : float above 0, default 1e-7
    centered : bool, default False
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Hinton, "Neural networks for machine learning", lecture 6, 2012. Centered: Graves, "Generating sequences with
    recurrent neural networks", 2013, equations 38 to 41.
    """

    learning_rate: Rate = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            rho=share("rho", self.rho),
            momentum=share("momentum", self.momentum),
            epsilon=small_number("epsilon", self.epsilon),
            centered=truth_value("centered", self.centered),
        )

    @property
    def own_rule(self) -> str:
        """ "rmsprop", then "_centered" and "_momentum" where they are on."""
        return "rmsprop" + "_centered" * self.centered + "_momentum" * bool(self.momentum)

    @property
    def own_slots(self) -> dict[str, float]:
        """The mean square of the gradient; centered, its mean; the momentum, if there is any."""
        names = (
            "velocity",
            *(["mean"] if self.centered else []),
            *(["momentum"] if self.momentum else []),
        )
        return dict.fromkeys(names, 0.0)

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Learning rate, rho, epsilon; with momentum, the momentum."""
        numbers = rate, self.rho, self.epsilon
        return (*numbers, self.momentum) if self.momentum else numbers
