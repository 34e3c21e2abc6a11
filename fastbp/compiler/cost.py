"""What a row of a program has to do at the least: arithmetic, and memory that is read and written once."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastbp.kernels import (
    activity,
    batch_normalization,
    constraints,
    crossentropies,
    dense,
    elementwise,
    embedding,
    few_dense,
    few_losses,
    glu,
    hits,
    layer_normalization,
    layout,
    losses,
    magnitudes,
    muon,
    narrow,
    noise,
    of_all_outputs,
    orthogonality,
    partial_gradients,
    prelu,
    slim,
    sums,
    tallies,
    updates,
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
    return Cost(2 * batch * n_in * n_out, batch * (n_in + n_out) + _passes(options) * n_in * n_out)


def _passes(options: Sequence[object]) -> int:
    """How often a gradient's row passes over arrays as large as the weights.

    Weights, slots and gradients that are added up are read and written, a gradient that is kept is only written.
    """
    kept = {"store": 1, "add": 2}
    rule = str(options[0])
    return kept[rule] if rule in kept else 2 * (1 + rule_of(rule).n_slots)


def _bias_gradient(fields: Any, batch: int, options: Sequence[object]) -> Cost:
    return Cost(batch * fields.n_out, batch * fields.n_out)


def _partial_gradient(fields: Any, batch: int, _: Sequence[object]) -> Cost:
    n_in, n_out = fields.n_in, fields.n_out
    return Cost((2 * n_in + 1) * batch * n_out, batch * (n_in + n_out))


def _partial_sums(fields: Any, _: int, options: Sequence[object]) -> Cost:
    size = max(fields.n_in, 1) * fields.n_out
    return Cost(fields.parts * size, (fields.parts + _passes(options)) * size)


def _apply_rule(fields: Any, _: int, options: Sequence[object]) -> Cost:
    return Cost(0, (3 + 2 * rule_of(str(options[0])).n_slots) * fields.outer * fields.inner)


def _momentum(fields: Any, _: int, __: Sequence[object]) -> Cost:
    size = fields.lines * fields.width
    return Cost(2 * size, 4 * size)


def _follow(fields: Any, _: int, options: Sequence[object]) -> Cost:
    return Cost(0, (5 if "average" in str(options[0]) else 3) * fields.lines * fields.width)


def _gram(fields: Any, _: int, __: Sequence[object]) -> Cost:
    n, m = fields.rows, fields.columns
    return Cost(n * (n + 1) * m, n * (n + m))


def _newton_schulz(fields: Any, _: int, __: Sequence[object]) -> Cost:
    n, m = fields.rows, fields.columns
    return Cost(2 * n * n * m, 2 * n * m + n * n)


def _constrain_norms(fields: Any, _: int, options: Sequence[object]) -> Cost:
    lanes = min(stride for stride in (fields.group_stride, fields.term_stride) if stride)
    n = fields.groups * fields.terms * lanes
    return Cost(3 * n, 2 * n)


def _embedding_gradient(fields: Any, _: int, options: Sequence[object]) -> Cost:
    return Cost(0, (1 + _passes(options)) * fields.n_categories * fields.width)


def _embedding_sums(fields: Any, batch: int, _: Sequence[object]) -> Cost:
    added = batch * fields.n_columns * fields.width
    return Cost(added, 2 * added + fields.begins * fields.n_categories * fields.width)


def _moves(arrays: int, width: str) -> Callable[[Any, int, Sequence[object]], Cost]:
    """The cost of passing over some arrays (batch, width)."""
    return lambda fields, batch, _: Cost(0, arrays * batch * int(getattr(fields, width)))


_COSTS: dict[type, Callable[[Any, int, Sequence[object]], Cost]] = {
    layout.GatherInputs: lambda f, batch, _: Cost(0, 2 * batch * f.n_in if f.inputs >= 0 else 0),
    magnitudes.LookAtInputs: _moves(1, "n_in"),
    layout.GatherTargets: _moves(2, "n_out"),
    layout.WeightShares: lambda _, rows, __: Cost(0, 2 * rows),
    layout.Transpose: _moves(2, "n_features"),
    layout.WriteOutputs: _moves(2, "n_out"),
    dense.FirstForward: _product,
    dense.Forward: _product,
    dense.InputGradient: _product,
    few_dense.FewForward: _product,
    few_dense.FewInputGradient: _product,
    narrow.FewNarrowForward: _product,
    slim.SlimForward: _product,
    narrow.NarrowInputGradient: _product,
    narrow.BiasGradientOfRows: _bias_gradient,
    weight_gradients.WeightGradient: _weight_gradient,
    weight_gradients.BiasGradient: _bias_gradient,
    partial_gradients.PartialGradient: _partial_gradient,
    partial_gradients.PartialSums: _partial_sums,
    orthogonality.UnitVectors: lambda f, _, __: Cost(
        3 * f.vectors * f.elements, 2 * f.vectors * f.elements
    ),
    orthogonality.Orthogonality: lambda f, _, __: Cost(
        4 * f.vectors**2 * f.elements, 4 * f.vectors * f.elements
    ),
    orthogonality.PairPenalty: lambda f, _, __: Cost(f.vectors, f.vectors),
    updates.SumSquares: lambda f, _, __: Cost(2 * f.outer * f.inner, f.outer * f.inner),
    updates.ApplyRule: _apply_rule,
    muon.Momentum: _momentum,
    muon.Normalize: lambda f, _, __: Cost(0, 2 * f.rows * f.columns),
    muon.Gram: _gram,
    muon.NewtonSchulz: _newton_schulz,
    muon.Follow: _follow,
    constraints.ConstrainNorms: _constrain_norms,
    constraints.ConstrainSigns: lambda f, _, __: Cost(0, 2 * f.outer * f.inner),
    elementwise.Elementwise: _moves(2, "n_features"),
    elementwise.ElementwiseByNumbers: _moves(2, "n_features"),
    of_all_outputs.OfAllOutputs: _moves(2, "n_features"),
    glu.Gate: _moves(3, "n_out"),
    glu.GateBackward: _moves(5, "n_out"),
    layer_normalization.LayerNormalize: _moves(3, "n_features"),
    layer_normalization.LayerNormalizeBackward: _moves(4, "n_features"),
    batch_normalization.BatchNormalize: _moves(2, "n_features"),
    batch_normalization.BatchNormalizeBackward: _moves(4, "n_features"),
    batch_normalization.MoveStatistics: lambda f, _, __: Cost(0, 6 * f.n_features),
    batch_normalization.MovingNormalize: _moves(2, "n_features"),
    batch_normalization.MovingNormalizeBackward: _moves(2, "n_features"),
    prelu.Rectify: _moves(2, "n_features"),
    prelu.RectifyBackward: _moves(4, "n_features"),
    activity.Activity: _moves(1, "n_features"),
    noise.Noise: lambda f, batch, _: Cost(0, (2 + (f.factors >= 0)) * batch * f.n_features),
    embedding.Columns: _moves(2, "n_columns"),
    embedding.Embed: lambda f, batch, _: Cost(0, 2 * batch * f.n_columns * f.width),
    embedding.EmbeddingSums: _embedding_sums,
    embedding.EmbeddingGradient: _embedding_gradient,
    losses.Loss: _moves(3, "n_out"),
    few_losses.FewLoss: _moves(3, "n_out"),
    crossentropies.SmoothTargets: _moves(2, "n_out"),
    sums.SumValues: _moves(1, "n_values"),
    sums.BatchLoss: lambda _, batch, __: Cost(0, batch),
    tallies.Tally: _moves(2, "n_out"),
    tallies.Counts: _moves(2, "n_out"),
    hits.Largest: _moves(2, "n_out"),
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
