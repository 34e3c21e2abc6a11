"""Functions as a callback."""

from collections.abc import Callable
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.training import Callback

Hook = Callable[..., Any]


class LambdaCallback(Callback):
    """Call functions while a model trains. What is not given costs nothing.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Take epoch and logs.
    on_train_begin, on_train_end : callable, optional
        Take logs.
    on_train_batch_begin, on_train_batch_end : callable, optional
        Take batch and logs.
    on_chunk_end : callable, optional
        Takes epoch, step, the epoch's number of steps, and logs.
    on_batch_begin, on_batch_end : callable, optional
        The same as those of the training's batches.
    on_test_begin, on_test_end, on_predict_begin, on_predict_end : callable, optional
        Take logs.

    Raises
    ------
    ArgumentError
        If what is given is no function.

    References
    ----------
    Keras 3's `keras.callbacks.LambdaCallback`, and its hooks.

    Examples
    --------
    >>> losses = []
    >>> watch = LambdaCallback(on_epoch_end=lambda epoch, logs: losses.append(logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        on_chunk_end: Hook | None = None,
        *,
        on_batch_begin: Hook | None = None,
        on_batch_end: Hook | None = None,
        on_test_begin: Hook | None = None,
        on_test_end: Hook | None = None,
        on_predict_begin: Hook | None = None,
        on_predict_end: Hook | None = None,
    ) -> None:
        hooks = {name: hook for name, hook in locals().items() if name.startswith("on_") and hook}
        for name, hook in hooks.items():
            if not callable(hook):
                raise ArgumentError(f"{name} must be a function, not {hook!r}")
            setattr(self, name, hook)
