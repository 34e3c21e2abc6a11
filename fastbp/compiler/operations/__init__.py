"""The rows of each kind of operation: forward, backward, and the gradients of its weights."""

from fastbp.compiler.graph import (
    DenseOperation,
    ElementwiseOperation,
    NoiseOperation,
    Operation,
)
from fastbp.compiler.operations.dense import LoweredDense
from fastbp.compiler.operations.elementwise import LoweredElementwise
from fastbp.compiler.operations.lowered import Lowered, Scope, activation_backward
from fastbp.compiler.operations.noise import LoweredNoise

LOWERED: dict[type[Operation], type[Lowered]] = {
    DenseOperation: LoweredDense,
    ElementwiseOperation: LoweredElementwise,
    NoiseOperation: LoweredNoise,
}

__all__ = ["LOWERED", "Lowered", "Scope", "activation_backward"]
