"""What every kernel is called with, and how workers share the work.

A kernel is ``kernel(row, arena, context, hyper, worker, workers)``:

row       the kernel's own integers: offsets into the arena, in elements, and sizes; a NamedTuple names them
arena     all buffers of the network, in float32 or float64
context   the step's integers, named by `Context`
hyper     the step's numbers for the update rule, in the arena's type; only `batch_loss` writes one of them
worker    which of the `workers` this one is

It never allocates, raises, prints or draws random numbers. It writes only its own share of its output.

Layouts of activations and their gradients, L being the lanes of a vector:

samples in lanes    ``[sample block][feature][L samples]``     features padded to a multiple of L
features in lanes   ``[feature block][sample][L features]``    samples padded to a multiple of L

In both, a block of L x L numbers is contiguous, and every vector is aligned.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.runtime.inlined import inlined


class Context(NamedTuple):
    """The integers of a step. Addresses are of the caller's memory; strides are in bytes."""

    rows: int  # samples in this batch
    first: int  # the batch's place in `order`, or its first sample
    order: int  # address of the sample numbers (int64) of all epochs, or 0 for 0, 1, 2 ... in each
    inputs: int
    inputs_row_stride: int
    inputs_column_stride: int
    targets: int
    targets_row_stride: int
    targets_column_stride: int
    weights: int  # address of the sample weights, or 0
    weights_stride: int
    outputs: int  # where predictions go, (n, n_outputs) contiguous
    values: int  # address of the epoch's sums of loss and metrics (float64)
    status: int  # address of the word that is set when the loss is not finite (int64)
    panels: int  # address of the worker's own room for a packed operand
    piece: int  # which part of the batch's samples the worker is to do now
    pieces: int  # of so many; 0 where the batch is not in parts
    step: int  # number of this step within the call, from 1
    steps_before: int  # updates that were done before the call's first step
    seed: int  # of the model: what noise is drawn from


CONTEXT_SIZE = len(Context._fields)


@inlined
def share(n, worker, workers):
    """``(first, end)`` of a worker's part of n things."""
    # A worker alone need not divide, which takes longer than much of what small networks do.
    if workers == 1:
        return 0, n
    return n * worker // workers, n * (worker + 1) // workers


@inlined
def sample_blocks(context, lanes, worker, workers):
    """``(first, end)`` of the blocks of `lanes` samples that a worker is to do now."""
    if context.pieces > 0:
        worker, workers = context.piece, context.pieces
    return share((context.rows + lanes - 1) // lanes, worker, workers)


@inlined
def has_first_samples(context, worker):
    """Whether what a step does once, before the first barrier, is to be done now, by this worker."""
    return (context.piece if context.pieces > 0 else worker) == 0


@inlined
def sample_number(order, place):
    """The number in the data set of the sample at a place of the order; `order` is an address or 0."""
    if order == 0:
        return place
    return simd.get(simd.pointer_at(order, simd.int64), place)
