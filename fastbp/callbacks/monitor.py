"""What callbacks share that watch one figure: which way is better, and by how much."""

import warnings
from typing import Any, Literal

from fastbp.errors import ArgumentError, UnknownNameError, unknown_name
from fastbp.specification import real_number
from fastbp.training import Callback, Logs

Mode = Literal["auto", "min", "max"]


class Monitor(Callback):
    """Watches one figure of the epochs.

    Parameters
    ----------
    monitor : str
        Its name: "loss", a metric's, or one of these after "val_".
    mode : {"auto", "min", "max"}
        Which way is better; "auto" knows for losses and metrics.
    min_delta : float
        What counts as better must be so by more than that.
    """

    def __init__(self, monitor: str, mode: Mode, min_delta: float) -> None:
        if not isinstance(monitor, str):
            raise ArgumentError(f"monitor must be the name of a figure, not {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"mode must be 'auto', 'min' or 'max', not {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(real_number("min_delta", min_delta))
        self.best: float | None = None
        self._sign = 1.0
        self._comes = False

    def check(self, names: tuple[str, ...]) -> None:
        """Find out which way is better.

        Raises
        ------
        ArgumentError
            If there will be no such figure, or nobody knows which way is better.
        """
        kind = type(self).__name__
        self._comes = self.monitor in names
        plain = self.monitor.removeprefix("val_")
        if self.monitor not in names and plain in names:
            raise ArgumentError(
                f"{kind} watches {self.monitor!r}, but fit has no validation data: "
                f"give it validation_data or validation_split, or watch {plain!r}"
            )
        self._check_number(plain)
        mode = self.mode
        if mode == "auto":
            # Another callback may add the figure, but then only its author knows which way is better.
            if self.monitor not in names:
                error = unknown_name(f"figure for {kind}", self.monitor, names)
                remedy = "if another callback adds it, say mode='min' or 'max'"
                raise UnknownNameError(f"{error}; {remedy}")
            mode = self._better(plain)
        self._sign = 1.0 if mode == "min" else -1.0

    def _check_number(self, name: str) -> None:
        """That the figure is one number"""
        for metric in self.model.metrics:
            if metric.name == name and metric.n_figures > 1:
                raise ArgumentError(
                    f"{type(self).__name__} cannot watch {self.monitor!r}, which is a list of {metric.n_figures} "
                    "numbers: watch a metric with one, for a threshold or class_id, or an average such as "
                    "F1Score('macro')"
                )

    def _better(self, name: str) -> Mode:
        if name == "loss":
            return "min"
        metric = next(metric for metric in self.model.metrics if metric.name == name)
        if metric.minimize is None:
            raise ArgumentError(
                f"{type(self).__name__} does not know which way is better for {self.monitor!r}: say mode='min' or 'max'"
            )
        return "min" if metric.minimize else "max"

    def is_better(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another one by more than `min_delta`; any is better than None."""
        return reference is None or self._sign * value + self.min_delta < self._sign * reference

    def value(self, logs: Logs | None) -> float | None:
        """The figure, or None if it is not there, with a warning unless it comes with later epochs."""
        found = (logs or {}).get(self.monitor)
        if found is None and not self._comes:
            warnings.warn(
                f"{type(self).__name__} conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs or {})}",
                stacklevel=2,
            )
        return found

    def get_state(self) -> dict[str, Any]:
        """The best value."""
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what `get_state` told."""
        for name, value in state.items():
            setattr(self, name, value)
