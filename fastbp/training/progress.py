"""Training as it shows on a plain terminal, or in a file."""

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TextIO

from fastbp.errors import ArgumentError

# Seconds between two lines, and between two states of the line that is alive.
_PACE = 0.1
_BAR_WIDTH = 20
# A notebook does not know the terminal's command to clear a line; blanks do it.
_NOTEBOOK_WIDTH = 80
#: Numbers of a figure that is a list.
_MOST_SHOWN = 5

Verbosity = Literal["auto", 0, 1, 2]


class Display:
    """One line an epoch; on a terminal the last line lives.

    Parameters
    ----------
    verbose : {"auto", 0, 1, 2}
        0: nothing. 1 and "auto": a line an epoch, or some ten a second where epochs are shorter; on a terminal
        there is a bar within the epoch. 2: a line for every epoch and no bar.
    epochs : int
        The number of the last epoch.
    n_samples : int or None
        The samples of one epoch; None if nobody knows before.
    stream : file, optional
        Where to write; default standard output.

    Examples
    --------
    >>> display = Display(2, epochs=20, n_samples=1000)
    >>> display.epoch_end(4, {"loss": 0.25, "accuracy": 0.875}, seconds=0.002)
    Epoch  5/20  loss 0.2500  accuracy 0.8750  500,000 samples/s
    """

    def __init__(
        self,
        verbose: Verbosity,
        *,
        epochs: int,
        n_samples: int | None,
        stream: TextIO | None = None,
    ) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise ArgumentError(f"verbose must be 'auto', 0, 1 or 2, not {verbose!r}")
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self._stream = stream if stream is not None else sys.stdout
        # A notebook's stream is no terminal, but goes back to the beginning of a line, too.
        notebook = type(self._stream).__module__.startswith("ipykernel")
        self._live = self.verbose == 1 and (self._stream.isatty() or notebook)
        self._clear = f"\r{' ' * _NOTEBOOK_WIDTH}\r" if notebook else "\r\x1b[K"
        self._epochs = epochs
        self._n_samples = n_samples
        self._last_time = -_PACE
        self._half_written = False
        self._skipped: str | None = None

    def chunk_end(self, epoch: int, step: int, n_steps: int, logs: Mapping[str, Any]) -> None:
        """Show how far an epoch, counted from 0, has come."""
        if not self._live or not self._is_time():
            return
        filled = _BAR_WIDTH * step // n_steps
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        line = f"{self._head(epoch)}  [{bar}]  {figures(logs)}"
        width = max(shutil.get_terminal_size().columns - 1, 20)
        self._write(f"{self._clear}{line[:width]}")
        self._half_written = True

    def epoch_end(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        """Show the figures of a whole epoch, counted from 0, whose training took `seconds`."""
        if not self.verbose:
            return
        line = f"{self._head(epoch)}  {figures(logs)}"
        if self._n_samples is not None:
            line += f"  {self._n_samples / max(seconds, 1e-9):,.0f} samples/s"
        if self.verbose == 2 or epoch + 1 == self._epochs or self._is_time():
            self._write_line(line)
        else:
            self._skipped = line

    def close(self) -> None:
        """End the line that lives, and show the last epoch if it was skipped."""
        if self._skipped is not None:
            self._write_line(self._skipped)
        elif self._half_written:
            self._write("\n")
            self._half_written = False

    def _head(self, epoch: int) -> str:
        return f"Epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last_time < _PACE:
            return False
        self._last_time = now
        return True

    def _write_line(self, line: str) -> None:
        clear = self._clear if self._half_written else ""
        self._write(f"{clear}{line}\n")
        self._half_written = False
        self._skipped = None

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def announce(message: str) -> None:
    """Write what a callback has to say."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def figures(logs: Mapping[str, Any]) -> str:
    """Names and numbers in one line; of many numbers the first and the last.

    >>> figures({"loss": 0.25, "accuracy": 0.875})
    'loss 0.2500  accuracy 0.8750'
    >>> figures({"recall": [0.75, 0.5], "f1_score": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    'recall [0.7500 0.5000]  f1_score [0.1000 0.2000 0.3000 ... 0.6000]'
    """
    return "  ".join(f"{name} {figure(value)}" for name, value in logs.items())


def figure(value: float | Sequence[float]) -> str:
    """A number, or several, in few characters."""
    if not isinstance(value, Sequence):
        return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"
    shown = [figure(each) for each in value]
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[: _MOST_SHOWN - 2], "...", shown[-1]]
    return f"[{' '.join(shown)}]"
