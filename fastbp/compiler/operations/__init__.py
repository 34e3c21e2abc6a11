"""The rows of each kind of operation: forward, backward, and the gradients of its weights."""

from fastbp.compiler.graph import (
    ActivityOperation,
    BatchNormalizationOperation,
    DenseOperation,
    ElementwiseOperation,
    EmbeddingOperation,
    GateOperation,
    LayerNormalizationOperation,
    NoiseOperation,
    OfAllOutputsOperation,
    Operation,
    PReLUOperation,
)
from fastbp.compiler.operations.activity import LoweredActivity
from fastbp.compiler.operations.batch_normalization import LoweredBatchNormalization
from fastbp.compiler.operations.dense import LoweredDense
from fastbp.compiler.operations.elementwise import LoweredElementwise
from fastbp.compiler.operations.embedding import LoweredEmbedding
from fastbp.compiler.operations.gate import LoweredGate
from fastbp.compiler.operations.layer_normalization import LoweredLayerNormalization
from fastbp.compiler.operations.lowered import Lowered, Scope, activation_backward
from fastbp.compiler.operations.narrow_dense import LoweredNarrowDense
from fastbp.compiler.operations.noise import LoweredNoise
from fastbp.compiler.operations.of_all_outputs import LoweredOfAllOutputs
from fastbp.compiler.operations.prelu import LoweredPReLU
from fastbp.compiler.operations.slim_dense import LoweredSlimDense

_LOWERED: dict[type[Operation], type[Lowered]] = {
    ActivityOperation: LoweredActivity,
    DenseOperation: LoweredDense,
    ElementwiseOperation: LoweredElementwise,
    OfAllOutputsOperation: LoweredOfAllOutputs,
    GateOperation: LoweredGate,
    LayerNormalizationOperation: LoweredLayerNormalization,
    BatchNormalizationOperation: LoweredBatchNormalization,
    PReLUOperation: LoweredPReLU,
    NoiseOperation: LoweredNoise,
    EmbeddingOperation: LoweredEmbedding,
}


def lowered(scope: Scope, operation: Operation) -> Lowered:
    """What writes the rows of an operation."""
    if isinstance(operation, DenseOperation):
        kernel, _ = scope.parameters.places[operation.index]
        if kernel.blocked != operation.is_first:
            # Its weights do not lie as is usual for such a layer.
            return (LoweredNarrowDense if kernel.blocked else LoweredSlimDense)(scope, operation)
    return _LOWERED[type(operation)](scope, operation)


__all__ = ["Lowered", "Scope", "activation_backward", "lowered"]
