"""What a user may do between epochs, batches and chunks of training."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.training.safe_point import SafePoint, TrainingState

#: Figures by name: numbers, or lists of numbers where a metric has one for each threshold or output.
Logs = dict[str, Any]
State = dict[str, Any]

#: Keras's methods that would be called within one compiled call.
NOT_CALLED = (
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)


class Callback:
    """Called while a model trains; derive from it and override what is needed, as in Keras.

    What is not overridden costs nothing: without the epoch's methods many epochs run as one compiled call, without
    the batch's methods the batches of an epoch do. Setting ``self.model.stop_training = True`` ends `fit` after the
    epoch, batch or chunk that runs now. A number added to an epoch's `logs` goes into the history. Keras's methods for
    the batches of a test or a prediction are refused, as these are one call.

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
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch, with the epoch's figures so far. Overridden, it makes every batch a call of its own."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before a validation, and in `evaluate`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After a validation, and in `evaluate`, with the figures, whose names have no "val_"."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before the outputs are computed in `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After that."""

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Logs | None = None) -> None:
        """Some 20 times a second: `step` of the epoch's `n_steps` steps are done, with these figures so far."""

    def most_steps(self) -> int | None:
        """Before each chunk: after how many steps at most `on_chunk_end` is to be called; None if by time alone."""
        return None

    def check(self, names: tuple[str, ...]) -> None:
        """Before training begins: raise if what is needed is not among the names of the figures that there will be."""

    def on_diverged(self, epoch: int, batch: int) -> bool:
        """When a loss is not finite, and the weights are the last finite ones. True ends `fit` without an error."""
        return False

    def get_state(self) -> State:
        """What this callback has to know after a resumption: by name what JSON can hold, or lists of arrays."""
        return {}

    def set_state(self, state: State) -> None:
        """Take what `get_state` told, when training goes on."""

    def resume(self) -> TrainingState | None:
        """Before training begins: where it is to go on; None for the beginning."""
        return None

    def on_safe_point(self, point: SafePoint) -> None:
        """After all other methods of an epoch's end, or of a chunk's: here training could be resumed."""


class CallbackList:
    """All callbacks of one `fit`, `evaluate` or `predict`, called in their order.

    Attributes
    ----------
    watch_epochs, watch_batches, watch_chunks : bool
        Whether a callback overrides a method of the epoch, the batch or the chunk.
    watch_safe_points : bool
        Whether a callback wants to know where training could be resumed.
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
            _check_methods(callback)
            callback.set_model(model)
        self.watch_safe_points = self._overridden("on_safe_point")
        self.watch_epochs = self._overridden("on_epoch_begin", "on_epoch_end")
        self.watch_batches = self._overridden(
            "on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"
        )
        self.watch_chunks = self._overridden("on_chunk_end", "on_safe_point")
        self.choose_steps = self._overridden("most_steps") or self.watch_batches

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

    def most_steps(self) -> int | None:
        """The steps that the next chunk may have, None for any number."""
        if self.watch_batches:
            return 1
        wanted = (callback.most_steps() for callback in self._callbacks)
        return min((steps for steps in wanted if steps is not None), default=None)

    def diverged(self, epoch: int, batch: int) -> bool:
        """Whether a loss that is not finite is to end training without an error; all are told."""
        answers = [callback.on_diverged(epoch, batch) for callback in self._callbacks]
        return any(answers)

    def resume(self) -> TrainingState | None:
        """Where training is to go on, as the first callback that knows says."""
        states = (callback.resume() for callback in self._callbacks)
        return next((state for state in states if state is not None), None)

    def states(self) -> dict[str, State]:
        """What the callbacks have to know after a resumption, by kind and number."""
        return {name: callback.get_state() for name, callback in self._named()}

    def set_states(self, states: Mapping[str, State]) -> None:
        """Hand back what `states` told; a callback that was not there keeps what it has."""
        for name, callback in self._named():
            if name in states:
                callback.set_state(states[name])

    def _named(self) -> Iterator[tuple[str, Callback]]:
        kinds: Counter[str] = Counter()
        for callback in self._callbacks:
            kind = type(callback).__name__
            yield f"{kind}_{kinds[kind]}", callback
            kinds[kind] += 1


#: Where there are no callbacks.
NOBODY = CallbackList(None, None)


def _check_methods(callback: Callback) -> None:
    for name in NOT_CALLED:
        if hasattr(callback, name):
            part = "test" if "test" in name else "predict"
            raise ArgumentError(
                f"{type(callback).__name__} has the method {name}, which fastbp does not call, since all batches of a "
                f"test or a prediction are one compiled call: use on_{part}_begin or on_{part}_end"
            )
