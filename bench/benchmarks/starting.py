"""How long a new process takes until a network has trained."""

import tempfile

from benchmarks.processes import run_alone
from fastbp.runtime.cache import CACHE_VARIABLE

# What a dense network needs, by the parts in which it is used.
_FIT = """
import numpy as np
import fastbp
x = np.zeros((640, 784), np.float32)
y = np.arange(640) % 10
layers = [fastbp.Input(784), fastbp.Dense(128, "relu"), fastbp.Dense(10, "softmax")]
model = fastbp.Sequential(layers, seed=1)
model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
model.fit(x, y, batch_size=64, epochs=2, verbose=0)
"""
_ASK = """
model.evaluate(x, y, verbose=0)
model.predict(x[:1])
"""


def cold_start() -> float:
    """Seconds of a process that imports, compiles everything, fits, evaluates and predicts."""
    with tempfile.TemporaryDirectory() as folder:
        return run_alone(_FIT + _ASK, **{CACHE_VARIABLE: folder})[0]


def warm_start() -> float:
    """Seconds of a process that imports and fits, with the cache that is there."""
    return run_alone(_FIT)[0]


class Starting:
    unit = "seconds"
    timeout = 300

    def track_cold(self) -> float:
        return cold_start()

    def track_warm(self) -> float:
        warm_start()  # fills the cache
        return min(warm_start() for _ in range(3))
