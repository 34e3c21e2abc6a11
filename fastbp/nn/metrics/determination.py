"""R2 from sums over samples."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def r2_of_outputs(deviations: Array, squares: Array, errors: Array) -> tuple[Array, Array]:
    """``1 - sum((y - p)**2) / sum((y - mean(y))**2)`` of each output, and the divisor.

    Where all targets are the same it is 1 for outputs without an error, else 0.

    Parameters
    ----------
    deviations, squares, errors : ndarray (n_outputs,)
        Means of y - c, (y - c)**2 and (y - p)**2, c being any number near the targets.

    Examples
    --------
    >>> scores, variances = r2_of_outputs(np.array([0.5]), np.array([1.25]), np.array([0.25]))
    >>> scores.tolist(), variances.tolist()
    ([0.75], [1.0])
    """
    variances = squares - deviations**2
    constant = np.where(errors == 0.0, 0.0, 1.0)
    lacking = np.divide(errors, variances, out=constant, where=~(variances <= 0.0))
    return 1.0 - lacking, np.maximum(variances, 0.0)


def adjusted(r2: Array, n_samples: int, n_regressors: int) -> Array:
    """``1 - (1 - r2) (n - 1) / (n - k - 1)``, or r2 itself where there are too few samples for k regressors."""
    rest = n_samples - n_regressors - 1
    return 1.0 - (1.0 - r2) * (n_samples - 1) / rest if n_regressors and rest > 0 else r2
