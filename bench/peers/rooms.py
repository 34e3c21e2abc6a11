"""A process for each library and number of threads: no thread pool is shared, and who waits is asleep."""

import importlib
import importlib.metadata
import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.workloads import Workload
from fastbp.runtime.threads import available_workers
from peers.contestants import CONTESTANTS, NotTheSameError, Threads, thread_variables
from peers.reached import Reached, reached


class RoomError(Exception):
    """A library failed; the message is its traceback."""


class Room:
    """The process of one contestant with a number of threads.

    Raises
    ------
    ImportError
        If the library is not there.
    """

    def __init__(self, contestant: str, threads: Threads) -> None:
        self.contestant = contestant
        self.threads = threads
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, contestant, threads), daemon=True
        )
        kept = dict(os.environ)
        os.environ.update(thread_variables(threads))
        try:
            self._process.start()
        finally:
            os.environ.clear()
            os.environ.update(kept)
        theirs.close()
        self.versions: str = self._answer()

    def prepare(self, workload: Workload, variants: tuple[str, ...]) -> None:
        """Make a trainer for each variant, which begins with the workload's weights; those before are gone."""
        self._ask("prepare", workload, variants)

    def train(self, variant: str, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        """Train; the seconds that it took, and the last epoch's mean loss."""
        seconds, loss = self._ask("train", variant, n_epochs, shuffle)
        return seconds, loss

    def begins(self) -> Reached:
        """What the weights of the workload make of the whole set: not asked of this process, since the threads that
        NumPy would start in it spin for a tenth of a second."""
        answer: Reached = self._ask("begins")
        return answer

    def reached(self, variant: str) -> Reached:
        """What the weights as they are make of the whole set."""
        answer: Reached = self._ask("reached", variant)
        return answer

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(5)

    def _ask(self, *question: Any) -> Any:
        self._connection.send(question)
        return self._answer()

    def _answer(self) -> Any:
        try:
            answer = self._connection.recv()
        except EOFError:
            raise RoomError(f"{self.contestant}: the process has ended") from None
        if isinstance(answer, Exception):
            raise answer
        return answer


def open_rooms(names: list[str], threads: tuple[Threads, ...] = ()) -> tuple[list[Room], list[str]]:
    """A room for each contestant and number of threads, one and all if none is given; and why others are missing."""
    rooms, missing = [], []
    for name in names:
        try:
            rooms += [Room(name, n) for n in threads or sorted({1, available_workers()})]
        except ImportError as error:
            missing.append(f"{name}: left out, not installed ({error})")
    return rooms, missing


class _Service:
    """What a room does when asked."""

    def __init__(self, contestant: str, threads: Threads) -> None:
        self._threads = threads
        self._library = importlib.import_module(CONTESTANTS[contestant].module)
        self._trainers: dict[str, Any] = {}

    def prepare(self, workload: Workload, variants: tuple[str, ...]) -> None:
        self._trainers.clear()
        self._workload = workload
        for variant in variants:
            self._trainers[variant] = self._library.Training(workload, variant, self._threads)

    def train(self, variant: str, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        began = time.perf_counter()
        loss = self._trainers[variant].train(n_epochs, shuffle)
        return time.perf_counter() - began, loss

    def begins(self) -> Reached:
        return reached(self._workload, self._workload.weights())

    def reached(self, variant: str) -> Reached:
        return reached(self._workload, self._trainers[variant].weights())


def _serve(connection: Connection, contestant: str, threads: Threads) -> None:
    """Answer until nobody asks any more."""
    try:
        service = _Service(contestant, threads)
    except ImportError as error:
        connection.send(ImportError(str(error)))
        return
    packages = CONTESTANTS[contestant].packages
    connection.send(", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages))
    while True:
        try:
            name, *arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send(getattr(service, name)(*arguments))
        except NotTheSameError as error:
            connection.send(error)
        except Exception:
            connection.send(RoomError(f"{contestant}: {traceback.format_exc()}"))
