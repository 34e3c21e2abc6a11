"""Teams that come whole, and how many came: a test that asks for eight workers may otherwise watch one at work."""

from typing import Any

from fastbp.engine import team


def counted() -> dict[int, int]:
    """From now on, in this process: workers wanted -> the most that came; they wait some 50 ms for the late ones."""
    sizes: dict[int, int] = {}
    run = team.run

    def counting(program: Any, contexts: Any, job: Any, workers: int, *others: Any) -> int:
        size = run(program, contexts, job, workers, *others)
        sizes[workers] = max(size, sizes.get(workers, 0))
        return size

    team.PATIENCE = 100_000
    team.run = counting
    return sizes
