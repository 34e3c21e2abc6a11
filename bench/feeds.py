"""Samples a second by where the data come from: arrays, memory maps, sequences of batches, generators.

All ways train the same network on the same numbers and take turns; the ratio is to arrays in memory. With --limit sets
are three times larger than the memory that a process may have: where one does not train in it, trains at less than 80 %
of the speed in memory, or takes more memory than was planned, the exit code is 1.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import bounded
from commandline import Parser, count
from slices import Slices, generate, make_model
from tables import describe, machine, table

#: Columns, widths and batch size of what is trained, and samples of its set.
NETWORKS = (
    ((784, 30, 10), 10, 20_000),
    ((784, 128, 10), 64, 20_000),
    ((784, 512, 512, 10), 128, 10_000),
)

Fit = Callable[[], Any]


def ways(sizes: tuple[int, ...], batch_size: int, n_samples: int, folder: Path) -> dict[str, Fit]:
    """A function for each way that trains one epoch."""
    rng = np.random.default_rng(0)
    bytes_ = rng.integers(0, 256, (n_samples, sizes[0]), np.uint8)
    x, y = bytes_.astype(np.float32) / 255, rng.integers(0, sizes[-1], n_samples)
    np.save(folder / "x.npy", bytes_)
    np.save(folder / "floats.npy", x)
    map_, floats = (np.load(folder / name, mmap_mode="r") for name in ("x.npy", "floats.npy"))
    slices = Slices(x, y, batch_size)
    batches = generate(slices)

    models = [make_model(sizes) for _ in range(5)]
    options = {"verbose": 0}
    return {
        "arrays": lambda: models[0].fit(x, y, batch_size=batch_size, **options),
        "memory map, float32": lambda: models[1].fit(floats, y, batch_size=batch_size, **options),
        "memory map, uint8": lambda: models[2].fit(map_, y, batch_size=batch_size, **options),
        "sequence of batches": lambda: models[3].fit(slices, **options),
        "generator": lambda: models[4].fit(batches, steps_per_epoch=len(slices), **options),
    }


def measure(fits: dict[str, Fit], n_rounds: int) -> dict[str, float]:
    """Median seconds of an epoch for each way; they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in fits}
    for turn in range(n_rounds + 1):
        for name, fit in fits.items():
            began = time.perf_counter()
            fit()
            if turn:  # the first one compiles
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = Parser("feeds", __doc__)
    parser.add_argument("--rounds", type=count, default=5, help="epochs of each way (5)")
    parser.add_argument("--samples", type=count, help="of a set; default 10,000 or 20,000")
    parser.add_argument("--limit", type=count, metavar="MB", help="memory that a process may have")
    chosen = parser.parse_args(arguments)
    if chosen.limit and not sys.platform.startswith("linux"):
        parser.error("--limit needs Linux, where the private memory of a process can be bounded")
    print(f"{describe(machine('feeds'))}\n")
    if chosen.limit:
        return bounded.main(chosen.limit * 10**6, chosen.rounds)
    rows = []
    for sizes, batch_size, n_samples in NETWORKS:
        n_samples = chosen.samples or n_samples
        with tempfile.TemporaryDirectory() as folder:
            fits = ways(sizes, min(batch_size, n_samples), n_samples, Path(folder))
            seconds = measure(fits, chosen.rounds)
        for name, each in seconds.items():
            network = "-".join(map(str, sizes))
            rate, ratio = f"{n_samples / each:,.0f}", f"{seconds['arrays'] / each:.2f}"
            rows.append([network, str(batch_size), name, rate, ratio])
    print(table(["network", "batch", "data", "samples/s", "to arrays"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
