"""Training in chunks: short enough for Ctrl-C and callbacks, long enough that Python costs nothing."""

import time
from collections.abc import Callable
from threading import RLock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbp.engine import executor, team
from fastbp.engine.progress import Progress
from fastbp.engine.session import Session
from fastbp.errors import DivergedError

#: Seconds that a chunk should last, and that the first one of a call does: the threads of a team may be asleep then,
#: and whoever comes late stays out until the next chunk.
_CHUNK_SECONDS, _FIRST_CHUNK_SECONDS = 0.04, 0.002
#: Seconds of a chunk that is there to see how fast another number of workers is.
_TRIAL_SECONDS = 0.004
#: Seconds of a step that is over before a thread that sleeps has come.
_SHORT_STEP = 2e-4
#: Steps of a chunk at most, which bounds the table of the optimizer's numbers.
_MOST_STEPS = 1 << 14
#: Seconds between copies of the state from which a diverged run is replayed.
_SNAPSHOT_SECONDS = 1.0
#: Below this much arithmetic in a step, waiting for each other costs more than a second worker gives.
FLOPS_WORTH_A_TEAM = 300_000
#: A cautious first guess of the speed.
FLOPS_PER_SECOND = 2e10


class Trainee(Protocol):
    """What training needs to know of a network."""

    steps: int
    #: Grows when somebody sets weights, optimizer or its state.
    changes: int
    #: Room for the copy of the state that a diverged call goes back to.
    kept: NDArray[np.floating] | None
    #: Held while steps are done.
    lock: RLock

    @property
    def optimizer(self) -> Any:
        """What says how weights are updated."""

    @property
    def arena_address(self) -> int:
        """Where parameters and workspace lie now."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the arena."""

    @property
    def flops_per_sample(self) -> int:
        """Arithmetic of a step for one sample."""

    def snapshot(self, into: NDArray[np.floating] | None = None) -> NDArray[np.floating]:
        """A copy of parameters and optimizer state, in place of an older one, if given."""

    def restore(self, snapshot: NDArray[np.floating]) -> None:
        """Put a snapshot back."""

    def is_finite(self) -> bool:
        """Whether all parameters and the optimizer's state are finite."""


class Chunks:
    """Chunks of steps of one call: what stays the same from one to the next."""

    def __init__(
        self,
        network: Trainee,
        session: Session,
        samples: int,
        batch: int,
        values: NDArray[np.float64],
        first_step: int,
    ) -> None:
        self._network, self._session = network, session
        self._samples, self._batch, self.values = samples, batch, values
        self.steps_before = network.steps - first_step

    def steps(
        self,
        first: int,
        count: int,
        workers: int,
        values: NDArray[np.float64],
        ticks: NDArray[np.int64] | None = None,
        offer: team.Offer | None = None,
    ) -> int:
        """Run steps `first` to `first + count`; returns the number of workers that took part.

        `ticks` (workers, n_rows), if given, takes the time of each row; `offer` as for `team.run`.
        """
        # Who watches, or another thread, may have changed the optimizer, or have moved the arena by asking for room.
        optimizer = self._network.optimizer
        self._session.arena_address = self._network.arena_address
        hyper = self._session.place_hyper(optimizer, self.steps_before + first + 1, count)
        return self._session.run(
            first,
            count,
            samples=self._samples,
            batch=self._batch,
            workers=workers,
            values=values,
            hyper=hyper,
            ticks=team.NO_TICKS if ticks is None else ticks,
            seconds=count * self._session.seconds_per_step,
            offer=offer,
        )


