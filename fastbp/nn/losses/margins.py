"""The losses of margins: nothing is lost where the right side is far enough away."""

from dataclasses import dataclass

from fastbp.nn.losses.loss import LossFunction


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
