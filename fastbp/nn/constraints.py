"""What arrays of weights are brought back to after each update of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.specification import Family, Specification, choose, real_number


@dataclass(frozen=True)
class Constraint(Specification):
    """What holds of an array after each update; not before the first one, nor after `set_weights`.

    Averages of the weights, where they are kept, are of what the update gives, before this: so it is in Keras.
    """

    def check_axes(self, name: str, n_axes: int) -> None:
        """Refuse, under this name, axes that an array of so many axes does not have."""


@dataclass(frozen=True)
class NonNeg(Constraint):
    """``w = max(w, 0)``.

    References
    ----------
    Keras 3's `keras.constraints.NonNeg`.

    Examples
    --------
    >>> NonNeg()
    NonNeg()
    """


class Norm(Constraint):
    """Bounds for ``norm = sqrt(sum(w**2))`` along `axis`: ``w *= wanted / norm``; zeros stay zeros.

    Keras divides by ``norm + 1e-7``, which also shrinks what is within the bounds by that share at every update; here
    it stays as it is.
    """

    axis: int | Sequence[int]  # a field of those below, which have it last

    def __post_init__(self) -> None:
        axes = tuple(self.axis) if isinstance(self.axis, Sequence) else (self.axis,)
        numbers = [each for each in axes if isinstance(each, int) and not isinstance(each, bool)]
        if not axes or len(numbers) < len(axes):
            raise ArgumentError(
                f"axis must be the number of an axis or a list of such, not {self.axis!r}"
            )
        choose(self, axis=numbers[0] if len(numbers) == 1 else tuple(numbers))

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes along which squares are added."""
        return (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)

    def check_axes(self, name: str, n_axes: int) -> None:
        """Refuse, under this name, axes that an array of so many axes does not have."""
        wrong = [each for each in self.axes if not -n_axes <= each < n_axes]
        places = [each % n_axes for each in self.axes]
        if wrong or len(set(places)) < len(places):
            known = "axis=0 alone" if n_axes == 1 else "axis=0, axis=1 or axis=[0, 1]"
            raise ArgumentError(
                f"{name} of {n_axes} {'axis' if n_axes == 1 else 'axes'} takes {known}, not axis={self.axis}"
            )

    @property
    def bounds(self) -> tuple[float, float, float]:
        """The least norm, the largest one, and the share of the way to them that an update goes."""
        raise NotImplementedError


@dataclass(frozen=True)
class MaxNorm(Norm):
    """Norms of at most `max_value`: ``w *= min(norm, max_value) / norm``.

    Parameters
    ----------
    max_value : float above 0, default 2
    axis : int or list of int, default 0
        Along which squares are added. Of a kernel (n_inputs, n_units) 0 takes the norm of each unit's weights, 1 that
        of the weights of each input, [0, 1] one of all of them.

    Raises
    ------
    ArgumentError
        If a bound is out of its range, or `axis` is none; a layer refuses an axis that its array does not have.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way to prevent neural networks from
    overfitting", 2014; Keras 3's `keras.constraints.MaxNorm`.

    Examples
    --------
    >>> MaxNorm(3)
    MaxNorm(max_value=3.0, axis=0)
    """

    max_value: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(self, max_value=real_number("max_value", self.max_value, above=0))

    @property
    def bounds(self) -> tuple[float, float, float]:
        """From nothing to `max_value`, at once."""
        return 0.0, self.max_value, 1.0


@dataclass(frozen=True)
class UnitNorm(Norm):
    """Norms of 1: ``w /= norm``.

    Parameters
    ----------
    axis : int or list of int, default 0
        As in `MaxNorm`.

    Raises
    ------
    ArgumentError
        If `axis` is none; a layer refuses an axis that its array does not have.

    References
    ----------
    Keras 3's `keras.constraints.UnitNorm`.

    Examples
    --------
    >>> UnitNorm([0, 1])
    UnitNorm(axis=(0, 1))
    """

    axis: int | Sequence[int] = 0

    @property
    def bounds(self) -> tuple[float, float, float]:
        """1, at once."""
        return 1.0, 1.0, 1.0


@dataclass(frozen=True)
class MinMaxNorm(Norm):
    """Norms between two bounds: ``w *= (norm + rate * (min(max(norm, min_value), max_value) - norm)) / norm``.

    Parameters
    ----------
    min_value : float of at least 0, default 0
    max_value : float above 0, default 1
    rate : float from 0 to 1, default 1
        The share of the way to the bound that each update goes.
    axis : int or list of int, default 0
        As in `MaxNorm`.

    Raises
    ------
    ArgumentError
        If a bound is out of its range, or `axis` is none; a layer refuses an axis that its array does not have.

    References
    ----------
    Keras 3's `keras.constraints.MinMaxNorm`.

    Examples
    --------
    >>> MinMaxNorm(rate=0.5)
    MinMaxNorm(min_value=0.0, max_value=1.0, rate=0.5, axis=0)
    """

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        choose(
            self,
            min_value=real_number("min_value", self.min_value, minimum=0),
            max_value=real_number("max_value", self.max_value, above=0),
            rate=real_number("rate", self.rate, minimum=0, maximum=1),
        )
        if self.min_value > self.max_value:
            raise ArgumentError(
                f"min_value={self.min_value:g} lies above max_value={self.max_value:g}"
            )

    @property
    def bounds(self) -> tuple[float, float, float]:
        """As they were given."""
        return self.min_value, self.max_value, self.rate


CONSTRAINTS: Family[Constraint] = Family(
    "constraint",
    Constraint,
    {
        "max_norm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "non_neg": NonNeg,
        "unit_norm": UnitNorm,
    },
)


def constraint_or_none(
    name: str, wanted: str | Constraint | Mapping[str, Any] | None, n_axes: int
) -> Constraint | None:
    """What a layer is given as a constraint of an array with this name and so many axes, as a specification."""
    if wanted is None:
        return None
    constraint = CONSTRAINTS.resolve(wanted)
    constraint.check_axes(name, n_axes)
    return constraint
