"""The next batches are fetched while the program runs on those before: two stages, one filled and one read."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from fastbp.training.batches import Batches
from fastbp.training.stage import Parts, Portion, Stage

if TYPE_CHECKING:
    from fastbp.engine.team import Offer

#: Seconds that the end of an epoch that broke off waits for a batch that is being fetched; after a Ctrl-C.
_PATIENCE, _HURRY = 1.0, 0.05
#: Seconds after which whoever waits for a batch looks whether there was a Ctrl-C that did not wake it.
_BREATH = 0.05
#: Who fetches and has a processor for less than this share of the time waits for something else most of the time.
_WORKS = 0.25
#: A team that begins too soon, while the thread still works, waits at every barrier; one that begins late loses little.
_MARGIN = 1.25
#: Seconds for which batches gather before a few are handed out: each call of the program takes the other thread's time.
#: Short while at first, as nothing else is done meanwhile.
_GATHERING, _FIRST_GATHERING = 0.001, 0.0003


class Prefetch:
    """Fetches batches in a thread of its own, and hands out many at a time where they come quickly.

    What is trained does not depend on how they are portioned out.

    Parameters
    ----------
    batches : Batches
    order : iterable of int, optional
        The numbers of the batches.
    first_step : int, default 0
        How many of them were read before.
    """

    def __init__(
        self, batches: Batches, order: Iterable[int] | None = None, first_step: int = 0
    ) -> None:
        self._batches = batches
        self._items = batches.read(order, first_step)
        self._first_step = first_step
        self._batch_size = batches.batch_size
        self._stages = batches.stages
        for stage in self._stages:
            stage.clear()
        self._filling = self._reading = 0
        self._error: BaseException | None = None
        self._has_ended = False
        # Whether whoever trains waits for any batch at all.
        self._is_hungry = False
        # What the thread may call to help whoever trains.
        self._help: Callable[[], None] | None = None
        self._is_left = False
        self._gathering = _FIRST_GATHERING
        # Seconds that a row has cost the thread lately: None before that is known, 0 where it waits most of the time.
        # When it began with those of the stage, and its time on a processor then.
        self._seconds_per_row: float | None = None
        self._began = (0.0, 0.0)
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
            self._is_left = True
            self._end(None)
        self._thread.join(_HURRY if isinstance(error, KeyboardInterrupt) else _PATIENCE)

    # --- what trains ---

    def __iter__(self) -> Iterator[Portion]:
        while True:
            with self._changed:
                stage = self._stages[self._reading]
                if self._filling != self._reading and stage.n_taken == stage.n_ready:
                    stage.clear()
                    self._reading = 1 - self._reading
                    self._changed.notify_all()
                    stage = self._stages[self._reading]
                self._gather(stage)
                if stage.n_taken == stage.n_ready:
                    if self._filling != self._reading:
                        # Its last rows had been taken before whoever fetches could go on to the other.
                        continue
                    if not self._has_ended:
                        # Not emptied before that, or whoever fetches would put the next batch here.
                        self._changed.wait(_BREATH)
                        continue
                    if self._error is not None:
                        raise self._error
                    return
                portion = stage.portion()
            yield portion

    def busy(self) -> float:
        """Seconds of a processor that the thread needs, about, before it rests; 0 where it waits for something else."""
        if self._has_ended:
            return 0.0
        each = self._seconds_per_row
        if each is None:
            n_filled = self._stages[self._filling].n_filled
            each = (time.monotonic() - self._began[0]) / max(n_filled, 1)
        return each * sum(stage.n_free for stage in self._stages)

    def helper(self) -> "Offer | None":
        """What takes an offer to help; None while the thread mostly waits, for a disk or another process."""
        return self._offer if self._has_ended or self._seconds_per_row != 0.0 else None

    def _offer(self, help: Callable[[], None] | None) -> None:
        """Take what the thread may call when it has nothing to fetch; None takes it back."""
        with self._changed:
            self._help = help
            if help is not None:
                self._changed.notify_all()

    def _gather(self, stage: Stage) -> None:
        """Wait until the stage is closed, or a while and then for any batch."""
        until = time.monotonic() + self._gathering
        self._gathering = min(2 * self._gathering, _GATHERING)
        while not (stage.is_closed or self._has_ended):
            left = until - time.monotonic()
            if left > 0:
                self._changed.wait(left)
                continue
            # Said before the look: a batch that comes after it is told of.
            self._is_hungry = True
            self._check(stage)
            if stage.n_taken < stage.n_ready or self._has_ended:
                break
            self._changed.wait(_BREATH)
        self._is_hungry = False

    # --- what fetches ---

    def _fetch(self) -> None:
        error: BaseException | None = None
        try:
            self._fetch_all()
        except BaseException as raised:
            error = raised
        finally:
            with self._changed:
                # Of two errors that of the earlier batch counts.
                self._check(self._stages[self._filling])
                self._end(error)
        self._help_until(lambda: self._is_left)

    def _fetch_all(self) -> None:
        """Put batches into stages until there are no more, or none is wanted."""
        batches, step = self._batches, self._first_step
        stage: Stage = self._stages[self._filling]
        self._began = time.monotonic(), time.thread_time()
        for item in self._items:
            parts = batches.parts(item, step)
            if stage.is_closed:
                stage = self._next_stage()
            if self._has_ended:
                return
            if not stage.take(parts, step, self._batch_size):
                room = self._put(stage, parts, step)
                if room is None:
                    return
                stage = room
            if stage.is_full:
                self._close(stage)
            elif self._is_hungry or stage.is_worth_a_look:
                self._look(stage)
            step += 1
        batches.check_count(step)

    def _put(self, stage: Stage, parts: Parts, step: int) -> Stage | None:
        """Put a batch of a new form, or a short one, into this stage or the next; None where it is not wanted."""
        batch = self._batches.check(parts, step)
        self._batch_size = max(self._batch_size, batch[0].n_samples)
        if not stage.fits(batch, self._batch_size):
            self._close(stage)
            stage = self._next_stage()
        with self._changed:
            self._check(stage)
            if self._has_ended:
                return None
            stage.put(parts, batch, step, self._batch_size)
        return stage

    def _look(self, stage: Stage) -> None:
        """Check what was copied, and hand it out where it is waited for."""
        self._measure(stage)
        with self._changed:
            self._check(stage)
            if self._is_hungry:
                self._changed.notify_all()

    def _measure(self, stage: Stage) -> None:
        """Note what the rows of this stage cost."""
        seconds = time.monotonic() - self._began[0]
        works = time.thread_time() - self._began[1] > _WORKS * seconds
        self._seconds_per_row = _MARGIN * seconds / stage.n_filled if works else 0.0

    def _close(self, stage: Stage) -> None:
        self._measure(stage)
        self._began = time.monotonic(), time.thread_time()
        with self._changed:
            self._check(stage)
            stage.is_closed = not self._has_ended
            self._changed.notify_all()

    def _next_stage(self) -> Stage:
        """The other stage, as soon as nobody reads it any more, or nothing more is wanted; helps until then."""
        other = 1 - self._filling
        rest = time.monotonic(), time.thread_time()
        self._help_until(lambda: self._has_ended or self._stages[other].n_filled == 0)
        with self._changed:
            if not self._has_ended:
                self._filling = other
                self._changed.notify_all()
        # The first batch of the stage has been fetched before.
        self._began = (
            self._began[0] + time.monotonic() - rest[0],
            self._began[1] + time.thread_time() - rest[1],
        )
        return self._stages[self._filling]

    def _help_until(self, is_over: Callable[[], bool]) -> None:
        """Wait until that is so, and train with whoever does that in the meantime."""
        while True:
            with self._changed:
                while self._help is None and not is_over():
                    self._changed.wait()
                if is_over():
                    return
                help, self._help = self._help, None
            assert help is not None
            help()

    # --- both, with the lock ---

    def _check(self, stage: Stage) -> None:
        """Look at what was only copied; the first batch that is wrong ends all."""
        try:
            stage.check(self._batches.check)
        except Exception as error:
            self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if self._error is None:
            self._error = error
        self._has_ended = True
        self._changed.notify_all()
