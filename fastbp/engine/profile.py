"""Where the time of a training step goes: each row of a program, timed while the program runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastbp.engine.session import Session
from fastbp.kernels.peak import measure_peak
from fastbp.nn.summary import table

#: Steps of a round at most, and rounds at least.
PROFILE_STEPS = 1000
_ROUNDS, _ROUND_SECONDS = 3, 0.05


@dataclass(frozen=True)
class RowTime:
    """One kernel call of a program, or a barrier.

    Attributes
    ----------
    name : str
        The kernel and its options; ``"barrier"`` where workers wait for each other.
    seconds : float
        Mean time a step, over the workers.
    flops : int
        Arithmetic of products and sums in a step.
    n_bytes : int
        What has to be read and written in a step, each number once.
    """

    name: str
    seconds: float
    flops: int
    n_bytes: int


@dataclass(frozen=True)
class Profile:
    """A training step, kernel by kernel. ``print`` shows it as a table.

    Attributes
    ----------
    rows : tuple of RowTime
        In the order in which they run.
    workers : int
        How many took part.
    batch_size : int
    seconds_per_step : float
        Of the same steps without a clock between the rows.
    peak : float
        GFLOP/s of one core: fused multiply-adds on registers alone, measured before and after.
    """

    rows: tuple[RowTime, ...]
    workers: int
    batch_size: int
    seconds_per_step: float
    peak: float

    @property
    def flops(self) -> int:
        """Arithmetic of a step."""
        return sum(row.flops for row in self.rows)

    @property
    def share_of_peak(self) -> float:
        """Arithmetic a second over that of the workers' cores."""
        return self._share(self.flops, self.seconds_per_step)

    def _share(self, flops: int, seconds: float) -> float:
        return flops / seconds / (self.workers * self.peak * 1e9)

    def __str__(self) -> str:
        total = sum(row.seconds for row in self.rows)
        lines = [self._cells(row, total) for row in self.rows]
        n_bytes = sum(row.n_bytes for row in self.rows)
        lines.append(self._cells(RowTime("step", self.seconds_per_step, self.flops, n_bytes), 0.0))
        header = ["kernel", "us", "of step", "MFLOP", "MB", "GFLOP/s", "GB/s", "of peak"]
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        return "\n".join(
            [
                f"batch {self.batch_size}, {workers}; peak of a core {self.peak:.1f} GFLOP/s",
                "",
                *table(header, lines),
            ]
        )

    def _cells(self, row: RowTime, total: float) -> list[str]:
        seconds = max(row.seconds, 1e-12)
        works = row.flops > 0
        return [
            row.name,
            f"{1e6 * row.seconds:,.2f}",
            f"{row.seconds / total:.1%}" if total else "",
            f"{row.flops / 1e6:,.3f}" if works else "",
            f"{row.n_bytes / 1e6:,.3f}" if row.n_bytes else "",
            f"{row.flops / seconds / 1e9:,.1f}" if works else "",
            f"{row.n_bytes / seconds / 1e9:,.1f}" if row.n_bytes else "",
            f"{self._share(row.flops, seconds):.0%}" if works else "",
        ]


def measure(
    session: Session,
    run: Callable[[int, NDArray[np.int64] | None], int],
    *,
    workers: int,
    dtype: np.dtype,
    batch_size: int,
    seconds: float,
) -> Profile:
    """Time the rows of a session's program.

    Parameters
    ----------
    session : Session
    run : callable
        ``run(n_steps, ticks)`` runs steps and returns how many workers took part; `ticks`, an array of int64
        (workers, n_rows) or None, takes the time of each row.
    workers : int
        How many are asked for. On a busy machine some may stay out of a round; the rounds of the largest team count.
    seconds : float
        How long to measure, about: rounds with and without a clock take turns, and the quickest of each counts.
    """
    peak = measure_peak(dtype.name)
    run(1, None)
    began = time.perf_counter()
    run(1, None)
    n_steps = max(1, min(PROFILE_STEPS, int(_ROUND_SECONDS / (time.perf_counter() - began))))
    # Quickest rounds by the size of the team, and what share each row had in them.
    plain: dict[int, float] = {}
    timed: dict[int, tuple[float, NDArray[np.float64]]] = {}
    n_rounds, until = 0, time.perf_counter() + seconds
    while n_rounds < _ROUNDS or time.perf_counter() < until or not plain.keys() & timed.keys():
        n_rounds += 1
        began = time.perf_counter()
        team = run(n_steps, None)
        plain[team] = min(plain.get(team, np.inf), time.perf_counter() - began)
        # Room for whoever may come.
        ticks = np.zeros((workers, len(session.names)), np.int64)
        began = time.perf_counter()
        team = run(n_steps, ticks)
        taken = time.perf_counter() - began
        if team not in timed or taken < timed[team][0]:
            # The clock counts in units of its own: the shares are what it tells.
            means = ticks[:team].mean(axis=0)
            timed[team] = taken, means / means.sum()
    peak = max(peak, measure_peak(dtype.name))
    team = max(plain.keys() & timed.keys())
    taken, shares = timed[team]
    rows = zip(session.names, shares * taken / n_steps, session.costs, strict=True)
    return Profile(
        tuple(
            RowTime(name, float(each), cost.flops, cost.elements * dtype.itemsize)
            for name, each, cost in rows
        ),
        team,
        batch_size,
        plain[team] / n_steps,
        peak,
    )
