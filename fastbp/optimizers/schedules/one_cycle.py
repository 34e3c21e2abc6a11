"""One rise and one fall for a whole training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.optimizers.schedules.schedule import LearningRateSchedule
from fastbp.specification import choose, real_number, whole_number


@dataclass(frozen=True)
class OneCycle(LearningRateSchedule):
    """One cycle: up from ``max_learning_rate / div_factor`` to the largest rate, then down to nearly nothing.

    The rise ends with step ``pct_start * total_steps - 1``, the fall with step ``total_steps - 1`` at
    ``max_learning_rate / div_factor / final_div_factor``, where the rate then stays. Both go along half a cosine, or
    straight. This is the policy of Smith's paper in the two phases of fastai and of PyTorch's ``OneCycleLR``, whose
    defaults these are. The paper itself goes straight, down in as many steps as up, and to nothing in a few at the end.

    Parameters
    ----------
    max_learning_rate : float
    total_steps : int
        Updates of the training: epochs times batches.
    pct_start : float in [0, 1), default 0.3
        The share of the rise.
    anneal_strategy : {"cos", "linear"}, default "cos"
    div_factor : float, at least 1, default 25
    final_div_factor : float, at least 1, default 10,000
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, or there is no such strategy.

    References
    ----------
    Smith, "A disciplined approach to neural network hyper-parameters: part 1", 2018, section 4.1; Smith and Topin,
    "Super-convergence", 2018.

    Examples
    --------
    >>> schedule = OneCycle(1.0, total_steps=101, pct_start=0.5)
    >>> round(schedule(0), 6), round(schedule(100), 9)
    (0.04, 4e-06)
    """

    max_learning_rate: float
    total_steps: int
    pct_start: float = 0.3
    anneal_strategy: str = "cos"
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def __post_init__(self) -> None:
        if self.anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                f"anneal_strategy must be 'cos' or 'linear', not {self.anneal_strategy!r}"
            )
        choose(
            self,
            max_learning_rate=real_number("max_learning_rate", self.max_learning_rate, minimum=0),
            total_steps=whole_number("total_steps", self.total_steps, minimum=2),
            pct_start=real_number("pct_start", self.pct_start, minimum=0, below=1),
            div_factor=real_number("div_factor", self.div_factor, minimum=1),
            final_div_factor=real_number("final_div_factor", self.final_div_factor, minimum=1),
        )

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula."""
        first = self.max_learning_rate / self.div_factor
        end = self.total_steps - 1
        peak = max(self.pct_start * self.total_steps - 1, 0.0)
        risen = self._between(first, self.max_learning_rate, steps / (peak or 1.0))
        done = (np.minimum(steps, end) - peak) / (end - peak)
        fallen = self._between(self.max_learning_rate, first / self.final_div_factor, done)
        return np.where(steps < peak, risen, fallen)

    def _between(self, begin: float, end: float, done: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.anneal_strategy == "linear":
            return begin + (end - begin) * done
        return np.asarray(end + (begin - end) / 2 * (1 + np.cos(np.pi * done)))
