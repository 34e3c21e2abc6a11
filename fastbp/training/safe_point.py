"""A moment at which a run could be resumed, and all that it would need then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class TrainingState:
    """All that a run needs to go on, in the form of a model file: that of the model, and some more.

    Attributes
    ----------
    settings : mapping
        What JSON can hold: of the model, and under "training" the position, the history, the callbacks.
    arrays : mapping of str to ndarray
    """

    settings: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class SafePoint:
    """A moment between two steps.

    Attributes
    ----------
    epoch, step : int
        Which step of which epoch, both counted from 0, is the next.
    state : callable
        Tells the `TrainingState`.
    """

    epoch: int
    step: int
    state: Callable[[], TrainingState]
