"""The gated linear unit (Dauphin, Fan, Auli and Grangier 2017), forward and backward.

The first half of the inputs, each multiplied by the sigmoid of its partner in the second half. All buffers have samples
in lanes.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.math import sigmoid


class Gate(NamedTuple):
    """Fields of `glu`."""

    inputs: int
    outputs: int
    inputs_features: int  # padded
    outputs_features: int  # padded
    n_out: int


def glu():
    """outputs[o] = inputs[o] * sigmoid(inputs[n_out + o])"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Gate)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = r.inputs + block * r.inputs_features * lanes
            to = r.outputs + block * r.outputs_features * lanes
            for _ in range(r.n_out):
                gate = sigmoid(simd.load(arena, at + r.n_out * lanes))
                simd.store(arena, to, simd.load(arena, at) * gate)
                at += lanes
                to += lanes

    return kernel


class GateBackward(NamedTuple):
    """Fields of `glu_backward`."""

    inputs: int  # of the forward pass
    output_gradient: int
    gradient: int  # written
    inputs_features: int  # padded; of the gradient with respect to them, too
    outputs_features: int  # padded
    n_out: int


def glu_backward():
    """gradient[o] = g[o] * s;   gradient[n_out + o] = g[o] * inputs[o] * s * (1 - s),   s = sigmoid(inputs[n_out + o])

    g is `output_gradient`.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, GateBackward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        half = r.n_out * lanes
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.inputs_features * lanes
            above = r.output_gradient + block * r.outputs_features * lanes
            for _ in range(r.n_out):
                gate = sigmoid(simd.load(arena, r.inputs + at + half))
                passed = simd.load(arena, above) * gate
                turned = passed * simd.load(arena, r.inputs + at) * (1.0 - gate)
                simd.store(arena, r.gradient + at, passed)
                simd.store(arena, r.gradient + at + half, turned)
                at += lanes
                above += lanes

    return kernel
