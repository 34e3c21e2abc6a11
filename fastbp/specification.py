"""What all frozen specifications share: checked settings, a look-up by name, a plain form for files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np

from fastbp.errors import ArgumentError, FrozenSpecificationError, unknown_name


class _FrozenClass(type):
    """Keeps `dataclass` from giving each class an assignment that refuses without a remedy: `_Frozen` has one"""

    def __setattr__(cls, name: str, value: object) -> None:
        if name not in ("__setattr__", "__delattr__"):
            super().__setattr__(name, value)


class _Frozen(metaclass=_FrozenClass):
    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenSpecificationError(
            f"{type(self).__name__} does not change once it is made: {self._remedy(name, value)}"
        )

    def __delattr__(self, name: str) -> None:
        raise FrozenSpecificationError(f"{type(self).__name__} does not change once it is made")

    def _remedy(self, name: str, value: object) -> str:
        """What to do instead of assigning to a setting"""
        return f"make another one, with {name}={value!r}"


@dataclass(frozen=True)
class Specification(_Frozen):
    """A choice and its settings, without arrays: two equal specifications mean the same thing."""

    def to_config(self) -> dict[str, Any]:
        """Return the class's name and its settings as plain values that JSON can hold."""
        config: dict[str, Any] = {"class": type(self).__name__}
        for setting in fields(self):
            if setting.init:
                value = getattr(self, setting.name)
                plain = value.to_config() if isinstance(value, Specification) else value
                config[setting.name] = plain
        return config


Member = TypeVar("Member", bound=Specification)


class Family(Generic[Member]):
    """All specifications of one kind, found by name.

    Parameters
    ----------
    kind : str
        What the members are, in the singular: "optimizer".
    base : type
        The class that all members derive from.
    members : mapping
        Name -> class. A class may have several names; the first is the one that errors show.

    Attributes
    ----------
    names : tuple of str
        The first name of every member.
    """

    def __init__(
        self, kind: str, base: type[Member], members: Mapping[str, Callable[..., Member]]
    ) -> None:
        self.kind = kind
        self.base = base
        first_names: dict[str, str] = {}
        self._by_name: dict[str, Callable[..., Member]] = {}
        for name, member in members.items():
            first_names.setdefault(member.__name__, name)
            self._by_name[name] = member
            self._by_name.setdefault(member.__name__, member)
        self.names = tuple(first_names.values())

    def __contains__(self, specification: object) -> bool:
        """Whether `from_config` can make this specification again."""
        return self._by_name.get(type(specification).__name__) is type(specification)

    def resolve(self, wanted: object) -> Member:
        """Return the member that a name, a class, a plain form or a specification stands for.

        Raises
        ------
        UnknownNameError
            If no member has this name; the message has the nearest one.
        ArgumentError
            If `wanted` is something else altogether.
        """
        if isinstance(wanted, self.base):
            return wanted
        if isinstance(wanted, str):
            if wanted not in self._by_name:
                raise unknown_name(self.kind, wanted, self.names)
            return self._by_name[wanted]()
        if isinstance(wanted, type) and issubclass(wanted, self.base):
            return self._by_name[wanted.__name__]()
        if isinstance(wanted, Mapping):
            return self.from_config(wanted)
        raise ArgumentError(
            f"{self.kind} must be a name or one of fastbp's own specifications, "
            f"not {type(wanted).__name__} (names: {', '.join(self.names)})"
        )

    def from_config(self, config: Mapping[str, Any]) -> Member:
        """Return the specification whose `to_config` gave `config`."""
        settings = dict(config)
        class_name = settings.pop("class", None)
        if class_name not in self._by_name:
            raise unknown_name(self.kind, class_name, self.names)
        try:
            return self._by_name[class_name](**settings)
        except TypeError as error:
            raise ArgumentError(f"{self.kind} {class_name}: {error}") from error


def whole_number(name: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int if it is a whole number of at least `minimum`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= minimum:
        return int(value)
    raise ArgumentError(f"{name} must be a whole number of at least {minimum}, not {value!r}")


def real_number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    minimum: float | None = None,
    below: float | None = None,
    maximum: float | None = None,
) -> float:
    """Return `value` as a float if it is finite and lies between the bounds that are given."""
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    number = float(value) if is_number and not isinstance(value, bool) else float("nan")  # type: ignore[arg-type]
    allowed = (
        np.isfinite(number)
        and (above is None or number > above)
        and (minimum is None or number >= minimum)
        and (below is None or number < below)
        and (maximum is None or number <= maximum)
    )
    if not allowed:
        bounds = [
            f"{words} {bound:g}"
            for words, bound in (
                ("above", above),
                ("at least", minimum),
                ("below", below),
                ("at most", maximum),
            )
            if bound is not None
        ]
        wanted = "a finite number" + (" " + " and ".join(bounds) if bounds else "")
        raise ArgumentError(f"{name} must be {wanted}, not {value!r}")
    return number


def one_of(name: str, value: object, known: Sequence[str]) -> str:
    """Return `value` if it is one of the names that are known."""
    if isinstance(value, str) and value in known:
        return value
    raise unknown_name(name, value, known)


def truth_value(name: str, value: object) -> bool:
    """Return `value` as a bool if it is one."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ArgumentError(f"{name} must be True or False, not {value!r}")


def last_axis(axis: object) -> int:
    """-1, if that is what the axis is: samples are rows of features."""
    alone = axis[0] if isinstance(axis, (tuple, list)) and len(axis) == 1 else axis
    if isinstance(alone, int) and not isinstance(alone, bool) and alone in (-1, 1):
        return -1
    raise ArgumentError(
        f"axis must be -1, that of the features (1 is the same: samples are rows), not {axis!r}"
    )


def check_name(name: object) -> None:
    """Refuse a name that is neither a string nor None."""
    if name is not None and not isinstance(name, str):
        raise ArgumentError(f"name must be a string, not {name!r}")


def choose(specification: Specification, **settings: object) -> None:
    """Set fields of a frozen specification, while it is being made."""
    for name, value in settings.items():
        object.__setattr__(specification, name, value)
