"""Data that come batch by batch: a sequence of batches, something that is walked anew each epoch, or an iterator."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from operator import getitem
from typing import Any

from fastbp.errors import ArgumentError, DataError
from fastbp.specification import whole_number
from fastbp.training.stage import Parts, Sources, Stage

#: Checks what was given for a batch, whose name goes before those of its parts in messages.
Check = Callable[[Parts, str], Sources]

_ARRAYS_HAVE = ("__array__", "shape", "to_numpy", "toarray")


def gives_batches(x: object) -> bool:
    """Whether this is a source of batches and no array.

    Examples
    --------
    >>> gives_batches(iter([])), gives_batches([[1.0, 2.0]])
    (True, False)
    """
    if isinstance(x, (Sequence, Mapping)) or any(hasattr(x, name) for name in _ARRAYS_HAVE):
        return False
    return hasattr(x, "__next__") or (hasattr(x, "__len__") and _is_walked(x))


def _is_walked(x: object) -> bool:
    return hasattr(x, "__getitem__") or hasattr(x, "__iter__")


class Batches:
    """A source of batches, each ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Parameters
    ----------
    source : object
        With ``__len__`` and ``__getitem__``; or with ``__len__`` and ``__iter__``; or an iterator.
    check : callable
        Makes sources of a batch, or raises.
    n_steps : int or None
        Batches of an epoch; None for all.
    name : str
        What messages call it.
    n_parts : int, default 3
        Parts of a batch that are looked at.

    Attributes
    ----------
    first : tuple of Source
        The first batch, by which the network is made.
    batch_size : int
        Rows of the largest batch so far: others are short ones.
    n_steps : int or None
        Batches of an epoch; None for an iterator that is read to its end.
    is_sequence : bool
        Whether batches are got by number, so that their order can be another one in every epoch.
    stages : tuple of Stage
        Room for the batches that are fetched ahead; it lasts for all epochs.
    """

    def __init__(
        self, source: Any, check: Check, n_steps: int | None, name: str, n_parts: int = 3
    ) -> None:
        self._source, self._check, self._name, self._n_parts = source, check, name, n_parts
        self.stages = (Stage(), Stage())
        self.is_sequence = hasattr(source, "__getitem__")
        self._iterator = source if hasattr(source, "__next__") else None
        self.n_steps = None if n_steps is None else whole_number("the number of steps", n_steps)
        if self._iterator is None:
            self.n_batches = len(source)
            if self.n_batches == 0:
                raise DataError(f"{name} has no batches")
            if self.n_steps is not None and self.n_steps > self.n_batches:
                raise ArgumentError(f"{name} has {self.n_batches} batches, not {self.n_steps}")
            self.n_steps = self.n_steps or self.n_batches
        try:
            item = source[0] if self.is_sequence else next(iter(source))
        except StopIteration:
            raise DataError(f"{name} has no batches") from None
        if self._iterator is not None:
            self._iterator = chain([item], self._iterator)
        self.first = self.check(self.parts(item, 0), 0)
        self.batch_size = self.first[0].n_samples

    def read(self, order: Iterable[int] | None = None, first_step: int = 0) -> Iterator[Any]:
        """The batches of an epoch, from `first_step` on, as the source gives them; see `check_count`."""
        n_steps = self.n_steps
        if self.is_sequence:
            numbers = range(self.n_batches) if order is None else order
            return map(getitem, repeat(self._source), islice(numbers, first_step, n_steps))
        whole = iter(self._source) if self._iterator is None else self._iterator
        items = islice(whole, first_step if self._iterator is None else 0, None)
        return islice(items, None if n_steps is None else n_steps - first_step)

    def check_count(self, n_steps: int) -> None:
        """Look whether so many batches are an epoch.

        Raises
        ------
        DataError
            If there are fewer than there should be.
        """
        if self.n_steps is not None and n_steps < self.n_steps:
            raise DataError(
                f"{self._name} ended after {n_steps} batches, but an epoch has {self.n_steps}"
            )

    def skip(self, n_epochs: int, n_steps: int) -> None:
        """Go on behind what was read before a resumption, as far as the source does not know that itself."""
        if self._iterator is not None:
            assert self.n_steps is not None
            # None where the backup does not lie behind the epoch that this call begins with.
            n_read = max(0, n_epochs * self.n_steps + n_steps)
            next(islice(self._iterator, n_read, n_read), None)

    def end_epoch(self) -> None:
        """Tell the source that an epoch has ended, if it wants to know."""
        tell = getattr(self._source, "on_epoch_end", None)
        if callable(tell):
            tell()

    def parts(self, item: Any, step: int) -> Parts:
        """Inputs, targets and weights of what the source gave as the batch of this number.

        Raises
        ------
        DataError
            If it has more parts.
        """
        # Nearly always, and a small batch is trained on in ten times this function's time.
        if type(item) is tuple and len(item) == 2 and self._n_parts == 3:
            return *item, None
        parts = item if isinstance(item, tuple) else (item,)
        if not 1 <= len(parts) <= 3:
            raise DataError(
                f"{self._where(step)} must be (x, y) or (x, y, sample_weight), not {len(parts)} parts"
            )
        x, y, weights = (*parts[: self._n_parts], None, None)[:3]
        return x, y, weights

    def check(self, parts: Parts, step: int) -> Sources:
        """Make sources of a batch.

        Raises
        ------
        DataError
            If it does not fit.
        """
        return self._check(parts, f"{self._where(step)}: ")

    def _where(self, step: int) -> str:
        return f"batch {step} of {self._name}"
