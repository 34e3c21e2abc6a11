"""All kernels by name, compiled when first asked for.

A kernel's name and options are its identity: the disk cache finds it by them, so the function that a factory returns
may close over whatever it likes.
"""

from typing import NamedTuple

from numba import types

from fastbp.kernels import (
    activity,
    batch_normalization,
    constraints,
    correlations,
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
from fastbp.kernels.names import can_be_kept
from fastbp.runtime.cache import compile_callable

_FACTORIES = {
    factory.__name__: factory
    for factory in (
        layout.point_at_inputs,
        layout.gather_inputs,
        magnitudes.look_at_inputs,
        layout.gather_targets,
        layout.weight_shares,
        layout.to_samples_in_lanes,
        layout.to_features_in_lanes,
        layout.write_outputs,
        dense.first_forward,
        dense.forward,
        dense.input_gradient,
        few_dense.few_forward,
        few_dense.few_input_gradient,
        weight_gradients.first_weight_gradient,
        weight_gradients.narrow_weight_gradient,
        weight_gradients.weight_gradient,
        weight_gradients.bias_gradient,
        slim.slim_forward,
        slim.slim_weight_gradient,
        narrow.few_narrow_forward,
        narrow.few_narrow_input_gradient,
        narrow.narrow_input_gradient,
        narrow.bias_gradient_of_rows,
        partial_gradients.partial_gradient,
        partial_gradients.sum_partial_gradients,
        updates.sum_squares,
        updates.apply_rule,
        muon.muon_momentum,
        muon.muon_normalize,
        muon.muon_gram,
        muon.muon_newton_schulz,
        muon.muon_follow,
        constraints.constrain_norms,
        constraints.constrain_norms_of_numbers,
        constraints.constrain_signs,
        losses.pointwise_loss,
        few_losses.few_pointwise_loss,
        few_losses.few_softmax_crossentropy,
        losses.cosine_similarity,
        losses.categorical_hinge,
        crossentropies.smooth_targets,
        crossentropies.softmax_crossentropy,
        crossentropies.probability_crossentropy,
        correlations.correlation,
        hits.class_accuracy,
        hits.top_k_accuracy,
        hits.keep_largest,
        elementwise.activate,
        elementwise.activate_backward,
        elementwise.activate_by_numbers,
        elementwise.activate_backward_by_numbers,
        of_all_outputs.softmax,
        of_all_outputs.softmax_backward,
        of_all_outputs.log_softmax,
        of_all_outputs.log_softmax_backward,
        of_all_outputs.sparsemax,
        of_all_outputs.sparsemax_backward,
        glu.glu,
        glu.glu_backward,
        layer_normalization.layer_normalization,
        layer_normalization.layer_normalization_backward,
        batch_normalization.batch_normalization,
        batch_normalization.batch_normalization_backward,
        batch_normalization.move_statistics,
        batch_normalization.moving_normalization,
        batch_normalization.moving_normalization_backward,
        prelu.prelu,
        prelu.prelu_backward,
        activity.activity_penalty,
        activity.activity_backward,
        noise.noise,
        noise.noise_backward,
        embedding.pass_columns,
        embedding.embed,
        embedding.embedding_sums,
        embedding.embedding_gradient,
        sums.sum_values,
        sums.batch_loss,
        sums.penalty,
        orthogonality.unit_vectors,
        orthogonality.orthogonality,
        orthogonality.pair_penalty,
        tallies.mark,
        tallies.histogram,
        tallies.counts,
        tallies.deviations,
    )
}

_ARENA = {"float32": types.float32, "float64": types.float64}


class KernelName(NamedTuple):
    """Which kernel: the factory's name, the type of the arena, the factory's arguments."""

    name: str
    dtype: str
    options: tuple[object, ...] = ()

    @property
    def label(self) -> str:
        """What the disk cache knows it by."""
        return "-".join([self.name, self.dtype, *(str(o).lower() for o in self.options)])


_compiled: dict[KernelName, object] = {}


def is_loaded(kernel: KernelName) -> bool:
    """Whether this process has it already."""
    return kernel in _compiled


def kernel_address(name: str, dtype: str, *options: object) -> int:
    """The address of a kernel for an arena of `dtype`, compiled or loaded from the disk cache when first used.

    Parameters
    ----------
    name : str
        The factory's name.
    dtype : {"float32", "float64"}
        Type of the arena.
    *options : str, bool or None
        The factory's arguments.
    """
    key = KernelName(name, dtype, options)
    if key not in _compiled:
        number = types.CPointer(_ARENA[dtype])
        integer = types.CPointer(types.int64)
        signature = types.void(integer, number, integer, number, types.int64, types.int64)
        _compiled[key] = compile_callable(
            key.label,
            lambda: _FACTORIES[name](*options),
            signature,
            keep=all(map(can_be_kept, options)),
        )
    return _compiled[key].address  # type: ignore[attr-defined]


def n_compiled() -> int:
    """Kernels that this process has compiled or loaded."""
    return len(_compiled)
