"""Training that goes on after an end that nobody wanted."""

import os
from pathlib import Path
from typing import Any

from fastbp.callbacks.save_frequency import SaveFreq, SaveFrequency
from fastbp.errors import ArgumentError
from fastbp.specification import truth_value
from fastbp.storage import clear_partial_files, load_model_file, save_model_file
from fastbp.training import Callback, Logs, SafePoint, TrainingState

FILE_NAME = "latest.safetensors"


class BackupAndRestore(Callback):
    """Keep a backup of the run, and go on from it in the next process that calls the same `fit`.

    The backup has weights, the optimizer's state, epoch and step, seed, history, and what fastbp's callbacks have to
    know, so that a run that was ended at any moment, even by ``kill -9`` while the backup was written, comes to the
    same bits as one that was not. The file, ``latest.safetensors``, is whole at all times; `load_model` reads it, too.

    Parameters
    ----------
    backup_dir : path-like
        A folder for this run alone; made if there is none.
    save_freq : "epoch" or int, default "epoch"
        When: after each epoch, or after so many batches, within epochs too.
    delete_checkpoint : bool, default True
        Whether the backup is removed when training has come to its end. One that stays there says to a later `fit` of
        as many epochs that there is nothing left to do.

    Raises
    ------
    ArgumentError
        If a setting cannot be; by `fit`, if the folder cannot be made.

    References
    ----------
    Keras 3's `keras.callbacks.BackupAndRestore`.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: SaveFreq = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        self.backup_dir = os.fspath(backup_dir)
        if not self.backup_dir:
            raise ArgumentError("backup_dir must be the name of a folder")
        self.save_freq = save_freq
        self.delete_checkpoint = truth_value("delete_checkpoint", delete_checkpoint)
        self._frequency = SaveFrequency(save_freq)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.backup_dir) / FILE_NAME

    def check(self, names: tuple[str, ...]) -> None:
        """Make the folder, and clear it of what an interrupted backup has left."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArgumentError(
                f"cannot make the folder {self.backup_dir}: {error.strerror}"
            ) from error
        clear_partial_files(self.path.parent)

    def resume(self) -> TrainingState | None:
        """What the backup holds, if there is one."""
        if not self.path.exists():
            return None
        file = load_model_file(self.path)
        self.model.metadata = file.metadata
        return TrainingState(file.architecture, file.arrays)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin to count batches."""
        self._frequency.restart()

    def most_steps(self) -> int | None:
        """Batches until the next backup."""
        return self._frequency.left()

    def on_chunk_end(self, epoch: int, step: int, n_steps: int, logs: Logs | None = None) -> None:
        """Count batches."""
        self._frequency.count(step, n_steps)

    def on_safe_point(self, point: SafePoint) -> None:
        """Write the backup, if it is time."""
        if self._frequency.is_due(at_end_of_epoch=point.step == 0):
            self._frequency.saved()
            state = point.state()
            settings: dict[str, Any] = {**state.settings, "name": self.model.name}
            save_model_file(self.path, settings, state.arrays, metadata=self.model.metadata)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the backup, if that is wanted."""
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)

    def get_state(self) -> dict[str, Any]:
        """Where it is in the epoch."""
        return self._frequency.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on to count from there."""
        self._frequency.set_state(state)
