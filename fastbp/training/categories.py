"""What an Embedding looks up must be there: checked before anything starts."""

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
        remedy = f"an Embedding with input_dim={n} takes whole numbers from 0 to {n - 1}, one for every category"
        refuse_first(
            inputs,
            lambda block, n=n: (block < 0) | (block >= n) | (block % 1 != 0),
            name,
            remedy,
            None if layer.columns is None else columns,
        )
