"""What a schedule is, and the one that a Python function makes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastbp.specification import Specification, choose, real_number, whole_number


@dataclass(frozen=True)
class LearningRateSchedule(Specification):
    """The learning rate as a function of the number of updates done before.

    Parameters
    ----------
    name : str, optional
        By keyword; taken for Keras's sake, model files keep it.

    Examples
    --------
    >>> from fastbp.optimizers.schedules import ExponentialDecay
    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    0.025
    """

    name: str | None = field(default=None, kw_only=True, compare=False, repr=False)

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The learning rates after so many updates.

        Parameters
        ----------
        steps : ndarray of int64 (n,)
            Updates done before, from 0.

        Returns
        -------
        ndarray of float64 (n,)
        """
        raise NotImplementedError

    def __call__(self, step: int) -> float:
        """The learning rate after `step` updates."""
        return float(self.rates(np.array([step], np.int64))[0])


#: What an optimizer takes as its learning rate.
Rate = float | LearningRateSchedule | Callable[[int], float]


@dataclass(frozen=True)
class FunctionSchedule(LearningRateSchedule):
    """What a Python function returns for each step: ``rate = function(step)``.

    A file holds no code: a model that is saved has the rate reached instead.

    Parameters
    ----------
    function : callable
        Takes the number of updates done before, returns a number; depends on nothing else.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        With the first step for which the function does not return a finite number of at least 0.

    References
    ----------
    Keras 3's `keras.optimizers.schedules.LearningRateSchedule`, which a function takes the place of.

    Examples
    --------
    >>> FunctionSchedule(lambda step: 0.1 / (1 + step))(4)
    0.02
    """

    function: Callable[[int], float]

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """One call a step."""
        rates = np.empty(len(steps))
        for i, step in enumerate(steps.tolist()):
            rate: object = self.function(step)
            if isinstance(rate, np.ndarray) and rate.ndim == 0:
                rate = rate.item()
            rates[i] = real_number(f"learning_rate after {step} updates", rate, minimum=0)
        return rates


@dataclass(frozen=True)
class Decay(LearningRateSchedule):
    """A schedule that begins with a rate of its own and takes some steps to change it."""

    initial_learning_rate: float
    decay_steps: int

    def __post_init__(self) -> None:
        choose(
            self,
            initial_learning_rate=real_number(
                "initial_learning_rate", self.initial_learning_rate, minimum=0
            ),
            decay_steps=whole_number("decay_steps", self.decay_steps),
        )
