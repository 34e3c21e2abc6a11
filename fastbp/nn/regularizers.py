"""Penalties on weights that are added to the loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.specification import Family, Specification, choose, one_of, real_number


@dataclass(frozen=True)
class Regularizer(Specification):
    """A penalty ``l1 * sum(|w|) + l2 * sum(w**2)`` on one array of weights, added to the loss; in Keras `L1L2`.

    Parameters
    ----------
    l1 : float, at least 0, default 0.0
        Its gradient is ``l1 * sign(w)``, 0 where w is 0.
    l2 : float, at least 0, default 0.0
        Its gradient is ``2 * l2 * w``.

    Raises
    ------
    ArgumentError
        If a strength is negative or not finite.

    References
    ----------
    Zou and Hastie, "Regularization and variable selection via the elastic net", 2005; Keras 3's
    `keras.regularizers.L1L2`.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        choose(
            self, l1=real_number("l1", self.l1, minimum=0), l2=real_number("l2", self.l2, minimum=0)
        )


#: Its name in Keras.
L1L2 = Regularizer


@dataclass(frozen=True)
class L1(Regularizer):
    """The penalty ``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float, at least 0, default 0.01
        Its gradient is ``l1 * sign(w)``, 0 where w is 0.

    Raises
    ------
    ArgumentError
        If a strength is negative or not finite.

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso", 1996; Keras 3's `keras.regularizers.L1`.

    Examples
    --------
    >>> L1(0.001)
    L1(l1=0.001)
    """

    l1: float = 0.01
    l2: float = field(default=0.0, init=False, repr=False)


@dataclass(frozen=True)
class L2(Regularizer):
    """The penalty ``l2 * sum(w**2)``.

    Parameters
    ----------
    l2 : float, at least 0, default 0.01
        Its gradient is ``2 * l2 * w``.

    Raises
    ------
    ArgumentError
        If a strength is negative or not finite.

    References
    ----------
    Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems", 1970;
    Keras 3's `keras.regularizers.L2`.

    Examples
    --------
    >>> L2(0.001)
    L2(l2=0.001)
    """

    l1: float = field(default=0.0, init=False, repr=False)
    l2: float = 0.01


@dataclass(frozen=True)
class OrthogonalRegularizer(Regularizer):
    """A penalty on angles that are not right ones, between the rows of a kernel or between its columns.

    ``factor / n_pairs * sum over the pairs a < b of |u_a . u_b|`` with ``u_a = w_a / max(|w_a|, 1e-7)``: `factor` times
    the mean size of a cosine. Of one vector alone it is 0. It is for kernels, (n_inputs, n_units), whose columns are
    the weights of each unit. With n vectors of m numbers a step takes some 2 n**2 m multiplications more.

    Parameters
    ----------
    factor : float, at least 0, default 0.01
    mode : {"rows", "columns"}, default "rows"

    Raises
    ------
    ArgumentError
        If the factor is negative or not finite, or there is no such mode.

    References
    ----------
    Keras 3's `keras.regularizers.OrthogonalRegularizer`.

    Examples
    --------
    >>> OrthogonalRegularizer(0.1, "columns")
    OrthogonalRegularizer(factor=0.1, mode='columns')
    """

    l1: float = field(default=0.0, init=False, repr=False)
    l2: float = field(default=0.0, init=False, repr=False)
    factor: float = 0.01
    mode: str = "rows"

    def __post_init__(self) -> None:
        choose(
            self,
            factor=real_number("factor", self.factor, minimum=0),
            mode=one_of("mode", self.mode, ("rows", "columns")),
        )


REGULARIZERS: Family[Regularizer] = Family(
    "regularizer",
    Regularizer,
    {
        "l1": L1,
        "l2": L2,
        "l1_l2": Regularizer,
        "l1l2": Regularizer,
        "L1L2": Regularizer,
        "orthogonal_regularizer": OrthogonalRegularizer,
    },
)


def regularizer_or_none(wanted: str | Regularizer | Mapping[str, Any] | None) -> Regularizer | None:
    """What a layer is given as a regularizer, as a specification."""
    return None if wanted is None else REGULARIZERS.resolve(wanted)


def regularizer_of_vector(
    name: str, wanted: str | Regularizer | Mapping[str, Any] | None
) -> Regularizer | None:
    """The same for an array that is no kernel: `name` is what it is called.

    Raises
    ------
    ArgumentError
        If it is an OrthogonalRegularizer.
    """
    regularizer = regularizer_or_none(wanted)
    if isinstance(regularizer, OrthogonalRegularizer):
        raise ArgumentError(
            f"{name}_regularizer cannot be OrthogonalRegularizer, which looks at angles between the vectors of a "
            "kernel: give it to a Dense layer as kernel_regularizer"
        )
    return regularizer
