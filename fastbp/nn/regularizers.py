"""Penalties on weights that are added to the loss."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastbp.specification import Family, Specification, choose, real_number


@dataclass(frozen=True)
class Regularizer(Specification):
    """A penalty ``l1 * sum(|w|) + l2 * sum(w**2)`` on one array of weights."""

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

    Examples
    --------
    >>> L2(0.001)
    L2(l2=0.001)
    """

    l1: float = field(default=0.0, init=False, repr=False)
    l2: float = 0.01


REGULARIZERS: Family[Regularizer] = Family(
    "regularizer", Regularizer, {"l1": L1, "l2": L2, "l1_l2": Regularizer}
)


def regularizer_or_none(wanted: str | Regularizer | Mapping[str, Any] | None) -> Regularizer | None:
    """What a layer is given as a regularizer, as a specification."""
    return None if wanted is None else REGULARIZERS.resolve(wanted)
