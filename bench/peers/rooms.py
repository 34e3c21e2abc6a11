"""A process for each library and number of threads: no thread pool is shared, and who waits is asleep."""

import importlib
import importlib.metadata
import multiprocessing
import os
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from peers.contestants import CONTESTANTS, NotTheSameError, thread_variables, whole_loss


class Room:
    """The process of one contestant with a number of threads.

    Raises
    ------
    ImportError
        If the library is not there.
    """

    def __init__(self, contestant: str, threads: int) -> None:
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

    def prepare(self, workload: str, optimizer: str, variant: str) -> None:
        """Make a trainer that begins with the workload's weights; the one before is gone."""
        self._ask("prepare", workload, optimizer, variant)

    def train(self, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        """Train; the seconds that it took, and the last epoch's mean loss."""
        seconds, loss = self._ask("train", n_epochs, shuffle)
        return seconds, loss

    def loss(self) -> float:
        """The loss of the whole set with the weights as they are."""
        return float(self._ask("loss"))

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(5)

    def _ask(self, *question: Any) -> Any:
        self._connection.send(question)
        return self._answer()

    def _answer(self) -> Any:
        answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Service:
    """What a room does when asked."""

    def __init__(self, contestant: str, threads: int) -> None:
        self._threads = threads
        self._library = importlib.import_module(CONTESTANTS[contestant].module)

    def prepare(self, workload: str, optimizer: str, variant: str) -> None:
        from benchmarks.workloads import WORKLOADS

        self._trainer: Any = None
        self._workload = WORKLOADS[workload]
        self._trainer = self._library.Training(self._workload, optimizer, variant, self._threads)

    def train(self, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        began = time.perf_counter()
        loss = self._trainer.train(n_epochs, shuffle)
        return time.perf_counter() - began, loss

    def loss(self) -> float:
        return whole_loss(self._workload, self._trainer.weights())


def _serve(connection: Connection, contestant: str, threads: int) -> None:
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
            connection.send(RuntimeError(f"{contestant}: {traceback.format_exc()}"))
