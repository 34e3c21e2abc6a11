"""The figures of every epoch as a line of a table."""

import csv
import os
from pathlib import Path
from typing import Any, TextIO

from fastbp.errors import ArgumentError
from fastbp.storage import check_can_write
from fastbp.training import Callback, Logs


class CSVLogger(Callback):
    """Write the figures of every epoch into a CSV file; each line is there as soon as its epoch is over.

    Parameters
    ----------
    filename : path-like
        The file.
    separator : str, default ","
        What is between two figures.
    append : bool, default False
        Whether lines are added to a file that is there; otherwise it is begun anew.

    Raises
    ------
    ArgumentError
        If the separator is no single character.
    ModelFileError
        By `fit`, if the file cannot be written.

    References
    ----------
    Keras 3's `keras.callbacks.CSVLogger`.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        if not isinstance(separator, str) or len(separator) != 1:
            raise ArgumentError(f"separator must be one character, not {separator!r}")
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._names: tuple[str, ...] = ()

    def check(self, names: tuple[str, ...]) -> None:
        """Make sure that the file can be written."""
        check_can_write(self.filename)
        self._names = names

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget the last run; the file is opened with the first line, since the run may go on from somewhere."""
        self._close()
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self._file is None:
            path = Path(self.filename)
            with_header = not (self.append and path.exists() and path.stat().st_size > 0)
            self._file = path.open("a" if self.append else "w", newline="", encoding="utf-8")
            # Those of a validation may come with a later epoch only.
            self.keys = sorted({*logs, *self._names})
            if with_header:
                self._write(["epoch", *self.keys])
        self._write([epoch, *(logs.get(key, "NA") for key in self.keys or ())])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def _write(self, cells: list[Any]) -> None:
        csv.writer(self._file, delimiter=self.sep, lineterminator="\n").writerow(cells)  # type: ignore[arg-type]

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def get_state(self) -> dict[str, Any]:
        """The columns, and how long the file was."""
        size = 0 if self._file is None else self._file.tell()
        return {"keys": self.keys, "size": size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on behind the lines that were there, without those of epochs that are trained again."""
        path = Path(self.filename)
        if state["size"] and path.exists() and path.stat().st_size >= state["size"]:
            self.keys = state["keys"]
            os.truncate(path, state["size"])
            self._file = path.open("a", newline="", encoding="utf-8")
