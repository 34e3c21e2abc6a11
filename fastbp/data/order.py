"""The order of an epoch's samples, a function of (seed, epoch) alone."""

from functools import cache
from typing import Any

import numpy as np

from fastbp.data.source import address_of

_WORD = (1 << 64) - 1
#: Few enough to stay in the first-level cache.
_DRAWS_AT_A_TIME = 256


def epoch_orders(n_samples: int, n_epochs: int, seed: int, first_epoch: int = 0) -> np.ndarray:
    """Return the permutations in which epochs visit the samples.

    Each depends on the number of samples, the seed and the epoch alone: not on the epochs before it, on
    threads, or on the state of any generator, so training that goes on from a checkpoint sees the order
    it would have seen.

    Parameters
    ----------
    n_samples : int
        Number of samples to put in order.
    n_epochs : int
        Number of epochs.
    seed : int
        The model's seed; any integer.
    first_epoch : int
        Number of the first of these epochs, counted from 0.

    Returns
    -------
    numpy.ndarray
        int64, shape (n_epochs, n_samples).

    Examples
    --------
    >>> epoch_orders(6, 2, seed=1)
    array([[3, 0, 5, 2, 4, 1],
           [5, 3, 1, 2, 0, 4]])
    """
    orders = np.empty((n_epochs, n_samples), np.int64)
    draws = np.empty(_DRAWS_AT_A_TIME, np.int64)
    numbers = n_epochs, n_samples, seed & _WORD, first_epoch
    _shuffle()(address_of(orders), *numbers, address_of(draws), _DRAWS_AT_A_TIME)
    return orders


@cache
def _shuffle() -> Any:
    """The compiled function; found here, since importing this room is not to import Numba."""
    from fastbp.kernels.shuffle import compiled_shuffle

    return compiled_shuffle()
