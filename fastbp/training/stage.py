"""Room for some batches, one behind the other: filled at one end while those at the other are trained on."""

import mmap
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.data.source import address_of, as_source, magnitudes
from fastbp.source import Source

#: Inputs, targets and weights of a batch as they were given, None where there are none.
Parts = tuple[Any, Any, Any]
#: The same, checked.
Sources = tuple[Source, Source | None, Source | None]
#: Checks the parts of the batch of this number, or raises.
CheckStep = Callable[[Parts, int], Sources]

#: Bytes of the inputs of a stage, if one batch does not need more.
STAGE_BYTES = 8 << 20
#: Bytes that are looked at in one go: they are still in the cache where they were copied to.
_LOOK_BYTES = 256 << 10
_LARGEST = float(np.finfo(np.float32).max)
#: What is copied as it is; anything else is turned into an array first.
_PLAIN = (np.ndarray, np.memmap)


@dataclass(frozen=True)
class Portion:
    """Batches that are ready: all of `batch_size` rows but for the last, which may be shorter."""

    inputs: Source
    targets: Source | None
    sample_weight: Source | None
    batch_size: int

    @property
    def n_samples(self) -> int:
        """The number of rows."""
        return self.inputs.n_samples


class Stage:
    """Batches are copied, since whoever makes them may use its own memory again.

    To look at each of many small batches takes longer than to train on it. So batches that have the form of one that
    was checked are copied first, and their numbers are checked many batches at a time. NaN among the inputs is looked
    for as soon as there are some, while they are in the cache.

    Attributes
    ----------
    n_filled, n_ready, n_taken : int
        Rows that were copied; of these, were checked; of these, were handed out.
    batch_size : int
        Rows of a batch; a shorter one is the last of a stage.
    is_closed : bool
        Whether all rows that come into this stage are ready.
    """

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any] | None] = []
        # The same memory in the form of what is given; None where that is not copied as it is.
        self._views: list[NDArray[Any] | None] | None = None
        # Type and shape of a row of each.
        self._forms: list[tuple[Any, Any] | None] = []
        self.batch_size = self._n_rows = 0
        # Rows of which inputs are worth a look, and rows of which targets and weights are worth their check.
        self._n_to_look = self._n_to_check = 0
        self.clear()

    def clear(self) -> None:
        """Make all of the room free."""
        self.n_filled = self.n_ready = self.n_taken = 0
        self.is_closed = False
        # The inputs of rows below were looked at; from the other row on they were found to be finite.
        self._n_seen = self._finite_from = 0
        self._batches: list[tuple[int, int]] = []  # number and last row, exclusive

    @property
    def is_full(self) -> bool:
        """Whether no batch can come behind those that are there."""
        return self.n_filled > 0 and (
            self.n_filled + self.batch_size > self._n_rows or self.n_filled % self.batch_size > 0
        )

    @property
    def n_free(self) -> int:
        """Rows for which there is room."""
        return 0 if self.is_closed else self._n_rows - self.n_filled

    @property
    def is_worth_a_look(self) -> bool:
        """Whether enough rows wait for their check."""
        return self.n_filled - self.n_ready >= self._n_to_check

    def take(self, parts: Parts, step: int, batch_size: int) -> bool:
        """Copy a batch that is to be checked later, if it has the form of those before.

        Returns
        -------
        bool
            Whether that was so; otherwise nothing has happened.
        """
        if self._views is None or batch_size != self.batch_size:
            return False
        begin, n_rows = self.n_filled, -1
        for part, form in zip(parts, self._forms, strict=True):
            if form is None:
                if part is not None:
                    return False
                continue
            dtype, shape_of_row = form
            if type(part) not in _PLAIN or part.dtype != dtype:
                return False
            shape = part.shape
            if shape[1:] != shape_of_row or not shape or n_rows not in (-1, shape[0]):
                return False
            n_rows = shape[0]
        end = begin + n_rows
        if not (0 < n_rows <= batch_size and end <= self._n_rows):
            return False
        for part, view in zip(parts, self._views, strict=True):
            if view is not None:
                view[begin:end] = part
        if end - self._n_seen >= self._n_to_look:
            if not self._are_finite(self._n_seen, end):
                self._finite_from = end
            # Last, since another thread may ask.
            self._n_seen = end
        self._batches.append((step, end))
        self.n_filled = end
        return True

    def _are_finite(self, begin: int, end: int) -> bool:
        """Whether the inputs of these rows are finite, in float32, too."""
        inputs = self._arrays[0]
        assert inputs is not None
        if inputs.dtype.kind != "f" or begin >= end:
            return True
        size = (end - begin) * inputs.shape[1]
        address = address_of(inputs) + begin * inputs.strides[0]
        return bool(magnitudes().are_within(address, size, inputs.itemsize, _LARGEST))

    def check(self, check: CheckStep) -> None:
        """Look at all rows that were only copied.

        Raises
        ------
        DataError
            As for the first batch that is wrong alone; those before it are ready.
        """
        if self.n_ready >= self.n_filled:
            return
        step, end = self._batches[-1]
        with suppress(Exception):
            self._accept(end, check(self._rows(end), step))
            return
        # What passes together passes alone; of what does not, the culprit has to be found.
        for step, end in tuple(self._batches):
            if end > self.n_ready:
                self._accept(end, check(self._rows(end), step))

    def _rows(self, end: int) -> Parts:
        """What was given from the first row that is not ready, up to `end`."""
        assert self._views is not None
        rows = slice(self.n_ready, end)
        x, y, weights = (None if view is None else view[rows] for view in self._views)
        n_seen = max(self._n_seen, self.n_ready)
        if self._finite_from > self.n_ready or not self._are_finite(n_seen, end):
            return x, y, weights
        assert self._arrays[0] is not None
        inputs = as_source(self._arrays[0][rows])
        inputs.is_finite = True
        return inputs, y, weights

    def _accept(self, end: int, checked: Sources) -> None:
        for array, source in zip(self._arrays, checked, strict=True):
            # Weights of classes make others of those that were given.
            if array is not None and source is not None:
                rows = array[self.n_ready : end]
                if not np.may_share_memory(rows, source.array):
                    rows[...] = source.array
        self.n_ready = end

    def fits(self, batch: Sources, batch_size: int) -> bool:
        """Whether a batch can come behind those that are there; one can always come first."""
        if self.n_filled == 0:
            return True
        return (
            not self.is_full
            and batch_size == self.batch_size
            and _kinds(self._arrays) == _kinds(_arrays_of(batch))
            and self.n_filled + batch[0].n_samples <= self._n_rows
        )

    def put(self, parts: Parts, batch: Sources, step: int, batch_size: int) -> None:
        """Copy a batch that was checked, behind others that are ready, too."""
        if self.n_filled == 0:
            self._make_room(parts, batch, batch_size)
        end = self.n_filled + batch[0].n_samples
        for array, source in zip(self._arrays, batch, strict=True):
            if array is not None and source is not None:
                array[self.n_filled : end] = source.array
        self._batches.append((step, end))
        self.n_filled = self.n_ready = end

    def _make_room(self, parts: Parts, batch: Sources, batch_size: int) -> None:
        row_bytes = batch[0].array[:1].nbytes
        n_rows = batch_size * max(1, STAGE_BYTES // (row_bytes * batch_size))
        arrays = _arrays_of(batch)
        if self._n_rows < n_rows or _kinds(self._arrays) != _kinds(arrays):
            self._arrays, self._views = [], None  # before there is room anew
            for array in arrays:
                self._arrays.append(
                    None if array is None else _mapped((n_rows, array.shape[1]), array.dtype)
                )
        self.batch_size, self._n_rows = batch_size, n_rows
        others = sum(array[:1].nbytes for array in arrays[1:] if array is not None)
        self._n_to_look, self._n_to_check = _LOOK_BYTES // row_bytes, _LOOK_BYTES // max(1, others)
        self._views = _views(self._arrays, parts)
        self._forms = [
            view if view is None else (view.dtype, view.shape[1:]) for view in self._views or ()
        ]

    def portion(self) -> Portion:
        """Hand out what is ready."""
        rows = slice(self.n_taken, self.n_ready)
        self.n_taken = self.n_ready
        inputs, targets, weights = (
            None if array is None else as_source(array[rows]) for array in self._arrays
        )
        assert inputs is not None
        return Portion(inputs, targets, weights, self.batch_size)


def _arrays_of(batch: Sources) -> list[NDArray[Any] | None]:
    return [None if source is None else source.array for source in batch]


def _mapped(shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array in pages of its own, which the system has again when nobody uses it.

    What an allocator gives back it may keep for the next call: as much as one more stage.
    """
    n = shape[0] * shape[1]
    memory = mmap.mmap(-1, max(n * dtype.itemsize, 1), access=mmap.ACCESS_COPY)
    return np.frombuffer(memory, dtype, n).reshape(shape)


def _kinds(arrays: list[NDArray[Any] | None]) -> list[tuple[Any, int] | None]:
    return [None if array is None else (array.dtype, array.shape[1]) for array in arrays]


def _views(arrays: list[NDArray[Any] | None], parts: Parts) -> list[NDArray[Any] | None] | None:
    """The arrays in the form of the parts; None where these are not copied as they are."""
    views: list[NDArray[Any] | None] = []
    for array, part in zip(arrays, parts, strict=True):
        if part is None:
            views.append(None)
        elif array is not None and type(part) in _PLAIN and part.dtype == array.dtype:
            views.append(array.reshape(len(array), *part.shape[1:]))
        else:
            return None
    return views
