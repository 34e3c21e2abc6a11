"""Rates that fall by a formula of the step: exponential, inverse, polynomial, piecewise constant. All are Keras 3's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError
from fastbp.optimizers.schedules.schedule import Decay, LearningRateSchedule
from fastbp.specification import choose, real_number, truth_value, whole_number


@dataclass(frozen=True)
class _RatedDecay(Decay):
    """With ``p = step / decay_steps``, or its whole part in a staircase."""

    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            decay_rate=real_number("decay_rate", self.decay_rate, minimum=0),
            staircase=truth_value("staircase", self.staircase),
        )

    def _progress(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        p = steps / self.decay_steps
        return np.floor(p) if self.staircase else p


@dataclass(frozen=True)
class ExponentialDecay(_RatedDecay):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float, at least 0
    decay_steps : int, at least 1
        In updates.
    decay_rate : float, at least 0
    staircase : bool, default False
        Whether only whole parts of ``step / decay_steps`` count.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Keras 3's `keras.optimizers.schedules.ExponentialDecay`.
    """

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula."""
        with np.errstate(over="ignore"):
            return self.initial_learning_rate * self.decay_rate ** self._progress(steps)


@dataclass(frozen=True)
class InverseTimeDecay(_RatedDecay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float, at least 0
    decay_steps : int, at least 1
        In updates.
    decay_rate : float, at least 0
    staircase : bool, default False
        Whether only whole parts of ``step / decay_steps`` count.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Keras 3's `keras.optimizers.schedules.InverseTimeDecay`.
    """

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._progress(steps))


@dataclass(frozen=True)
class PolynomialDecay(Decay):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``, and the end from `decay_steps` on.

    With `cycle` it rises again at each multiple of `decay_steps`, of which the next one then stands in the formula.

    Parameters
    ----------
    initial_learning_rate : float, at least 0
    decay_steps : int, at least 1
        In updates.
    end_learning_rate : float, at least 0, default 0.0001
    power : float, at least 0, default 1
    cycle : bool, default False
        Whether the rate rises again.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range.

    References
    ----------
    Keras 3's `keras.optimizers.schedules.PolynomialDecay`.
    """

    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            end_learning_rate=real_number("end_learning_rate", self.end_learning_rate, minimum=0),
            power=real_number("power", self.power, minimum=0),
            cycle=truth_value("cycle", self.cycle),
        )

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The formula."""
        if self.cycle:
            n_cycles = np.maximum(1, -(-steps // self.decay_steps))
            p = steps / (n_cycles * self.decay_steps)
        else:
            p = np.minimum(steps, self.decay_steps) / self.decay_steps
        falls = self.initial_learning_rate - self.end_learning_rate
        return np.asarray(falls * (1 - p) ** self.power + self.end_learning_rate)


@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and including step ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on.

    Parameters
    ----------
    boundaries : sequence of int
        Rising, in updates.
    values : sequence of float
        One more than there are boundaries, each at least 0.
    name : str, optional
        By keyword: see `LearningRateSchedule`.

    Raises
    ------
    ArgumentError
        If a number is out of its range, boundaries do not rise, or there is not one value more.

    References
    ----------
    Keras 3's `keras.optimizers.schedules.PiecewiseConstantDecay`.

    Examples
    --------
    >>> schedule = PiecewiseConstantDecay([100, 200], [0.1, 0.05, 0.01])
    >>> schedule(100), schedule(101), schedule(1000)
    (0.1, 0.05, 0.01)
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        boundaries, values = _listed("boundaries", self.boundaries), _listed("values", self.values)
        choose(
            self,
            boundaries=tuple(whole_number("boundaries", b, minimum=0) for b in boundaries),
            values=tuple(real_number("values", v, minimum=0) for v in values),
        )
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                f"values must be one more than boundaries, but there are {len(values)} and {len(boundaries)}"
            )
        if any(a >= b for a, b in zip(self.boundaries[:-1], self.boundaries[1:], strict=True)):
            raise ArgumentError(f"boundaries must rise, not be {self.boundaries}")

    def rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The value of the piece that each step is in."""
        return np.array(self.values)[np.searchsorted(np.array(self.boundaries), steps)]


def _listed(name: str, given: object) -> tuple[object, ...]:
    if isinstance(given, (list, tuple, np.ndarray)):
        return tuple(given)
    raise ArgumentError(f"{name} must be a list of numbers, not {given!r}")
