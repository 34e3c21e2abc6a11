"""The epochs of one `fit`: as many as possible in one compiled call, one at a time where somebody looks on."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fastbp.data.order import epoch_orders
from fastbp.errors import DivergedError
from fastbp.training.callbacks import CallbackList
from fastbp.training.history import History
from fastbp.training.plan import Plan
from fastbp.training.progress import Display

if TYPE_CHECKING:
    from fastbp.engine import Network, Progress

# Bounds of the matrix with the orders of the epochs in one call.
_ORDER_BYTES = 64 << 20
_ORDER_ROWS = 16_384

# A call with a display lasts about this long, in seconds.
_DISPLAYED = 0.2


class Training:
    """One `fit`.

    Attributes
    ----------
    history : History
        The figures so far.
    epochs_done : int
        How many epochs are complete, also after an exception.
    """

    def __init__(
        self,
        network: "Network",
        plan: Plan,
        callbacks: CallbackList,
        display: Display,
        stopped: Callable[[], bool],
    ) -> None:
        self.history = History()
        self.epochs_done = 0
        self._network = network
        self._plan = plan
        self._callbacks = callbacks
        self._display = display
        self._stopped = stopped
        self._one_by_one = (
            plan.validation is not None or callbacks.watch_epochs or callbacks.watch_batches
        )
        self._paced = 1
        self._finished = np.zeros((0, plan.n_sums))
        self._unshuffled: NDArray[np.int64] | None = None

    def run(self) -> None:
        """Train until the epochs are done or a callback stops it.

        Raises
        ------
        DivergedError
            With the epoch as the display counts it.
        """
        plan = self._plan
        n_steps = -(-plan.samples.n_samples // plan.batch_size)
        params = {"epochs": plan.epochs, "steps": n_steps, "verbose": self._display.verbose}
        self.history.params = params
        self._callbacks.set_params(params)
        self._callbacks.call("on_train_begin", None)
        logs: dict[str, float] = {}
        epoch = plan.first_epoch
        try:
            while epoch < plan.epochs and not self._stopped():
                if self._one_by_one:
                    self._callbacks.call("on_epoch_begin", epoch, None)
                start = time.perf_counter()
                rows = self._train(epoch)
                self.epochs_done = epoch + len(rows) - plan.first_epoch
                seconds = (time.perf_counter() - start) / len(rows)
                for row in rows:
                    logs = self._finish_epoch(epoch, row, seconds)
                    epoch += 1
                self._pace(seconds * len(rows))
                if self._one_by_one:
                    self._callbacks.call("on_epoch_end", epoch - 1, logs)
        finally:
            self._display.close()
        if self.epochs_done:
            self._network.take_averages()
        self._callbacks.call("on_train_end", logs)

    def _train(self, epoch: int) -> NDArray[np.float64]:
        """Train one epoch or several; a row of sums each."""
        if self._callbacks.watch_batches:
            return self._train_by_batches(epoch)
        plan = self._plan
        orders = self._orders(epoch, self._epochs_at_once(epoch))
        self._finished = np.zeros((0, plan.n_sums))
        try:
            return self._network.train(
                plan.samples.inputs,
                plan.samples.targets,
                plan.samples.sample_weight,
                orders,
                batch_size=plan.batch_size,
                threads=plan.threads,
                between=lambda progress: self._look(epoch, progress),
            )
        except DivergedError as error:
            self._keep_finished(epoch)
            self.epochs_done = epoch - plan.first_epoch + error.epoch - 1
            raise DivergedError(epoch + error.epoch, error.step) from None
        except KeyboardInterrupt:
            self._keep_finished(epoch)
            raise

    def _keep_finished(self, epoch: int) -> None:
        """Write down the epochs that were whole when a call of several broke off."""
        for row in self._finished:
            self.history.append(epoch, self._plan.logs(row))
            epoch += 1

    def _train_by_batches(self, epoch: int) -> NDArray[np.float64]:
        """Train one epoch, a call a batch."""
        plan = self._plan
        order = self._orders(epoch, 1)
        totals = np.zeros(plan.n_sums)
        n_seen = 0
        for batch, start in enumerate(range(0, plan.samples.n_samples, plan.batch_size)):
            self._callbacks.call("on_train_batch_begin", batch, None)
            rows = order[:, start : start + plan.batch_size]
            try:
                sums = self._network.train(
                    plan.samples.inputs,
                    plan.samples.targets,
                    plan.samples.sample_weight,
                    np.ascontiguousarray(rows),
                    batch_size=plan.batch_size,
                    threads=plan.threads,
                )
            except DivergedError:
                raise DivergedError(epoch + 1, batch + 1) from None
            totals += sums[0] * rows.shape[1]
            n_seen += rows.shape[1]
            self._callbacks.call("on_train_batch_end", batch, plan.logs(totals / n_seen))
            if self._stopped():
                break
        return totals[None] / n_seen

    def _look(self, epoch: int, progress: "Progress") -> None:
        """Between chunks: note how many epochs are done, and show it."""
        self._finished = progress.finished
        epoch += progress.epoch
        is_whole = progress.step == progress.n_steps
        self.epochs_done = epoch - self._plan.first_epoch + is_whole
        if self._display.verbose or self._callbacks.watch_chunks:
            arguments = epoch, progress.step, progress.n_steps, self._plan.logs(progress.values)
            self._display.chunk_end(*arguments)
            self._callbacks.call("on_chunk_end", *arguments)

    def _finish_epoch(
        self, epoch: int, row: NDArray[np.float64], seconds: float
    ) -> dict[str, float]:
        """Validate, and write the epoch's figures down."""
        plan = self._plan
        logs = plan.logs(row)
        if plan.validation is not None:
            sums = self._network.evaluate(
                plan.validation.inputs,
                plan.validation.targets,
                plan.validation.sample_weight,
                batch_size=plan.validation_batch_size,
                threads=plan.threads,
            )
            if not np.isfinite(sums[0]):
                # The weights are finite, but what they lead to no longer is.
                raise DivergedError(epoch + 1, self.history.params["steps"])
            logs |= {f"val_{name}": value for name, value in plan.logs(sums).items()}
        self.history.append(epoch, logs)
        self._display.epoch_end(epoch, logs, seconds)
        return logs

    def _epochs_at_once(self, epoch: int) -> int:
        if self._one_by_one:
            return 1
        n_samples = self._plan.samples.n_samples
        bound = max(1, min(_ORDER_ROWS, _ORDER_BYTES // (8 * n_samples)))
        if self._display.verbose:
            bound = min(bound, self._paced)
        return min(bound, self._plan.epochs - epoch)

    def _pace(self, seconds: float) -> None:
        """Fit the number of epochs in the next call to the time that the last one took."""
        if seconds < _DISPLAYED / 2:
            self._paced *= 2
        elif seconds > _DISPLAYED and self._paced > 1:
            self._paced //= 2

    def _orders(self, epoch: int, count: int) -> NDArray[np.int64]:
        """The orders in which these epochs visit the samples, (count, n_samples)."""
        plan = self._plan
        n_samples = plan.samples.n_samples
        if not plan.shuffle:
            if self._unshuffled is None or len(self._unshuffled) < count:
                self._unshuffled = np.tile(np.arange(n_samples), (count, 1))
            return self._unshuffled[:count]
        first = plan.epochs_seen + epoch - plan.first_epoch
        return epoch_orders(n_samples, count, plan.seed, first)
