"""Rates that fall along half a cosine, once or again and again. Both are Keras 3's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.optimizers.schedules.schedule import Decay, LearningRateSchedule
from fastbp.specification import choose, real_number, whole_number


@dataclass(frozen=True)
class CosineDecay(Decay):
    """``peak * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)``, and the end from `decay_steps` on.

    With a `warmup_target` the rate first goes straight from `initial_learning_rate` to it in `warmup_steps` steps; it
    is the peak then, and the steps of the formula are counted from there. Else `initial_learning_rate` is the peak.

    Parameters
    ----------
    initial_learning_rate : float, at least 0
    decay_steps : int, at least 1
        In updates.
    alpha : float, at least 0, default 0
        The last rate as a share of the peak.
    warmup_target : float, optional
        The peak, where there is a warm-up.
    warmup_steps : int, default 0
        In updates.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Examples
    --------
    >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=0.1, warmup_steps=10)
    >>> [round(schedule(step), 6) for step in (0, 5, 10, 60, 110, 1000)]
    [0.0, 0.05, 0.1, 0.05, 0.0, 0.0]
    """

    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        target = self.warmup_target
        choose(
            self,
            alpha=real_number("alpha", self.alpha, minimum=0),
            warmup_target=(
                None if target is None else real_number("warmup_target", target, minimum=0)
            ),
            warmup_steps=whole_number("warmup_steps", self.warmup_steps, minimum=0),
        )

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula."""
        if self.warmup_target is None:
            return self._fallen(steps, self.initial_learning_rate)
        rates = self._fallen(np.maximum(steps - self.warmup_steps, 0), self.warmup_target)
        rises = self.warmup_target - self.initial_learning_rate
        warming = rises * (steps / max(1, self.warmup_steps)) + self.initial_learning_rate
        return np.where(steps < self.warmup_steps, warming, rates)

    def _fallen(self, steps: NDArray[np.int64], peak: float) -> NDArray[np.float64]:
        return peak * half_cosine(
            np.minimum(steps, self.decay_steps) / self.decay_steps, self.alpha
        )


@dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` again and again, each time longer by `t_mul` and from a peak higher by `m_mul`.

    With i restarts before, and a share d of the fall done since:
    ``initial_learning_rate * ((1 - alpha) * m_mul**i * (1 + cos(pi * d)) / 2 + alpha)``; a fall takes
    ``first_decay_steps * t_mul**i`` steps.

    Parameters
    ----------
    initial_learning_rate : float, at least 0
    first_decay_steps : int, at least 1
        Steps of the first fall.
    t_mul : float, at least 1, default 2
    m_mul : float, at least 0, default 1
    alpha : float, at least 0, default 0
        The last rate of a fall as a share of the first peak.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Examples
    --------
    >>> schedule = CosineDecayRestarts(0.1, 100)
    >>> schedule(0), schedule(100), schedule(300)
    (0.1, 0.1, 0.1)
    """

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        choose(
            self,
            initial_learning_rate=real_number(
                "initial_learning_rate", self.initial_learning_rate, minimum=0
            ),
            first_decay_steps=whole_number("first_decay_steps", self.first_decay_steps),
            t_mul=real_number("t_mul", self.t_mul, minimum=1),
            m_mul=real_number("m_mul", self.m_mul, minimum=0),
            alpha=real_number("alpha", self.alpha, minimum=0),
        )

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula, with the number of restarts before each step and the share of its fall that is done."""
        p = steps / self.first_decay_steps
        if self.t_mul == 1:
            restarts = np.floor(p)
            done = p - restarts
        else:
            restarts = np.floor(np.log1p(p * (self.t_mul - 1)) / np.log(self.t_mul))
            # The quotient of logarithms may be rounded to below a whole number or up to it.
            restarts += p >= self._begin(restarts + 1)
            restarts -= p < self._begin(restarts)
            done = (p - self._begin(restarts)) / self.t_mul**restarts
        with np.errstate(over="ignore"):
            peak = self.m_mul**restarts
        return self.initial_learning_rate * half_cosine(done, self.alpha, peak)

    def _begin(self, restarts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the fall after so many restarts begins, in falls of the first length."""
        return (self.t_mul**restarts - 1) / (self.t_mul - 1)


def half_cosine(
    done: NDArray[np.float64], alpha: float, peak: NDArray[np.float64] | float = 1.0
) -> NDArray[np.float64]:
    """From `peak` to 0, of which `alpha` is kept, as `done` goes from 0 to 1."""
    return np.asarray((1 - alpha) * (0.5 * peak * (1 + np.cos(np.pi * done))) + alpha)
