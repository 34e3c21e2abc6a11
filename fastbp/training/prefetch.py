"""The next batches are fetched while the program runs on those before: two stages, one filled and one read."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.data.source import as_source
from fastbp.source import Source
from fastbp.training.batches import Sources

#: Bytes of the inputs of a stage, if one batch does not need more.
STAGE_BYTES = 4 << 20
#: Seconds that the end of an epoch that broke off waits for a batch that is being fetched.
_PATIENCE = 1.0


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


class _Stage:
    """Room for some batches; they are copied, since whoever makes them may use its own memory again."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any] | None] = []
        self.n_rows = self.batch_size = 0
        self._is_closed = False

    def clear(self) -> None:
        """Make all of the room free."""
        self.n_rows, self._is_closed = 0, False

    def fits(self, batch: Sources, batch_size: int) -> bool:
        """Whether a batch can come behind those that are there; one can always come first."""
        if self.n_rows == 0:
            return True
        return (
            not self._is_closed
            and batch_size == self.batch_size
            and _kinds(self._arrays) == _kinds(_arrays_of(batch))
            and self.n_rows + batch[0].n_samples <= len(self._arrays[0])  # type: ignore[arg-type]
        )

    def add(self, batch: Sources, batch_size: int) -> None:
        """Copy a batch behind the others."""
        n_rows = batch[0].n_samples
        if self.n_rows == 0:
            self._make_room(batch, batch_size)
        for array, source in zip(self._arrays, batch, strict=True):
            if array is not None and source is not None:
                array[self.n_rows : self.n_rows + n_rows] = source.array
        self.n_rows += n_rows
        self._is_closed = n_rows < batch_size

    def _make_room(self, batch: Sources, batch_size: int) -> None:
        self.batch_size = batch_size
        row_bytes = batch[0].array[:1].nbytes
        rows = batch_size * max(1, STAGE_BYTES // (row_bytes * batch_size))
        same = _kinds(self._arrays) == _kinds(_arrays_of(batch))
        if not same or self._arrays[0] is None or len(self._arrays[0]) < rows:
            self._arrays = []  # before there is room anew
            for source in batch:
                shape = None if source is None else (rows, source.n_columns)
                self._arrays.append(None if source is None else np.empty(shape, source.array.dtype))  # type: ignore[arg-type]

    def portion(self) -> Portion:
        """What is there."""
        inputs, targets, weights = (
            None if array is None else as_source(array[: self.n_rows]) for array in self._arrays
        )
        assert inputs is not None
        return Portion(inputs, targets, weights, self.batch_size)


def _arrays_of(batch: Sources) -> list[NDArray[Any] | None]:
    return [None if source is None else source.array for source in batch]


def _kinds(arrays: list[NDArray[Any] | None]) -> list[tuple[Any, int] | None]:
    return [None if array is None else (array.dtype, array.shape[1]) for array in arrays]


class Prefetch:
    """Fetches batches in a thread of its own, and hands out all that are ready when the last ones are done.

    What is trained does not depend on how they are portioned out.

    Parameters
    ----------
    batches : iterator of tuple of Source
    batch_size : int
        Rows of a whole batch; a larger batch raises it.
    """

    def __init__(self, batches: Iterator[Sources], batch_size: int) -> None:
        self._batches = batches
        self._batch_size = batch_size
        self._stages = (_Stage(), _Stage())
        self._filling = 0
        self._error: BaseException | None = None
        self._has_ended = self._is_cancelled = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._fetch, name="fastbp-prefetch", daemon=True)

    def __enter__(self) -> "Prefetch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_cancelled = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE)

    def __iter__(self) -> Iterator[Portion]:
        while True:
            with self._changed:
                while self._stages[self._filling].n_rows == 0 and not self._has_ended:
                    self._changed.wait()
                ready = self._stages[self._filling]
                if ready.n_rows == 0:
                    if self._error is not None:
                        raise self._error
                    return
                self._filling = 1 - self._filling
                self._stages[self._filling].clear()
                self._changed.notify_all()
            yield ready.portion()

    def _fetch(self) -> None:
        try:
            for batch in self._batches:
                self._batch_size = max(self._batch_size, batch[0].n_samples)
                with self._changed:
                    while not (
                        self._is_cancelled
                        or self._stages[self._filling].fits(batch, self._batch_size)
                    ):
                        self._changed.wait()
                    if self._is_cancelled:
                        return
                    self._stages[self._filling].add(batch, self._batch_size)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()
