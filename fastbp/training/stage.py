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
#: Of each part that is copied as it is: memory in its form, type, and shape of a whole batch; None where there is none.
Form = tuple[Any, ...]
#: Checks the parts of the batch of this number, or raises.
CheckStep = Callable[[Parts, int], Sources]

#: Bytes of the inputs of a stage, if one batch does not need more.
STAGE_BYTES = 8 << 20
#: Bytes that are looked at in one go: they are still in the cache where they were copied to.
_LOOK_BYTES = 256 << 10
#: Bytes of a huge page, where there are any: touching 8 MB for the first time takes 0.6 ms in them, 6 ms in others.
_HUGE_PAGE = 2 << 20
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
        self._form: Form | None = None
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
        self._first_step = 0

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
        """Copy a batch that is to be checked later, if it has `batch_size` rows and the form of one that was checked.

        Returns
        -------
        bool
            Whether that was so; otherwise nothing has happened.
        """
        form, begin = self._form, self.n_filled
        end = begin + batch_size
        if form is None or batch_size != self.batch_size or end > self._n_rows:
            return False
        # Written out: beside a step of a small network a loop over the parts is long.
        x, y, weights = parts
        x_rows, x_type, x_shape, y_rows, y_type, y_shape, w_rows, w_type, w_shape = form
        if type(x) not in _PLAIN or x.dtype != x_type or x.shape != x_shape:
            return False
        if y is not y_rows and (
            type(y) not in _PLAIN or y_rows is None or y.dtype != y_type or y.shape != y_shape
        ):
            return False
        if weights is not w_rows and (
            type(weights) not in _PLAIN
            or w_rows is None
            or weights.dtype != w_type
            or weights.shape != w_shape
        ):
            return False
        x_rows[begin:end] = x
        if y is not None:
            y_rows[begin:end] = y
        if weights is not None:
            w_rows[begin:end] = weights
        if begin == 0:
            self._first_step = step
        if end - self._n_seen >= self._n_to_look:
            if not self._are_finite(self._n_seen, end):
                self._finite_from = end
            # Last, since another thread may ask.
            self._n_seen = end
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
        begin, end, size = self.n_ready, self.n_filled, self.batch_size
        if begin >= end:
            return
        step = self._first_step + begin // size
        with suppress(Exception):
            self._accept(end, check(self._rows(end), step))
            return
        # What passes together passes alone; of what does not, the culprit has to be found.
        for last in range(begin + size, end + 1, size):
            self._accept(last, check(self._rows(last), step))
            step += 1

    def _rows(self, end: int) -> Parts:
        """What was given from the first row that is not ready, up to `end`."""
        assert self._form is not None
        rows = slice(self.n_ready, end)
        x, y, weights = (None if each is None else each[rows] for each in self._form[::3])
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
            self._first_step = step
        end = self.n_filled + batch[0].n_samples
        for array, source in zip(self._arrays, batch, strict=True):
            if array is not None and source is not None:
                array[self.n_filled : end] = source.array
        self.n_filled = self.n_ready = end

    def _make_room(self, parts: Parts, batch: Sources, batch_size: int) -> None:
        row_bytes = batch[0].array[:1].nbytes
        n_rows = batch_size * max(1, STAGE_BYTES // (row_bytes * batch_size))
        arrays = _arrays_of(batch)
        if self._n_rows < n_rows or _kinds(self._arrays) != _kinds(arrays):
            self._arrays, self._form = [], None  # before there is room anew
            for array in arrays:
                self._arrays.append(
                    None if array is None else _mapped((n_rows, array.shape[1]), array.dtype)
                )
        self.batch_size, self._n_rows = batch_size, n_rows
        others = sum(array[:1].nbytes for array in arrays[1:] if array is not None)
        self._n_to_look, self._n_to_check = _LOOK_BYTES // row_bytes, _LOOK_BYTES // max(1, others)
        self._form = _form(self._arrays, parts, batch_size)

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
    n_bytes = max(n * dtype.itemsize, 1)
    if n_bytes < _HUGE_PAGE:
        memory = mmap.mmap(-1, n_bytes, access=mmap.ACCESS_COPY)
    else:
        # Whole ones, which the system then aligns.
        memory = mmap.mmap(-1, -(-n_bytes // _HUGE_PAGE) * _HUGE_PAGE, access=mmap.ACCESS_COPY)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):
                memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype, n).reshape(shape)


def _kinds(arrays: list[NDArray[Any] | None]) -> list[tuple[Any, int] | None]:
    return [None if array is None else (array.dtype, array.shape[1]) for array in arrays]


def _form(arrays: list[NDArray[Any] | None], parts: Parts, batch_size: int) -> Form | None:
    """The arrays in the form of the parts; None where these are not copied as they are."""
    form: list[Any] = []
    for array, part in zip(arrays, parts, strict=True):
        if part is None:
            form += None, None, None
        elif array is not None and type(part) in _PLAIN and part.dtype == array.dtype:
            shape = part.shape[1:]
            form += array.reshape(len(array), *shape), array.dtype, (batch_size, *shape)
        else:
            return None
    return tuple(form)
