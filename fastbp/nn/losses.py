"""The losses of errors and margins, and the table of all."""

from dataclasses import dataclass

from fastbp.nn.crossentropies import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalCrossentropy,
)
from fastbp.nn.loss import LossFunction
from fastbp.specification import Family, choose, real_number

# --- errors ---


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


# --- margins ---


@dataclass(frozen=True)
class Hinge(LossFunction):
    """``mean(max(0, 1 - y * p))`` for targets -1 and 1; 0 and 1 mean the same.

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
    Cortes and Vapnik, "Support-vector networks", 1995; Keras 3's `keras.losses.Hinge`.
    """

    kind = "hinge"
    target_signs = True


@dataclass(frozen=True)
class SquaredHinge(LossFunction):
    """``mean(max(0, 1 - y * p)**2)`` for targets -1 and 1; 0 and 1 mean the same.

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
    Tang, "Deep learning using linear support vector machines", 2013; Keras 3's `keras.losses.SquaredHinge`.
    """

    kind = "squared_hinge"
    target_signs = True


@dataclass(frozen=True)
class CategoricalHinge(LossFunction):
    """``max(0, 1 + max((1 - y) * p) - sum(y * p))`` for one-hot targets.

    The first maximum is over all outputs, that of the right class counting as 0.

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
    Keras 3's `keras.losses.CategoricalHinge`; the margin between the right class and its best rival is that of Crammer
    and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.
    """

    kind = "categorical_hinge"
    target_range = (0.0, 1.0)
    n_outputs_least = 2


# --- probabilities ---


@dataclass(frozen=True)
class KLDivergence(LossFunction):
    """``sum(y * log(y / p))``, y and p kept in [epsilon, 1] with epsilon 1e-7: how far probabilities p are from y.

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
    Kullback and Leibler, "On information and sufficiency", 1951; Keras 3's `keras.losses.KLDivergence`.
    """

    kind = "kl_divergence"
    target_range = (0.0, 1.0)
    takes_logarithms = True


LOSSES: Family[LossFunction] = Family(
    "loss",
    LossFunction,
    {
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
        "MSE": MeanSquaredError,
        "mean_absolute_error": MeanAbsoluteError,
        "mae": MeanAbsoluteError,
        "MAE": MeanAbsoluteError,
        "mean_absolute_percentage_error": MeanAbsolutePercentageError,
        "mape": MeanAbsolutePercentageError,
        "MAPE": MeanAbsolutePercentageError,
        "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
        "msle": MeanSquaredLogarithmicError,
        "MSLE": MeanSquaredLogarithmicError,
        "huber": Huber,
        "log_cosh": LogCosh,
        "logcosh": LogCosh,
        "quantile": Quantile,
        "poisson": Poisson,
        "cosine_similarity": CosineSimilarity,
        "hinge": Hinge,
        "squared_hinge": SquaredHinge,
        "categorical_hinge": CategoricalHinge,
        "kl_divergence": KLDivergence,
        "kld": KLDivergence,
        "KLD": KLDivergence,
        "binary_crossentropy": BinaryCrossentropy,
        "bce": BinaryCrossentropy,
        "BCE": BinaryCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
        "binary_focal_crossentropy": BinaryFocalCrossentropy,
        "categorical_focal_crossentropy": CategoricalFocalCrossentropy,
    },
)
