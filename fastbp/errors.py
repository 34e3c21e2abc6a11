"""Every error and warning that fastbp raises on purpose."""

import difflib
from collections.abc import Iterable
from dataclasses import FrozenInstanceError


class FastbpError(Exception):
    """What all errors of this package derive from."""


class ArgumentError(FastbpError, ValueError):
    """An option has a value that cannot be, or options that exclude each other were combined."""


class UnknownNameError(ArgumentError):
    """A name that no table knows; `unknown_name` makes it."""


class FrozenSpecificationError(ArgumentError, FrozenInstanceError):
    """A setting of a layer, an optimizer or the like was assigned to, which are made once and do not change."""


class DataError(FastbpError, ValueError):
    """Inputs or targets that cannot be used: shapes, counts, types, NaN, labels out of range."""


class NotReadyError(FastbpError, RuntimeError):
    """A step was asked for before the one it needs, as `fit` before `compile`."""


class DivergedError(FastbpError, ArithmeticError):
    """Training produced a loss that is not finite; the model keeps its last finite weights.

    Parameters
    ----------
    epoch : int
        The epoch in which it happened, counted from 1.
    step : int
        The update within that epoch, counted from 1.
    validation : bool, default False
        Whether it is the loss of the validation after that epoch, with weights that are finite.
    """

    def __init__(self, epoch: int, step: int, validation: bool = False) -> None:
        super().__init__(epoch, step, validation)
        self.epoch = epoch
        self.step = step
        self.validation = validation

    def __str__(self) -> str:
        if self.validation:
            return (
                f"the validation loss is not finite after epoch {self.epoch}; the weights are finite and stay: the "
                "loss of the validation data is too large for the model's dtype (are they scaled as for training?)"
            )
        return (
            f"training diverged: the loss is not finite in epoch {self.epoch}, step {self.step}; "
            "the weights are the last finite ones (a lower learning rate may help)"
        )


class ModelFileError(FastbpError, OSError):
    """A model file that cannot be read or written: missing, corrupt, foreign, newer."""


class MissingExtraError(FastbpError, ImportError):
    """An optional package is not installed; `missing_extra` makes it."""


class ModelFileWarning(UserWarning):
    """A model was saved without something that a file cannot hold."""


class CacheWarning(UserWarning):
    """Compiled code cannot be kept on disk, so the next process has to compile it again."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a name that is not in a table, with the nearest right one.

    Parameters
    ----------
    kind : str
        What the name was to name, in the singular: "activation".
    name : object
        What was given.
    known : iterable of str
        The names that would have been right.

    Examples
    --------
    >>> print(unknown_name("activation", "rleu", ["elu", "relu", "tanh"]))
    unknown activation 'rleu', did you mean 'relu'? (known: elu, relu, tanh)
    """
    names = sorted(known)
    by_lower_case = {each.lower(): each for each in names}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1)
    hint = f", did you mean {by_lower_case[near[0]]!r}?" if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}{hint} (known: {', '.join(names)})")


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """Return the error for an optional package that is not installed, with the way to get it.

    Examples
    --------
    >>> print(missing_extra("pandas", "cli", "reading CSV files"))
    reading CSV files needs pandas: pip install 'fastbp[cli]'
    """
    return MissingExtraError(
        f"{purpose} needs {package}: pip install 'fastbp[{extra}]'", name=package
    )