def train(
    network: Trainee,
    session: Session,
    shape: tuple[int, ...],
    batch: int,
    workers: int,
    automatic: bool,
    between: Callable[[Progress], bool | None] | None,
    most_steps: Callable[[], int | None] | None,
    first_step: int,
    sums: NDArray[np.float64] | None,
    elsewhere: Callable[[], float] | None,
    offer: team.Offer | None,
) -> NDArray[np.float64]:
    """Run all steps of `shape` = (n_epochs, samples an epoch); see `Network.train`."""
    n_epochs, samples = shape
    per_epoch = -(-samples // batch)
    total = n_epochs * per_epoch
    values = session.zeros(n_epochs)
    if sums is not None:
        values[0] = sums
    run = Chunks(network, session, samples, batch, values, first_step)
    flops = network.flops_per_sample * batch
    choice = session.choice(workers, True) if automatic and workers > 1 else None
    session.seconds_per_step = session.seconds_per_step or max(flops / FLOPS_PER_SECOND, 1e-6)
    if elsewhere is None or workers != 2:
        offer = None
    # Compiled before anything is timed.
    if offer is not None:
        executor.helper()
    if choice is not None:
        executor.alone()
    session.begin(first_step)
    done = first_step
    chunk_seconds = _CHUNK_SECONDS if workers == 1 else _FIRST_CHUNK_SECONDS
    with network.lock:
        kept = network.kept = network.snapshot(network.kept)
        changes = network.changes
    kept_at, kept_when = done, time.perf_counter()
    try:
        while done < total:
            tries = choice is not None and choice.tries
            chosen = choice.workers if choice else workers
            n_spared, is_open = 0, False
            if elsewhere is not None and chosen == workers > 1:
                n_spared = session.n_spared(elsewhere(), workers)
                # Who comes later is let in between two steps. Long ones are rather begun by all.
                is_short = session.seconds_per_step < _SHORT_STEP
                is_open = offer is not None and (n_spared > 0 or is_short)
            if is_open:
                chosen = 1
            if n_spared and not is_open:
                chosen, count = workers - 1, n_spared
            else:
                seconds = min(chunk_seconds, _TRIAL_SECONDS) if tries else chunk_seconds
                count = int(seconds / session.seconds_per_step)
                if elsewhere is not None and total - done <= 3 * count:
                    # Of a few batches at a time what is left is not worth a call of its own.
                    count = total - done
            wanted = None if most_steps is None else most_steps()
            count = min(count, total - done, _MOST_STEPS)
            count = max(1, count if wanted is None else min(count, wanted))
            # Between two chunks other threads may use the network.
            with network.lock:
                if network.changes != changes:
                    # Steps from before the change would not be run again as they were.
                    kept, kept_at, kept_when = network.snapshot(kept), done, time.perf_counter()
                    changes = network.changes
                try:
                    begin = time.perf_counter()
                    offered = offer if is_open else None
                    took_part = run.steps(done, count, chosen, values, None, offered)
                    now = time.perf_counter()
                    failed = session.failed_step
                    if failed >= 0:
                        _go_back(network, run, session, kept, kept_at, failed)
                        raise DivergedError(failed // per_epoch + 1, failed % per_epoch + 1)
                finally:
                    # An interrupt shows right after compiled code returns: what it did counts.
                    network.steps = run.steps_before + session.steps_done
                done = session.steps_done
                if now - kept_when > _SNAPSHOT_SECONDS and done < total and network.is_finite():
                    kept, kept_at, kept_when = network.snapshot(kept), done, now
            seconds_per_step = max((now - begin) / count, 1e-9)
            if took_part < workers if is_open else n_spared:
                session.seconds_with_one_less = seconds_per_step
            else:
                session.seconds_per_step = seconds_per_step
                chunk_seconds = min(4.0 * chunk_seconds, _CHUNK_SECONDS)
                if choice is not None:
                    choice.learn(seconds_per_step, took_part, count)
                    choice = session.choice(workers, False)
            if between is not None and between(_progress(values, done, per_epoch, samples, batch)):
                break
        with network.lock:
            if not network.is_finite():
                # The last step's loss was finite, what it did to the weights is not.
                try:
                    _go_back(network, run, session, kept, kept_at, done)
                finally:
                    network.steps = run.steps_before + session.steps_done
                raise DivergedError((done - 1) // per_epoch + 1, (done - 1) % per_epoch + 1)
    finally:
        session.release()
    means = values[: -(-done // per_epoch)] / samples
    if done % per_epoch:
        means[-1] = values[len(means) - 1] / (done % per_epoch * batch)
    return means


def _progress(
    values: NDArray[np.float64], done: int, per_epoch: int, samples: int, batch: int
) -> Progress:
    epoch = (done - 1) // per_epoch
    step = done - epoch * per_epoch
    seen = min(step * batch, samples)
    return Progress(epoch, step, per_epoch, seen, values[epoch].copy(), values[:epoch] / samples)


def _go_back(
    network: Trainee,
    run: Chunks,
    session: Session,
    kept: NDArray[np.floating],
    kept_at: int,
    failed: int,
) -> None:
    """Put the network where its weights were last finite.

    The failed step touched no weights, but the one before may have made them infinite. Steps are exact, so they
    are run again from the last copy; the number of steps after which all is finite is found by halving.
    """
    if network.is_finite():
        return
    unused = np.zeros_like(run.values)

    def replay(count: int) -> bool:
        network.restore(kept)
        session.begin(kept_at)
        while session.steps_done < kept_at + count:
            first = session.steps_done
            run.steps(first, min(_MOST_STEPS, kept_at + count - first), 1, unused)
        return network.is_finite()

    low, high = 0, failed - kept_at
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if replay(middle) else (low, middle - 1)
    replay(low)
