"""Smaller steps where larger ones no longer help."""

from typing import Any

from fastbp.callbacks.learning_rate import learning_rate, set_learning_rate
from fastbp.callbacks.monitor import Mode, Monitor
from fastbp.errors import ArgumentError
from fastbp.specification import real_number, whole_number
from fastbp.training import Logs, announce


class ReduceLROnPlateau(Monitor):
    """Reduce the learning rate when a figure has not become better for some epochs.

    The new one is ``max(factor * learning_rate, min_lr)``. The history gets the learning rate of every epoch.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The figure.
    factor : float in (0, 1), default 0.1
        What the learning rate is multiplied by.
    patience : int, default 10
        After how many epochs without a better one.
    verbose : {0, 1}, default 0
        Whether to say so.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better.
    min_delta : float, default 1e-4
        What counts as better must be so by more than that.
    cooldown : int, default 0
        Epochs after a reduction in which none is counted.
    min_lr : float, default 0
        The least learning rate.

    Raises
    ------
    ArgumentError
        If a setting is out of its range; by `fit`, if there will be no such figure, it is a list, nobody knows which
        way is better, or the learning rate is a schedule.

    References
    ----------
    Keras 3's `keras.callbacks.ReduceLROnPlateau`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = real_number("factor", factor, above=0)
        if self.factor >= 1:
            raise ArgumentError(
                f"ReduceLROnPlateau does not support a factor >= 1.0, as {factor!r} is"
            )
        self.patience = whole_number("patience", patience, minimum=0)
        self.verbose = verbose
        self.cooldown = whole_number("cooldown", cooldown, minimum=0)
        self.min_lr = real_number("min_lr", min_lr, minimum=0)
        self.wait = self.cooldown_counter = 0

    def check(self, names: tuple[str, ...]) -> None:
        """Make sure that the figure is there, and a learning rate that can be changed."""
        super().check(names)
        learning_rate(self.model)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait = self.cooldown_counter = 0
        self.best = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look whether it became better."""
        logs = {} if logs is None else logs
        old = logs["learning_rate"] = learning_rate(self.model)
        current = self.value(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and old > self.min_lr:
                new = max(old * self.factor, self.min_lr)
                set_learning_rate(self.model, new)
                if self.verbose:
                    announce(
                        f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}."
                    )
                self.cooldown_counter, self.wait = self.cooldown, 0

    def get_state(self) -> dict[str, Any]:
        """The best value, and how long ago it and the last reduction are."""
        return {name: getattr(self, name) for name in ("best", "wait", "cooldown_counter")}
