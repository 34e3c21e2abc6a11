"""Holding samples out for testing, each class in proportion."""

import numpy as np

# Keeps these draws apart from those of the weights and the batch order, which have keys like these.
_STREAM = 3


def hold_out(
    n_samples: int, fraction: float = 0.2, *, classes: np.ndarray | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the samples to train on and the samples to test with.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    fraction : float
        The part to test with, rounded within each class; one sample of each class stays in training.
    classes : numpy.ndarray, optional
        Each sample's class, shape (n_samples,).
    seed : int
        The choice depends on this alone.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, int64, ascending. `test` is empty where there are too few samples.

    Examples
    --------
    >>> train, test = hold_out(10, 0.2, classes=np.array([0, 1] * 5))
    >>> len(train), np.bincount(test % 2).tolist()
    (8, [1, 1])
    """
    key = np.array([seed & ((1 << 64) - 1), 0], dtype=np.uint64)
    words = np.random.Philox(key=key, counter=np.array([0, 0, 0, _STREAM], np.uint64))
    order = np.random.Generator(words).permutation(n_samples)
    if classes is None:
        groups = [order]
    else:
        groups = [order[classes[order] == each] for each in np.unique(classes)]
    in_test = np.zeros(n_samples, dtype=np.bool_)
    for group in groups:
        n_test = min(int(len(group) * fraction + 0.5), len(group) - 1)
        in_test[group[:n_test]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)
