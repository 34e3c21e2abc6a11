"""Data that are larger than the memory that a process may have: memory maps and batches train within a bound."""

import sys
from pathlib import Path

import numpy as np
import pytest

from contracts import children

#: Bytes that the process may take beyond what it has after a small fit, and those of the data set.
BOUND = 48 << 20
DATA = 3 * BOUND
N_COLUMNS = 64

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"),
        reason="RLIMIT_DATA bounds all private memory on Linux alone",
    ),
]

SETTING = """
import json, resource
import numpy as np
import fastbp

def has():
    for line in open("/proc/self/status"):
        if line.startswith("VmData"):
            return int(line.split()[1]) * 1024

layers = [fastbp.Dense(16, "relu"), fastbp.Dense(3, "softmax")]
model = fastbp.Sequential(layers, seed=1)
model.compile("sgd", "sparse_categorical_crossentropy")
"""

LIMIT = """
limit = has() + {bound}
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.ones(2 * {bound}, np.uint8)
    raise SystemExit("the limit does not hold")
except MemoryError:
    pass
"""

MAPS = """
def maps():
    return np.load({folder!r} + "/x.npy", mmap_mode="r"), np.load({folder!r} + "/y.npy", mmap_mode="r")

def batches():
    x, y = maps()
    class Batches:
        def __len__(self):
            return len(x) // 512
        def __getitem__(self, number):
            rows = slice(512 * number, 512 * number + 512)
            return x[rows] / np.float32(255), y[rows]
    return Batches()
"""

RUN = """
small = np.zeros((1024, {n_columns}), {dtype}), np.zeros(1024, np.uint8)
model.fit(*small, batch_size=512, verbose=0)
model.fit(iter([small] * 2), steps_per_epoch=2, verbose=0)
{limit}
given = maps() if {what!r} == "maps" else (batches(),)
if {what!r} == "loaded":
    given = [np.array(array) for array in maps()]
size = None if {what!r} == "batches" else 512
history = model.fit(*given, batch_size=size, epochs=2, verbose=0, threads=1)
print(json.dumps(history.history["loss"]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A set of bytes, three times as large as the bound."""
    path: Path = tmp_path_factory.mktemp("large")
    n_rows = DATA // N_COLUMNS
    x = np.lib.format.open_memmap(path / "x.npy", "w+", np.uint8, (n_rows, N_COLUMNS))
    y = np.lib.format.open_memmap(path / "y.npy", "w+", np.uint8, (n_rows,))
    rng = np.random.default_rng(0)
    for start in range(0, n_rows, 1 << 18):
        block = rng.integers(0, 8, (min(1 << 18, n_rows - start), N_COLUMNS), np.uint8)
        x[start : start + len(block)] = block
        y[start : start + len(block)] = block[:, :3].argmax(axis=1)
    x.flush()
    y.flush()
    assert (path / "x.npy").stat().st_size >= 3 * BOUND
    return str(path)


def train(folder: str, what: str, bound: int | None, expected: int = 0) -> list[float]:
    limit = "" if bound is None else LIMIT.format(bound=bound)
    dtype = "np.float32" if what == "batches" else "np.uint8"
    run = RUN.format(what=what, limit=limit, n_columns=N_COLUMNS, dtype=dtype)
    losses: list[float] = children.run(SETTING, MAPS.format(folder=folder), run, expected=expected)
    return losses


@pytest.mark.parametrize("what", ["maps", "batches"])
def test_three_times_the_memory(folder: str, what: str) -> None:
    """The order of the samples of two epochs is the largest thing there is: 16 bytes a sample of 64."""
    losses = train(folder, what, BOUND)
    assert losses[1] < losses[0]


def test_a_copy_does_not_fit(folder: str) -> None:
    """What would happen if the data were read whole."""
    with pytest.raises(AssertionError, match="MemoryError"):
        train(folder, "loaded", BOUND)
