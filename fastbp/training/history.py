"""What training returns: the figures of every epoch."""

from collections.abc import Mapping
from typing import Any


class History:
    """The figures of every epoch.

    Attributes
    ----------
    history : dict of str to list of float
        "loss", the metrics, and with validation data the same names after "val_".
    epoch : list of int
        The epochs, counted from 0.
    params : dict
        How many epochs and steps were asked for.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.params: dict[str, Any] = {}

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items())
        return f"History({len(self.epoch)} epochs{': ' if last else ''}{last})"

    def append(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Add the figures of one epoch."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
