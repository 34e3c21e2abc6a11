"""What a user may do between epochs, batches and chunks of training."""

from collections.abc import Iterable
from typing import Any

from fastbp.errors import ArgumentError

Logs = dict[str, float]


class Callback:
    """Called while a model trains; derive from it and override what is needed, as in Keras.

    What is not overridden costs nothing: without the epoch's methods many epochs run as one compiled call, without
    the batch's methods the batches of an epoch do. Setting ``self.model.stop_training = True`` ends `fit` after the
    epoch or batch that runs now.

    Attributes
    ----------
    model : Sequential
        What trains.
    params : dict
        "epochs", "steps" (in an epoch) and "verbose".

    Examples
    --------
    >>> class StopWhenSolved(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.01:
    ...             self.model.stop_training = True
    """

    model: Any
    params: dict[str, Any]

    def set_model(self, model: Any) -> None:
        """Take the model, before training begins."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the numbers of epochs and steps, before training begins."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with its figures."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch; counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation, with the figures of both."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch; counted from 0 in every epoch. Overridden, it makes every batch a call of its own."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch, with the epoch's figures so far. Overridden, it makes every batch a call of its own."""

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Logs | None = None) -> None:
        """Some 20 times a second: `step` of the epoch's `n_steps` steps are done, with these figures so far."""


class CallbackList:
    """All callbacks of one `fit`, called in their order.

    Attributes
    ----------
    watch_epochs, watch_batches, watch_chunks : bool
        Whether a callback overrides a method of the epoch, the batch or the chunk.
    """

    def __init__(self, callbacks: Callback | Iterable[Callback] | None, model: object) -> None:
        self._callbacks = (
            (callbacks,) if isinstance(callbacks, Callback) else tuple(callbacks or ())
        )
        for callback in self._callbacks:
            if not isinstance(callback, Callback):
                raise ArgumentError(
                    f"callbacks must derive from fastbp.Callback, not {type(callback).__name__}"
                )
            callback.set_model(model)
        self.watch_epochs = self._overridden("on_epoch_begin", "on_epoch_end")
        self.watch_batches = self._overridden("on_train_batch_begin", "on_train_batch_end")
        self.watch_chunks = self._overridden("on_chunk_end")

    def _overridden(self, *names: str) -> bool:
        return any(
            getattr(getattr(callback, name), "__func__", None) is not getattr(Callback, name)
            for callback in self._callbacks
            for name in names
        )

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand over the numbers of epochs and steps."""
        for callback in self._callbacks:
            callback.set_params(params)

    def call(self, method: str, *arguments: Any) -> None:
        """Call one method of all callbacks."""
        for callback in self._callbacks:
            getattr(callback, method)(*arguments)
