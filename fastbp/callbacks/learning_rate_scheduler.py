"""A learning rate for every epoch, by a function."""

import inspect
from collections.abc import Callable

import numpy as np

from fastbp.callbacks.learning_rate import learning_rate, set_learning_rate
from fastbp.errors import ArgumentError
from fastbp.training import Callback, Logs, announce


class LearningRateScheduler(Callback):
    """Set the learning rate before every epoch. The history gets it.

    Parameters
    ----------
    schedule : callable
        Takes the epoch, counted from 0, and the learning rate that was there, or the epoch alone; returns a float.
    verbose : {0, 1}, default 0
        Whether to tell of every new one.

    Raises
    ------
    ArgumentError
        If the schedule is no function; by `fit`, if it returns no float, or the optimizer has a schedule of its own.

    References
    ----------
    Keras 3's `keras.callbacks.LearningRateScheduler`.

    Examples
    --------
    >>> halved = LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate / 2)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise ArgumentError(f"schedule must be a function of the epoch, not {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _n_arguments(schedule) != 1

    def check(self, names: tuple[str, ...]) -> None:
        """Make sure that the learning rate can be changed."""
        learning_rate(self.model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set it."""
        old = learning_rate(self.model)
        new = self.schedule(epoch, old) if self._takes_rate else self.schedule(epoch)
        if not isinstance(new, (float, np.floating)):
            raise ArgumentError(
                f"The output of the `schedule` function should be a float. Got: {new!r}"
            )
        set_learning_rate(self.model, float(new))
        if self.verbose:
            announce(
                f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(new)}."
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add it to the epoch's figures."""
        if logs is not None:
            logs["learning_rate"] = learning_rate(self.model)


def _n_arguments(function: Callable[..., float]) -> int | None:
    """How many arguments a function takes, None where that cannot be told."""
    try:
        return len(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
