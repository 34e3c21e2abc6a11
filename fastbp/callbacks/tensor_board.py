"""The figures of every epoch for TensorBoard."""

import os
from pathlib import Path
from typing import Any

from fastbp.errors import missing_extra
from fastbp.specification import whole_number
from fastbp.training import Callback, Logs


class TensorBoard(Callback):
    """Write the figures of every epoch, and histograms of the weights, where TensorBoard looks for them.

    Needs tensorboardX: ``pip install 'fastbp[tensorboard]'``. The tags are Keras's: ``epoch_loss`` in the folders
    ``train`` and ``validation``. Of a metric that is a list, each number has a tag of its own: ``epoch_recall_0``.

    Parameters
    ----------
    log_dir : path-like, default "logs"
        The folder.
    histogram_freq : int, default 0
        After how many epochs the weights are written; 0 for never.

    Raises
    ------
    MissingExtraError
        If tensorboardX is not installed.

    References
    ----------
    Keras 3's `keras.callbacks.TensorBoard`.
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", histogram_freq: int = 0) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise missing_extra("tensorboardX", "tensorboard", "writing for TensorBoard") from None
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = whole_number("histogram_freq", histogram_freq, minimum=0)
        self._make_writer = SummaryWriter
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the figures."""
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            if isinstance(value, list):
                for number, each in enumerate(value):
                    self._writer(part).add_scalar(f"{tag}_{number}", each, global_step=epoch)
            else:
                self._writer(part).add_scalar(tag, value, global_step=epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            names = self.model.learner.stack.weight_names
            for name, array in zip(names, self.model.get_weights(), strict=True):
                self._writer("train").add_histogram(name, array, global_step=epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = self._make_writer(str(Path(self.log_dir) / part))
        return self._writers[part]
