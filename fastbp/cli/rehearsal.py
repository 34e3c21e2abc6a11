"""A throw-away twin trains first, so that everything is compiled before the clock runs."""

from contextlib import suppress
from typing import Literal

import numpy as np

from fastbp.errors import DivergedError
from fastbp.model import Model
from fastbp.runtime.cache import compiled_here
from fastbp.sequential import Sequential

# More than one batch of everything, the last one short.
_ROWS = 600


def rehearse(
    model: Sequential,
    x: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int | None = None,
    threads: int | Literal["auto"] = "auto",
) -> int:
    """Train, evaluate and predict a little with a twin of the compiled `model`, which is not touched.

    Returns
    -------
    int
        How many kernels that had to compile; the others came from the cache.
    """
    before = len(compiled_here)
    twin: Model = Sequential(model.layers, seed=0, dtype=model.dtype)
    assert model.optimizer is not None
    assert model.loss is not None
    twin.compile(model.optimizer, model.loss, model.metrics)
    rows = slice(max(_ROWS, batch_size or 0))
    with suppress(DivergedError):  # which tells nothing of the model itself: its weights differ
        twin.fit(x[rows], y[rows], batch_size=batch_size, epochs=1, verbose=0, threads=threads)
    twin.evaluate(x[rows], y[rows], verbose=0, threads=threads)
    twin.predict(x[rows], verbose=0, threads=threads)
    return len(compiled_here) - before
