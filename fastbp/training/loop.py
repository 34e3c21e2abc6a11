"""The epochs of one `fit`: as many as possible in one compiled call, one at a time where somebody looks on."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastbp.data.order import epoch_orders
from fastbp.errors import DivergedError
from fastbp.training.answers import evaluate
from fastbp.training.batches import Batches
from fastbp.training.callbacks import CallbackList, Logs
from fastbp.training.history import History
from fastbp.training.inputs import Samples
from fastbp.training.learner import Learner
from fastbp.training.plan import Plan
from fastbp.training.prefetch import Prefetch
from fastbp.training.progress import Display
from fastbp.training.resumption import Position, position_of, put_state, take_state
from fastbp.training.safe_point import SafePoint, TrainingState

if TYPE_CHECKING:
    from fastbp.engine import Network, Progress

# Bounds of the matrix with the orders of the epochs in one call.
_ORDER_BYTES = 64 << 20
_ORDER_ROWS = 16_384
# And of the matrix with their sums, which is looked through between any two chunks.
_SUMS_BYTES = 1 << 20

# A call with a display lasts about this long, in seconds.
_DISPLAYED = 0.2


class Training:
    """One `fit`. It keeps the learner's count of the epochs that were trained, also through an exception.

    Attributes
    ----------
    history : History
        The figures so far.
    """

    def __init__(
        self,
        learner: Learner,
        network: "Network",
        plan: Plan,
        callbacks: CallbackList,
        display: Display,
        stopped: Callable[[], bool],
    ) -> None:
        self.history = History()
        self._learner = learner
        self._network = network
        self._plan = plan
        self._callbacks = callbacks
        self._display = display
        self._stopped = stopped
        self._one_by_one = (
            plan.validation is not None
            or callbacks.watch_epochs
            or callbacks.watch_batches
            or callbacks.watch_safe_points
        )
        self._paced = 1
        self._position = Position(plan.first_epoch)
        self._epochs_seen_before = learner.epochs_seen - plan.first_epoch
        self._finished = np.zeros((0, plan.n_sums))
        self._means = np.zeros(plan.n_sums)
        self._most_steps = callbacks.most_steps if callbacks.choose_steps else None

    def run(self) -> None:
        """Train until the epochs are done or a callback stops it.

        Raises
        ------
        DivergedError
            With the epoch as the display counts it.
        ArgumentError
            If another thread trains the network.
        """
        with self._network.reserved():
            self._run()

    def _run(self) -> None:
        plan, callbacks = self._plan, self._callbacks
        params = {"epochs": plan.epochs, "steps": plan.n_steps, "verbose": self._display.verbose}
        self.history.params = params
        callbacks.set_params(params)
        callbacks.call("check", plan.names_in_logs)
        state = callbacks.resume()
        if state is not None:
            self._position = position_of(state, plan)
        callbacks.call("on_train_begin", None)
        if state is not None:
            self._resume(state)
        logs: Logs = {}
        try:
            while self._position.epoch < plan.epochs and not self._is_stopped():
                logs = self._next_epochs()
            if self._position.epoch > plan.first_epoch:
                self._network.take_averages()
        except DivergedError as error:
            self._display.close()
            if not callbacks.diverged(error.epoch - 1, error.step - 1):
                raise
        finally:
            self._display.close()
        callbacks.call("on_train_end", logs)

    def _resume(self, state: TrainingState) -> None:
        """Put everything where it was; what the beginning of a half-done epoch does is done before that."""
        if self._position.step:
            self._callbacks.call("on_epoch_begin", self._position.epoch, None)
        put_state(state, self._learner, self._plan, self.history, self._callbacks)
        samples, position = self._plan.samples, self._position
        if isinstance(samples, Batches):
            samples.batch_size = max(samples.batch_size, position.batch_size)
            samples.skip(position.epoch - self._plan.first_epoch, position.step)
        self._epochs_seen_before = self._learner.epochs_seen - self._position.epoch

    def _is_stopped(self) -> bool:
        """Whether a callback has ended training, now or before a resumption."""
        self._position.stopped |= self._stopped()
        return self._position.stopped

    def _next_epochs(self) -> Logs:
        """Train one epoch or several; the figures of the last."""
        epoch = self._position.epoch
        if self._one_by_one and not self._position.step:
            self._callbacks.call("on_epoch_begin", epoch, None)
        start = time.perf_counter()
        rows = self._train(epoch)
        self._count_epochs(epoch + len(rows))
        seconds = (time.perf_counter() - start) / len(rows)
        for row in rows:
            logs = self._validated(epoch, row)
            try:
                if self._one_by_one:
                    self._callbacks.call("on_epoch_end", epoch, logs)
            finally:
                self.history.on_epoch_end(epoch, logs)
                self._display.epoch_end(epoch, logs, seconds)
            epoch += 1
        self._pace(seconds * len(rows))
        samples = self._plan.samples
        batch_size = samples.batch_size if isinstance(samples, Batches) else 0
        self._position = Position(epoch, batch_size=batch_size, stopped=self._stopped())
        self._tell_safe_point()
        return logs

    def _train(self, epoch: int) -> NDArray[np.float64]:
        """Train one epoch or several; a row of sums each."""
        self._finished = np.zeros((0, self._plan.n_sums))
        if self._callbacks.watch_batches:
            self._callbacks.call("on_train_batch_begin", self._position.step, None)
        samples = self._plan.samples
        try:
            if isinstance(samples, Batches):
                return self._train_batches(samples, epoch)
            return self._train_samples(samples, epoch)
        except DivergedError as error:
            self._keep_finished(epoch)
            self._count_epochs(epoch + error.epoch - 1)
            raise DivergedError(epoch + error.epoch, error.step) from None
        except KeyboardInterrupt:
            self._keep_finished(epoch)
            raise

    def _train_samples(self, samples: Samples, epoch: int) -> NDArray[np.float64]:
        """Train one epoch or several on arrays."""
        plan, position = self._plan, self._position
        count = self._epochs_at_once(samples.n_samples)
        return self._network.train(
            samples.inputs,
            samples.targets,
            samples.sample_weight,
            self._orders(epoch, samples.n_samples, count),
            batch_size=plan.batch_size,
            threads=plan.threads,
            between=lambda progress: self._look(epoch, progress),
            most_steps=self._most_steps,
            first_step=position.step,
            sums=None if position.sums is None else np.array(position.sums),
            n_epochs=count,
        )

    def _train_batches(self, batches: Batches, epoch: int) -> NDArray[np.float64]:
        """Train one epoch on batches as they come."""
        plan, position = self._plan, self._position
        sums = np.zeros(plan.n_sums) if position.sums is None else np.array(position.sums)
        step, seen, n_steps = position.step, position.seen, plan.n_steps
        order = None
        if batches.is_sequence:
            orders = self._orders(epoch, batches.n_batches, 1)
            # Walked as Python's own integers, with which a source computes much faster than with NumPy's.
            order = None if orders is None else memoryview(orders[0])

        def look(progress: "Progress") -> bool:
            nonlocal sums
            sums = progress.sums
            whole = replace(
                progress, step=step + progress.step, n_steps=n_steps, seen=seen + progress.seen
            )
            return self._look(epoch, whole)

        with Prefetch(batches, order, step) as portions:
            for portion in portions:
                assert portion.targets is not None
                batches.batch_size = portion.batch_size
                try:
                    self._network.train(
                        portion.inputs,
                        portion.targets,
                        portion.sample_weight,
                        None,
                        batch_size=portion.batch_size,
                        threads=plan.threads,
                        between=look,
                        most_steps=self._most_steps,
                        sums=sums,
                        elsewhere=portions.busy,
                        offer=portions.helper(),
                    )
                except DivergedError as error:
                    raise DivergedError(1, step + error.step) from None
                step += -(-portion.n_samples // portion.batch_size)
                seen += portion.n_samples
                if self._stopped():
                    break
        batches.end_epoch()
        return self._means[None]

    def _keep_finished(self, epoch: int) -> None:
        """Write down the epochs that were whole when a call of several broke off."""
        for row in self._finished:
            self.history.on_epoch_end(epoch, self._plan.logs(row))
            epoch += 1

    def _look(self, epoch: int, progress: "Progress") -> bool:
        """Between chunks: note how many epochs are done, show it, and tell whether to stop."""
        self._finished, self._means = progress.finished, progress.values
        epoch += progress.epoch
        is_whole = progress.step == progress.n_steps
        self._count_epochs(epoch + is_whole)
        callbacks = self._callbacks
        if not (self._display.verbose or callbacks.watch_chunks or callbacks.watch_batches):
            return False
        logs = self._plan.logs(progress.values)
        self._display.chunk_end(epoch, progress.step, progress.n_steps, logs)
        if callbacks.watch_batches:
            callbacks.call("on_train_batch_end", progress.step - 1, logs)
        callbacks.call("on_chunk_end", epoch, progress.step, progress.n_steps, logs)
        if is_whole or self._stopped():
            return self._stopped()
        sums, samples = progress.sums.tolist(), self._plan.samples
        batch_size = samples.batch_size if isinstance(samples, Batches) else 0
        self._position = Position(epoch, progress.step, sums, progress.seen, batch_size)
        self._tell_safe_point()
        if callbacks.watch_batches:
            callbacks.call("on_train_batch_begin", progress.step, None)
        return False

    def _tell_safe_point(self) -> None:
        if not self._callbacks.watch_safe_points:
            return
        position = self._position

        def state() -> TrainingState:
            return take_state(self._learner, self._plan, position, self.history, self._callbacks)

        point = SafePoint(position.epoch, position.step, state)
        self._callbacks.call("on_safe_point", point)

    def _count_epochs(self, epoch: int) -> None:
        """Epochs up to this one are done."""
        self._learner.epochs_seen = self._epochs_seen_before + epoch

    def _validated(self, epoch: int, row: NDArray[np.float64]) -> Logs:
        """The epoch's figures, with those of the validation."""
        plan = self._plan
        logs = plan.logs(row)
        if plan.validates(epoch):
            assert plan.validation is not None
            self._callbacks.call("on_test_begin", None)
            sums = evaluate(
                self._network, plan.validation, plan.validation_batch_size, plan.threads
            )
            if not np.isfinite(sums[0]):
                # The weights are finite, but what they lead to no longer is.
                raise DivergedError(epoch + 1, plan.n_steps, validation=True)
            found = plan.logs(sums)
            self._callbacks.call("on_test_end", found)
            logs |= {f"val_{name}": value for name, value in found.items()}
        return logs

    def _epochs_at_once(self, n_samples: int) -> int:
        if self._one_by_one:
            return 1
        most_sums = _SUMS_BYTES // (8 * self._plan.n_sums)
        bound = max(1, min(_ORDER_ROWS, _ORDER_BYTES // (8 * n_samples), most_sums))
        if self._display.verbose:
            bound = min(bound, self._paced)
        return min(bound, self._plan.epochs - self._position.epoch)

    def _pace(self, seconds: float) -> None:
        """Fit the number of epochs in the next call to the time that the last one took."""
        if seconds < _DISPLAYED / 2:
            self._paced *= 2
        elif seconds > _DISPLAYED and self._paced > 1:
            self._paced //= 2

    def _orders(self, epoch: int, n_items: int, count: int) -> NDArray[np.int64] | None:
        """The orders in which these epochs visit samples or batches, (count, n_items); None for them as they lie."""
        plan = self._plan
        # A step that takes all samples may as well take them as they lie.
        takes_all = plan.n_steps == 1 and isinstance(plan.samples, Samples)
        if not plan.shuffle or takes_all:
            return None
        first = self._epochs_seen_before + epoch
        return epoch_orders(n_items, count, self._learner.seed, first)
