"""Running a chunk: how many workers, and when a parallel region is safe.

One parallel region at a time in a process (Numba's workqueue layer ends the process otherwise), and none in a forked
child (GNU OpenMP ends it). Where a region is not safe the chunk runs on one worker, with the same bits.
"""

import os
import threading
import warnings
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

from fastbp.engine import executor

#: Takes what another thread may call to join the worker that walks alone, and None when that ends.
Offer = Callable[[Callable[[], None] | None], None]

#: How often the first worker looks for the others before it begins without them, at least (some 0.5 ms; a thread that
#: sleeps takes 0.1 to 0.3 ms to come).
PATIENCE = 3_000
#: Of the time that the work is expected to take, the share that is worth waiting for help, and looks in a second, most
#: of which give the processor away.
_WORTH_WAITING, _LOOKS_PER_SECOND = 0.05, 2e6


_region = threading.Lock()
_forked = False
_unavailable = False


def _after_fork() -> None:
    global _forked, _region
    _forked = True
    _region = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _is_inside_workqueue() -> bool:
    """Whether this thread belongs to Numba's workqueue layer, which cannot nest regions."""
    if not isinstance(threading.current_thread(), threading._DummyThread):
        return False
    try:
        return bool(numba.threading_layer() == "workqueue")
    except ValueError:
        return False


NO_TICKS = np.zeros((0, 0), np.int64)


def run(
    program: NDArray[np.int64],
    contexts: NDArray[np.int64],
    job: NDArray[np.int64],
    workers: int,
    ticks: NDArray[np.int64] = NO_TICKS,
    seconds: float = 0.0,
    offer: Offer | None = None,
) -> int:
    """Run a chunk with up to `workers` workers; return how many took part.

    Parameters
    ----------
    program : ndarray of int64 (n_rows, width)
    contexts : ndarray of int64 (at least `workers`, size of a context)
    job : ndarray of int64
    workers : int
    ticks : ndarray of int64 (workers, n_rows), optional
        Where the time of each row is added up.
    seconds : float, default 0
        How long it may take, about: the longer, the longer a late worker is waited for.
    offer : callable, optional
        Takes a function that another thread may call to join, where one worker was wanted.
    """
    global _unavailable
    meeting = executor.new_meeting()
    alone = workers == 1 or _forked or _unavailable or _is_inside_workqueue()
    if not alone and _region.acquire(blocking=False):
        try:
            return _run_region(program, contexts, job, meeting, workers, ticks, seconds)
        except ValueError as error:
            # Numba found no threading layer that it could load.
            _unavailable = True
            warnings.warn(f"{error} fastbp goes on with one worker.", RuntimeWarning, stacklevel=2)
        finally:
            _region.release()
    run_alone = executor.alone(ticks.size > 0)
    if offer is None:
        run_alone(program, contexts, job, meeting, ticks)
        return 1
    join = executor.helper()
    try:
        offer(lambda: join(program, contexts, job, meeting))
        run_alone(program, contexts, job, meeting, ticks)
    finally:
        # Where a Ctrl-C came before the walk, whoever came to help would wait for it for ever.
        executor.close(meeting)
        offer(None)
    return 1 + executor.was_helped(meeting)


def _run_region(
    program: NDArray[np.int64],
    contexts: NDArray[np.int64],
    job: NDArray[np.int64],
    meeting: NDArray[np.int64],
    workers: int,
    ticks: NDArray[np.int64],
    seconds: float,
) -> int:
    run_together = executor.together(ticks.size > 0)
    threads = numba.get_num_threads()
    # More than Numba has threads for would only be waited for.
    wanted = min(workers, numba.config.NUMBA_NUM_THREADS)
    numba.set_num_threads(wanted)
    patience = max(PATIENCE, int(_WORTH_WAITING * _LOOKS_PER_SECOND * seconds))
    try:
        run_together(program, contexts, job, meeting, wanted, patience, ticks)
    finally:
        numba.set_num_threads(threads)
    return executor.team_size(meeting)
