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
    seen : int
        Samples of these steps.
    sums : ndarray of float64 (1 + n_metrics,)
        Loss and metrics summed over the epoch so far.
    finished : ndarray of float64 (epoch, 1 + n_metrics)
        Their means over the samples of each of the epochs before it.
    """

    epoch: int
    step: int
    n_steps: int
    seen: int
    sums: NDArray[np.float64]
    finished: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """Means of loss and metrics over the epoch so far, shape (1 + n_metrics,)."""
        return self.sums / self.seen
