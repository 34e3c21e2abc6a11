"""Teams that come whole, and how many came: a test that asks for eight workers may otherwise watch one at work."""

import math
import os
from typing import Any

from fastbp.engine import team


def counted() -> dict[int, int]:
    """From now on, in this process: workers wanted -> the most that came.

    Until a team has been whole, who is late has seconds to come, as others may have the processors; later 50 ms.
    TBB gives a region no more threads than there are processors: nobody waits long for those that cannot come, as each
    look gives the processor away, to other tests for instance.
    """
    sizes: dict[int, int] = {}
    run, patience = team.run, team.PATIENCE
    is_tbb = os.environ.get("NUMBA_THREADING_LAYER") == "tbb"
    most = os.cpu_count() or 1 if is_tbb else math.inf

    def counting(program: Any, contexts: Any, job: Any, workers: int, *others: Any) -> int:
        if workers > most:
            team.PATIENCE = patience
        else:
            team.PATIENCE = 100_000 if sizes.get(workers, 0) == workers else 10_000_000
        size = run(program, contexts, job, workers, *others)
        sizes[workers] = max(size, sizes.get(workers, 0))
        return size

    team.run = counting
    return sizes
