"""Gradient descent, plain and with momentum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.optimizers.optimizer import Column, Optimizer, share
from fastbp.optimizers.schedules import Rate
from fastbp.specification import choose, truth_value


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Gradient descent: ``w -= learning_rate * g``.

    With momentum ``m = momentum * m - learning_rate * g; w += m``, and with Nesterov's
    ``w += momentum * m - learning_rate * g`` after that m.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.01
    momentum : float in [0, 1), default 0
    nesterov : bool, default False
        Goes with momentum alone.
    **shared
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or `nesterov` goes without momentum.

    References
    ----------
    Robbins and Monro, "A stochastic approximation method", 1951. Momentum: Polyak, "Some methods of speeding up the
    convergence of iteration methods", 1964. Nesterov's: Sutskever, Martens, Dahl and Hinton, "On the importance of
    initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> SGD(0.1, momentum=0.9).hyper(np.array([1]))
    array([[0.1, 0.9]])
    """

    learning_rate: Rate = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            momentum=share("momentum", self.momentum),
            nesterov=truth_value("nesterov", self.nesterov),
        )
        if self.nesterov and not self.momentum:
            raise ArgumentError(
                "nesterov=True does nothing without momentum: give one, as in SGD(0.01, momentum=0.9, nesterov=True)"
            )

    @property
    def own_rule(self) -> str:
        """ "sgd", "momentum" or "nesterov"."""
        if not self.momentum:
            return "sgd"
        return "nesterov" if self.nesterov else "momentum"

    @property
    def own_slots(self) -> dict[str, float]:
        """The momentum, if there is any."""
        return {"momentum": 0.0} if self.momentum else {}

    def own_columns(self, t: NDArray[np.float64], rate: NDArray[np.float64]) -> tuple[Column, ...]:
        """Learning rate; with momentum, the momentum."""
        return (rate, self.momentum) if self.momentum else (rate,)
