"""The order of an epoch's samples, a function of (seed, epoch) alone."""

import numpy as np

# Keeps these draws apart from those of the weights, which have the same kind of key.
_STREAM = 2
_WORD = (1 << 64) - 1


def epoch_order(n_samples: int, seed: int, epoch: int) -> np.ndarray:
    """Return the permutation in which an epoch visits the samples.

    It depends on its arguments alone: not on the epochs before it, on threads, or on the state of
    any generator, so training that goes on from a checkpoint sees the order it would have seen.

    Parameters
    ----------
    n_samples : int
        Number of samples to put in order.
    seed : int
        The model's seed; any integer.
    epoch : int
        Counted from 0.

    Returns
    -------
    numpy.ndarray
        int64, shape (n_samples,).

    Examples
    --------
    >>> epoch_order(6, seed=1, epoch=0)
    array([2, 5, 1, 0, 3, 4])
    >>> epoch_order(6, seed=1, epoch=1)
    array([3, 5, 2, 4, 0, 1])
    """
    key = np.array([seed & _WORD, epoch], dtype=np.uint64)
    words = np.random.Philox(key=key, counter=np.array([0, 0, 0, _STREAM], np.uint64))
    return np.random.Generator(words).permutation(n_samples)
