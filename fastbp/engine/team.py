"""Running a chunk: how many workers, and when a parallel region is safe.

One parallel region at a time in a process (Numba's workqueue layer ends the process otherwise), and none in a forked
child (GNU OpenMP ends it). Where a region is not safe the chunk runs on one worker, with the same bits.
"""

import os
import threading

import numba
import numpy as np

from fastbp.engine import executor

_region = threading.Lock()
_forked = False


def _after_fork() -> None:
    global _forked, _region
    _forked = True
    _region = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def run(program: np.ndarray, contexts: np.ndarray, job: np.ndarray, workers: int) -> int:
    """Run a chunk with up to `workers` workers; return how many took part.

    Parameters
    ----------
    program : ndarray of int64 (n_rows, width)
    contexts : ndarray of int64 (at least `workers`, size of a context)
    job : ndarray of int64
    workers : int
    """
    meeting = executor.new_meeting()
    if workers == 1 or _forked or not _region.acquire(blocking=False):
        executor.alone()(program, contexts, job, meeting)
        return 1
    try:
        run_together = executor.together()
        threads = numba.get_num_threads()
        numba.set_num_threads(min(workers, numba.config.NUMBA_NUM_THREADS))
        try:
            run_together(program, contexts, job, meeting, workers)
        finally:
            numba.set_num_threads(threads)
    finally:
        _region.release()
    return int(meeting[8])
