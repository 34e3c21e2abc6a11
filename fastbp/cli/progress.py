"""Live progress of training: a line an epoch, and under them the epoch that runs now."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fastbp.training import Callback, figures
from fastbp.training.callbacks import Logs

ALL_LINES = 30  # up to so many epochs get a line each; of more, about 25 are chosen
PATIENCE = 5.0  # seconds without a line, after which the next epoch gets one anyway
REFRESH = 0.1  # seconds


class TrainingProgress(Callback):
    """Shows a training run on a console, sanely too where that is a file or a pipe.

    Parameters
    ----------
    console : rich.console.Console
    n_epochs : int
    n_samples : int
        Training rows in one epoch.
    columns : sequence of str
        The figures to show, named as in the history: "loss", "accuracy", "val_loss" ...

    Attributes
    ----------
    seconds : float
        How long the epochs took, without what came before the first of them.
    """

    def __init__(
        self, console: Console, *, n_epochs: int, n_samples: int, columns: Sequence[str]
    ) -> None:
        self.seconds = 0.0
        self._console = console
        self._n_epochs = n_epochs
        self._n_samples = n_samples
        self._widths = {name: max(len(name), 7) + 2 for name in columns}
        self._every = 1 if n_epochs <= ALL_LINES else -(-n_epochs // 25)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._began = self._epoch_began = self._last_line = self._last_refresh = 0.0

    def __enter__(self) -> "TrainingProgress":
        header = "".join(f"{name:>{width}}" for name, width in self._widths.items())
        self._console.print(f"  epoch{header}   samples/s", style="bold")
        if self._console.is_terminal:
            self._live.start()
        self._began = self._last_line = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the epoch's watch."""
        self._epoch_began = time.perf_counter()

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Logs | None = None) -> None:
        """Show how far the epoch has come."""
        now = time.perf_counter()
        if not self._live.is_started or now - self._last_refresh < REFRESH:
            return
        self._last_refresh = now
        done = (epoch + step / n_steps) / self._n_epochs
        remaining = (now - self._began) * (1 - done) / done if done > 0 else 0.0
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_row(
            Text(f"{epoch + 1:>7}"),
            ProgressBar(total=1.0, completed=done, width=20),
            Text(figures(logs or {})),
            Text(f"{remaining:.0f} s left", style="dim"),
        )
        self._live.update(line, refresh=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's line, if it gets one."""
        now = time.perf_counter()
        took = now - self._epoch_began
        self.seconds += took
        number = epoch + 1
        chosen = number % self._every == 0 or number in (1, self._n_epochs)
        if logs is None or not (chosen or now - self._last_line >= PATIENCE):
            return
        self._last_line = now
        values = "".join(f"{_figure(logs[name]):>{w}}" for name, w in self._widths.items())
        rate = self._n_samples / max(took, 1e-9)
        self._console.print(f"{number:>7}{values}{rate:>12,.0f}")


def _figure(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.1e}"
