"""The model in a file, after every epoch or whenever it is the best."""

import os
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import Any

from fastbp.callbacks.monitor import Mode, Monitor
from fastbp.callbacks.save_frequency import SaveFreq, SaveFrequency
from fastbp.errors import ArgumentError, unknown_name
from fastbp.specification import real_number, truth_value
from fastbp.training import Logs, announce


class ModelCheckpoint(Monitor):
    """Save the model while it trains.

    A file is whole at all times: the new one takes the old one's place at once.

    Parameters
    ----------
    filepath : path-like
        May hold the figures: ``"model-{epoch:02d}-{val_loss:.2f}.safetensors"``; epochs count from 1. Its folder is
        made if there is none.
    monitor : str, default "val_loss"
        What says which model is best.
    verbose : {0, 1}, default 0
        Whether to tell of every file.
    save_best_only : bool, default False
        Whether a model is saved only if it is better than all before.
    save_weights_only : bool, default False
        Whether `save_weights` writes the file, instead of `save`.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better.
    save_freq : "epoch" or int, default "epoch"
        When: after each epoch, or after so many batches.
    initial_value_threshold : float, optional
        The value that the first model must beat.

    Raises
    ------
    ArgumentError
        If a setting is out of its range; by `fit`, if the file's name or `monitor` wants a figure that will not be
        there.

    References
    ----------
    Keras 3's `keras.callbacks.ModelCheckpoint`.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: Mode = "auto",
        save_freq: SaveFreq = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, 0.0)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = truth_value("save_best_only", save_best_only)
        self.save_weights_only = truth_value("save_weights_only", save_weights_only)
        self.save_freq = save_freq
        self._frequency = SaveFrequency(save_freq)
        if initial_value_threshold is not None:
            self.best = real_number("initial_value_threshold", initial_value_threshold)

    def check(self, names: tuple[str, ...]) -> None:
        """Make sure that the figure and the folder are there."""
        if self.save_best_only:
            super().check(names)
        self._check_figures(names)
        folder = Path(self.filepath).parent
        if "{" not in str(folder):
            _make(folder)

    def _check_figures(self, names: tuple[str, ...]) -> None:
        """Refuse figures in the file's name that will not be there; one that another callback adds is like none"""
        known = ("epoch", *(() if self.save_freq == "epoch" else ("batch",)), *names)
        try:
            # The name before an index: {recall[0]} is the first of several.
            wanted = {
                field.partition("[")[0]
                for _, field, _, _ in Formatter().parse(self.filepath)
                if field
            }
        except ValueError as error:
            raise ArgumentError(
                f'filepath "{self.filepath}" cannot be filled in: {error}'
            ) from None
        for figure in wanted.difference(known):
            if figure.removeprefix("val_") in names:
                raise ArgumentError(
                    f"the filepath of ModelCheckpoint has {figure!r}, but fit has no validation data: give it "
                    "validation_data or validation_split"
                )
            if get_close_matches(figure, known, n=1):
                raise unknown_name("figure in the filepath of ModelCheckpoint", figure, known)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to count batches."""
        self._frequency.restart()

    def most_steps(self) -> int | None:
        """Batches until the next file."""
        return self._frequency.left()

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Logs | None = None) -> None:
        """Save, if that is to be after so many batches."""
        self._frequency.count(step, n_steps)
        if self._frequency.is_due(at_end_of_epoch=False):
            self._frequency.saved()
            self._save(epoch, step, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save, if that is to be after an epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        current = self.value(logs) if self.save_best_only else None
        if self.save_best_only and current is None:
            return
        path = self._path(epoch, batch, logs)
        news = f"\nEpoch {epoch + 1}: saving model to {path}"
        if current is not None:
            before = "None" if self.best is None else f"{self.best:.5f}"
            if not self.is_better(current, self.best):
                if self.verbose:
                    announce(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {before}")
                return
            self.best = current
            news = (
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {before} to {current:.5f}, "
                f"saving model to {path}"
            )
        if self.verbose:
            announce(news)
        _make(path.parent)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> Path:
        known = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch}), **logs}
        try:
            return Path(self.filepath.format(**known))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ArgumentError(
                f'Failed to format this callback filepath: "{self.filepath}". Reason: {error} '
                f"(known: {', '.join(known)})"
            ) from None

    def get_state(self) -> dict[str, Any]:
        """The best value, and the batches since the last file."""
        return {"best": self.best, "frequency": self._frequency.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what `get_state` told."""
        self.best = state["best"]
        self._frequency.set_state(state["frequency"])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"cannot make the folder {folder}: {error.strerror}") from error
