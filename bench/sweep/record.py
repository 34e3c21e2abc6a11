"""The file of a sweep: a line that says which sweep it is, then a line a network, written as they come."""

import json
import os
from pathlib import Path
from typing import Any


class Record:
    """A file of JSON lines, to which an interrupted sweep comes back.

    Parameters
    ----------
    path : Path
        A new file, or one that holds a part of the same sweep.
    sweep : dict
        What makes it the same sweep.
    facts : dict
        What else the first line tells.

    Attributes
    ----------
    results : list of dict
        All networks so far; each has a ``"number"``.

    Raises
    ------
    ValueError
        If the file is not that of this sweep.
    OSError
        If it cannot be read or written.
    """

    def __init__(self, path: Path, sweep: dict[str, Any], facts: dict[str, Any]) -> None:
        self._path = path
        self.results: list[dict[str, Any]] = []
        content = path.read_bytes() if path.exists() else b""
        if not content:
            self._write({"sweep": sweep, "machine": facts})
            return
        # A line may have been cut off while it was written.
        whole = content[: content.rfind(b"\n") + 1]
        try:
            first, *self.results = map(json.loads, whole.splitlines())
            found = first["sweep"]
            _ = self.numbers
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path} is no file of a sweep") from None
        if found != sweep:
            raise ValueError(f"{path} is of another sweep: {found}, not {sweep}")
        os.truncate(path, len(whole))

    @property
    def numbers(self) -> set[int]:
        """Of the networks that are done."""
        return {result["number"] for result in self.results}

    def add(self, result: dict[str, Any]) -> None:
        """Keep a result, come what may."""
        self._write(result)
        self.results.append(result)

    def _write(self, line: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
