"""What is known between two chunks of training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Progress:
    """Where training stands.

    Attributes
    ----------
    epoch : int
        Index of the epoch within the call.
    step : int
        Steps done in this epoch.
    n_steps : int
        Steps of an epoch.
    values : ndarray of float64 (1 + n_metrics,)
        Means of loss and metrics over the epoch so far.
    finished : ndarray of float64 (epoch, 1 + n_metrics)
        The same for the epochs before it.
    """

    epoch: int
    step: int
    n_steps: int
    values: NDArray[np.float64]
    finished: NDArray[np.float64]
