"""What an Embedding looks up must be there: checked before anything starts."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.nn import Stack
from fastbp.source import Source
from fastbp.training.inputs import refuse_first

#: Up to here float32 holds all whole numbers.
LARGEST_EXACT = 1 << 24


def check_categories(inputs: Source, stack: Stack, name: str = "x") -> None:
    """Look for numbers in the columns that are embedded that are not whole, or no category of theirs.

    Raises
    ------
    DataError
        Naming the first such number of the first such layer.
    """
    if not stack.embeddings:
        return
    columns_of = stack.lookup(inputs.n_columns).embedded
    for layer, columns in zip(stack.embeddings, columns_of, strict=True):
        n = layer.input_dim
        refuse_first(
            inputs,
            partial(_is_no_category, n),
            name,
            f"an Embedding with input_dim={n} takes whole numbers from 0 to {n - 1}, one for every category",
            None if layer.columns is None else columns,
        )


def _is_no_category(n: int, block: NDArray[Any]) -> NDArray[np.bool_]:
    """Where numbers are not whole or lie outside"""
    wrong: NDArray[np.bool_] = (block < 0) | (block >= n)
    return wrong | (block != np.floor(block)) if block.dtype.kind == "f" else wrong
