"""A process that may have so much memory, and trains an epoch whenever it is told to; what `bounded` starts.

Its argument says in JSON what it is to do; see `bounded.Job`. It answers with a line of JSON, first when it is ready.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Batches that are trained on before memory is looked at.
_WARM_BATCHES = 4


def anonymous_bytes(process: int | str = "self") -> int:
    """Resident memory of a process that no file stands behind."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) << 10
    raise ValueError(f"process {process} has no memory any more")


def limit_memory(n_bytes: int) -> None:
    """Let this process have no more private memory than that, stacks and the interpreter included."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))


def planned_bytes(model: Any, x: Any, y: Any, job: dict[str, Any]) -> int:
    """What `summary` and `docs/memory.md` say that training takes beside what is there already."""
    from fastbp.training.stage import STAGE_BYTES

    batch_size = job["batch_size"]
    planned: int = model.learner.network().memory_plan(batch_size)["total"]
    if job["way"] in ("sequence", "generator"):
        row_bytes = x[:1].nbytes
        n_rows = batch_size * max(1, STAGE_BYTES // (batch_size * row_bytes))
        n_batches = -(-len(x) // batch_size)
        batches: int = 2 * n_rows * (row_bytes + y[:1].nbytes) + 8 * n_batches
        return planned + batches
    return planned + 8 * len(x)


def main() -> None:
    """Answer until nobody asks any more."""
    job = json.loads(sys.argv[1])
    if job["limit"]:
        limit_memory(job["limit"])
    import numpy as np

    import slices

    if job["limit"]:
        try:
            np.ones(job["limit"], np.uint8)
            raise SystemExit("the limit does not hold")
        except MemoryError:
            pass
    mode: Any = None if job["way"] == "arrays" else "r"
    x, y = (np.load(job[name], mmap_mode=mode) for name in ("x", "y"))
    model, size = slices.make_model(job["sizes"]), job["batch_size"]
    sequence = slices.Slices(x, y, size)
    batches = slices.generate(sequence)
    few = slices.Slices(x[: size * _WARM_BATCHES], y[: size * _WARM_BATCHES], size)
    fits: dict[str, Callable[[], Any]] = {
        "sequence": lambda: model.fit(sequence, verbose=0),
        "generator": lambda: model.fit(batches, steps_per_epoch=len(sequence), verbose=0),
    }
    fit = fits.get(job["way"], lambda: model.fit(x, y, batch_size=size, verbose=0))
    model.fit(few, verbose=0)
    model.fit(np.array(x[:size]), np.array(y[:size]), batch_size=size, verbose=0)
    answer: Any = {"had": anonymous_bytes(), "planned": planned_bytes(model, x, y, job)}
    while True:
        print(json.dumps(answer), flush=True)
        if not sys.stdin.readline():
            return
        began = time.perf_counter()
        fit()
        answer = time.perf_counter() - began


if __name__ == "__main__":
    main()
