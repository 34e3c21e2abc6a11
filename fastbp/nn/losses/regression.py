"""The losses of errors: how far numbers, counts or directions are from the targets."""

from dataclasses import dataclass

from fastbp.nn.losses.loss import LossFunction
from fastbp.specification import choose, real_number


@dataclass(frozen=True)
class MeanSquaredError(LossFunction):
    """``mean((y - p)**2)``, for numbers y of any size.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Bishop, "Pattern recognition and machine learning", 2006, section 5.2, without the factor 1/2; Keras 3's
    `keras.losses.MeanSquaredError`.
    """

    kind = "mean_squared_error"


@dataclass(frozen=True)
class MeanAbsoluteError(LossFunction):
    """``mean(|y - p|)``, which outliers move less than a square; its derivative where ``y = p`` is 0.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.MeanAbsoluteError`.
    """

    kind = "mean_absolute_error"


@dataclass(frozen=True)
class MeanAbsolutePercentageError(LossFunction):
    """``100 * mean(|y - p| / max(|y|, epsilon))``, in percent, with epsilon 1e-7.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.MeanAbsolutePercentageError`.
    """

    kind = "mean_absolute_percentage_error"


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(LossFunction):
    """``mean((log(1 + max(y, epsilon)) - log(1 + max(p, epsilon)))**2)``, with epsilon 1e-7.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.MeanSquaredLogarithmicError`.
    """

    kind = "mean_squared_logarithmic_error"


@dataclass(frozen=True)
class Huber(LossFunction):
    """The mean of ``e**2 / 2`` where ``|e| <= delta``, of ``delta * (|e| - delta / 2)`` elsewhere, with ``e = y - p``.

    Parameters
    ----------
    delta : float, default 1.0
        Above 0: where the square ends.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If delta is not above 0, or a setting of `LossFunction` cannot be.

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> Huber(delta=2)
    Huber(delta=2.0)
    """

    kind = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, delta=real_number("delta", self.delta, above=0))

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(delta,)``"""
        return (self.delta,)


@dataclass(frozen=True)
class LogCosh(LossFunction):
    """``mean(log(cosh(p - y)))``: about ``(p - y)**2 / 2`` for small errors, ``|p - y| - log(2)`` for large ones.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.LogCosh`.
    """

    kind = "log_cosh"


@dataclass(frozen=True)
class Quantile(LossFunction):
    """``mean(max(q * (y - p), (q - 1) * (y - p)))``, least where a share q of the targets is below the prediction.

    Parameters
    ----------
    quantile : float in (0, 1), default 0.5
        The q of the formula; 0.5 gives the median, at half of `MeanAbsoluteError`.
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If the quantile is not in (0, 1), or a setting of `LossFunction` cannot be.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978. Not in Keras.

    Examples
    --------
    >>> Quantile(0.9)
    Quantile(quantile=0.9)
    """

    kind = "quantile"
    quantile: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, quantile=real_number("quantile", self.quantile, above=0, below=1))

    @property
    def numbers(self) -> tuple[float, ...]:
        """``(quantile,)``"""
        return (self.quantile,)


@dataclass(frozen=True)
class Poisson(LossFunction):
    """``mean(p - y * log(p + epsilon))`` for counts y, with epsilon 1e-7: minus the logarithm of a Poisson probability.

    What depends on y alone is left away. p must be positive, as after an "exponential" or "softplus".

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.Poisson`.
    """

    kind = "poisson"
    target_range = (0.0, float("inf"))
    takes_logarithms = True


@dataclass(frozen=True)
class CosineSimilarity(LossFunction):
    """``-sum(y * p) / (|y| * |p|)``, where a length below epsilon, 1e-7, counts as epsilon.

    It lies between -1, the same direction, and 1. It needs two outputs or more.

    Parameters
    ----------
    reduction, name
        By keyword: see `LossFunction`.

    Raises
    ------
    ArgumentError
        If there is no such reduction, or the name is no string.

    References
    ----------
    Keras 3's `keras.losses.CosineSimilarity`.
    """

    kind = "cosine_similarity"
    n_outputs_least = 2
