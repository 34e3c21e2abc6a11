"""What training returns: the figures of every epoch."""

import weakref
from typing import Any

from fastbp.training.callbacks import Callback, Logs
from fastbp.training.progress import figure


class History(Callback):
    """The figures of every epoch. `fit` returns one; one more may be given to it as a callback.

    Attributes
    ----------
    history : dict of str to list of float
        "loss", the metrics, and with validation data the same names after "val_". A metric with a number for each
        threshold or output has a list of these for each epoch.
    epoch : list of int
        The epochs, counted from 0.
    params : dict
        How many epochs and steps were asked for.
    model : Sequential or None
        What was trained, as long as there is somebody else who holds it.

    References
    ----------
    Keras 3's `keras.callbacks.History`.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self.params: dict[str, Any] = {}
        self._model: weakref.ref[Any] | None = None

    # The model holds its history: a reference that counts would keep both until the garbage is collected.
    @property
    def model(self) -> Any:
        """What was trained."""
        return None if self._model is None else self._model()

    def set_model(self, model: Any) -> None:
        """Take the model, before training begins."""
        self._model = weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        """All but the model."""
        return {**vars(self), "_model": None}

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {_text(values[-1])}" for name, values in self.history.items())
        return f"History({len(self.epoch)} epochs{': ' if last else ''}{last})"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the epochs of an earlier `fit`, as Keras does; its figures stay."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the figures of one epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def get_state(self) -> dict[str, Any]:
        """All of it."""
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on after what `get_state` told."""
        self.epoch = list(state["epoch"])
        self.history = {name: list(values) for name, values in state["history"].items()}


def _text(value: Any) -> str:
    return figure(value) if isinstance(value, list) else f"{value:.4g}"
