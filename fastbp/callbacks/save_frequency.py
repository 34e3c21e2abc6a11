"""How often something is saved: every epoch, or every so many batches."""

from typing import Any, Literal

from fastbp.specification import whole_number

SaveFreq = int | Literal["epoch"]


class SaveFrequency:
    """Counts batches, also across epochs.

    Parameters
    ----------
    save_freq : "epoch" or int
        The end of each epoch, or after how many batches.
    """

    def __init__(self, save_freq: SaveFreq) -> None:
        self.every = None if save_freq == "epoch" else whole_number("save_freq", save_freq)
        self.restart()

    def restart(self) -> None:
        """Begin to count."""
        self._since = self._step = 0

    def count(self, step: int, n_steps: int) -> None:
        """Take note that this many of the epoch's steps are done."""
        self._since += step - self._step
        self._step = step if step < n_steps else 0

    def is_due(self, *, at_end_of_epoch: bool) -> bool:
        """Whether it is time."""
        return at_end_of_epoch if self.every is None else self._since >= self.every

    def saved(self) -> None:
        """Begin to count again."""
        self._since = 0

    def left(self) -> int | None:
        """Steps until it is time, None where the epoch's end is."""
        return None if self.every is None else max(1, self.every - self._since)

    def get_state(self) -> dict[str, Any]:
        """What was counted."""
        return {"since": self._since, "step": self._step}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on to count from there."""
        self._since, self._step = state["since"], state["step"]
