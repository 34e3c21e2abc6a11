"""An end to training that no longer helps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.callbacks.monitor import Mode, Monitor
from fastbp.specification import real_number, truth_value, whole_number
from fastbp.training import Logs, announce


class EarlyStopping(Monitor):
    """Stop when a figure has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The figure.
    min_delta : float, default 0
        What counts as better must be so by more than that.
    patience : int, default 0
        After how many epochs without a better one training stops.
    verbose : {0, 1}, default 0
        Whether to say so.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better.
    baseline : float, optional
        Only what is better than that, too, ends the waiting.
    restore_best_weights : bool, default False
        Whether the model gets the weights of its best epoch in the end.
    start_from_epoch : int, default 0
        Epochs before this one are not looked at.

    Attributes
    ----------
    stopped_epoch : int
        The epoch, counted from 0, after which training was stopped; 0 if it was not.
    best, best_epoch
        The best value, and where it was.

    Raises
    ------
    ArgumentError
        If a setting is out of its range; by `fit`, if there will be no such figure, it is a list, or nobody knows which
        way is better.

    References
    ----------
    Prechelt, "Early stopping - but when?", 1998; Keras 3's `keras.callbacks.EarlyStopping`.

    Examples
    --------
    >>> from fastbp import Dense, Sequential
    >>> model = Sequential([Dense(1)], seed=1)
    >>> model.compile("sgd", "mean_squared_error")
    >>> stop = EarlyStopping("loss", min_delta=1e-3, patience=2)
    >>> history = model.fit([[0.0], [1.0]], [0.0, 2.0], epochs=10_000, verbose=0, callbacks=[stop])
    >>> len(history.epoch) < 10_000
    True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = whole_number("patience", patience, minimum=0)
        self.verbose = verbose
        self.baseline = None if baseline is None else real_number("baseline", baseline)
        self.restore_best_weights = truth_value("restore_best_weights", restore_best_weights)
        self.start_from_epoch = whole_number("start_from_epoch", start_from_epoch, minimum=0)
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[NDArray[np.floating[Any]]] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether it became better."""
        current = self.value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Put the best weights back, if that is wanted."""
        if self.stopped_epoch > 0 and self.verbose:
            announce(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                epoch = self.best_epoch + 1
                announce(f"Restoring model weights from the end of the best epoch: {epoch}.")
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Any]:
        """Best value, where it was, its weights, and how long ago it is."""
        names = ("wait", "stopped_epoch", "best_epoch", "best", "best_weights")
        return {name: getattr(self, name) for name in names}
