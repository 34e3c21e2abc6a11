"""What a row of a program has to do at the least: arithmetic, and memory that is read and written once."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastbp.kernels import (
    crossentropies,
    dense,
    elementwise,
    embedding,
    layout,
    losses,
    sums,
    weight_gradients,
)
from fastbp.kernels.rules import rule_of


class Cost(NamedTuple):
    """Of one call of a kernel.

    Attributes
    ----------
    flops : int
        Multiplications and additions of the products and sums; those of activations and losses are not counted.
    elements : int
        Numbers of the arena's type that are read and written, each once.
    """

    flops: int
    elements: int


def _product(fields: Any, batch: int, _: Sequence[object]) -> Cost:
    n_in, n_out = fields.n_in, fields.n_out
    return Cost(2 * batch * n_in * n_out, batch * (n_in + n_out) + n_in * n_out)


def _weight_gradient(fields: Any, batch: int, options: Sequence[object]) -> Cost:
    n_in, n_out = fields.n_in, fields.n_out
    # Weights and slots are read and written, a gradient that is kept is only written.
    passes = 1 if options[0] == "store" else 2 * (1 + rule_of(str(options[0])).n_slots)
    return Cost(2 * batch * n_in * n_out, batch * (n_in + n_out) + passes * n_in * n_out)


def _bias_gradient(fields: Any, batch: int, options: Sequence[object]) -> Cost:
    return Cost(batch * fields.n_out, batch * fields.n_out)


def _embedding_gradient(fields: Any, _: int, options: Sequence[object]) -> Cost:
    passes = 1 if options[0] == "store" else 2 * (1 + rule_of(str(options[0])).n_slots)
    return Cost(0, (1 + passes) * fields.n_categories * fields.width)


def _embedding_sums(fields: Any, batch: int, _: Sequence[object]) -> Cost:
    added = batch * fields.n_columns * fields.width
    return Cost(added, 2 * added + fields.begins * fields.n_categories * fields.width)


def _moves(arrays: int, width: str) -> Callable[[Any, int, Sequence[object]], Cost]:
    """The cost of passing over some arrays (batch, width)."""
    return lambda fields, batch, _: Cost(0, arrays * batch * int(getattr(fields, width)))


_COSTS: dict[type, Callable[[Any, int, Sequence[object]], Cost]] = {
    layout.GatherInputs: lambda f, batch, _: Cost(0, 2 * batch * f.n_in if f.inputs >= 0 else 0),
    layout.GatherTargets: _moves(2, "n_out"),
    layout.Transpose: _moves(2, "n_features"),
    layout.WriteOutputs: _moves(2, "n_out"),
    dense.FirstForward: _product,
    dense.Forward: _product,
    dense.InputGradient: _product,
    weight_gradients.WeightGradient: _weight_gradient,
    weight_gradients.BiasGradient: _bias_gradient,
    elementwise.Elementwise: _moves(2, "n_features"),
    embedding.Columns: _moves(2, "n_columns"),
    embedding.Embed: lambda f, batch, _: Cost(0, 2 * batch * f.n_columns * f.width),
    embedding.EmbeddingSums: _embedding_sums,
    embedding.EmbeddingGradient: _embedding_gradient,
    losses.Loss: _moves(3, "n_out"),
    crossentropies.SmoothTargets: _moves(2, "n_out"),
    sums.SumValues: _moves(1, "n_values"),
    sums.BatchLoss: lambda _, batch, __: Cost(0, batch),
    sums.Penalty: lambda f, _, __: Cost(3 * f.outer * f.inner, f.outer * f.inner),
}


def cost_of(fields: Sequence[int], batch: int, options: Sequence[object]) -> Cost:
    """The cost of a row.

    Parameters
    ----------
    fields : NamedTuple
        The row's fields.
    batch : int
        Samples in the batch.
    options : sequence
        The options of the kernel.
    """
    return _COSTS[type(fields)](fields, batch, options)
