"""Moving numbers: from the caller's memory into the arena, between layouts, and predictions back out."""

from typing import NamedTuple

import numba

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks, sample_number, share
from fastbp.runtime.inlined import inlined


class GatherInputs(NamedTuple):
    """Fields of `gather_inputs` and `point_at_inputs`."""

    table: int  # addresses of the batch's rows, int64, padded to whole blocks
    inputs: int  # [sample][stride], written by gather_inputs alone
    stride: int
    n_in: int
    mean: int  # of the normalization, or -1
    scale: int
    features: int = 0  # padded, if `inputs` is to have samples in lanes; then there is no table


def point_at_inputs():
    """table[s] = address of sample s of the batch, which is read in place; the last sample again in the padding"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, GatherInputs)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        table = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        inputs = simd.pointer_like(arena, c.inputs)
        for s in range(first * lanes, end * lanes):
            number = sample_number(c.order, c.first + min(s, c.rows - 1))
            simd.put(
                table, s, simd.address_of(simd.advance_bytes(inputs, number * c.inputs_row_stride))
            )

    return kernel


@inlined
def _copy_row(target, source, n, byte_stride, itemsize):
    """target[i] = source[i], converted"""
    if byte_stride == itemsize:
        for i in range(n):
            simd.put(target, i, simd.get(source, i))
    else:
        for i in range(n):
            simd.put(target, i, simd.get(simd.advance_bytes(source, i * byte_stride), 0))


@inlined
def _copy_to_lane(arena, begin, s, features, source, n, byte_stride):
    """[sample block][feature][L] of sample s = source, converted"""
    lanes = simd.lanes(arena)
    target = simd.advance(arena, begin + (s & -lanes) * features + (s & (lanes - 1)))
    for i in range(n):
        simd.put(target, i * lanes, simd.get(simd.advance_bytes(source, i * byte_stride), 0))


def _scalar(dtype):
    return getattr(numba.types, "uint8" if dtype == "bool" else dtype)


def gather_inputs(dtype, normalized):
    """inputs[s, i] = (x[order[s], i] - mean[i]) * scale[i], from memory of another type or layout

    With samples in lanes there are zeros in all padding.
    """
    scalar = _scalar(dtype)
    itemsize = scalar.bitwidth // 8

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, GatherInputs)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        table = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        base = simd.pointer_at(c.inputs, scalar)
        mean = simd.advance(arena, r.mean)
        scale = simd.advance(arena, r.scale)
        if r.features > 0:
            zero = simd.splat(arena, 0.0)
            for block in range(first, end):
                at = r.inputs + block * r.features * lanes
                stop = min((block + 1) * lanes, c.rows)
                if stop < (block + 1) * lanes:
                    for i in range(r.n_in):
                        simd.store(arena, at + i * lanes, zero)
                for s in range(block * lanes, stop):
                    number = sample_number(c.order, c.first + s)
                    source = simd.advance_bytes(base, number * c.inputs_row_stride)
                    _copy_to_lane(
                        arena, r.inputs, s, r.features, source, r.n_in, c.inputs_column_stride
                    )
                if normalized:
                    inside = simd.lane_numbers(arena) < simd.cast_to(arena, stop - block * lanes)
                    for i in range(r.n_in):
                        value = simd.load(arena, at + i * lanes) - simd.get(mean, i)
                        value = simd.select(inside, value * simd.get(scale, i), 0.0)
                        simd.store(arena, at + i * lanes, value)
                for i in range(r.n_in, r.features):
                    simd.store(arena, at + i * lanes, zero)
            return
        for s in range(first * lanes, end * lanes):
            number = sample_number(c.order, c.first + min(s, c.rows - 1))
            source = simd.advance_bytes(base, number * c.inputs_row_stride)
            target = simd.advance(arena, r.inputs + s * r.stride)
            simd.put(table, s, simd.address_of(target))
            _copy_row(target, source, r.n_in, c.inputs_column_stride, itemsize)
            if normalized:
                for i in range(0, r.n_in, lanes):
                    simd.store(
                        target, i, (simd.load(target, i) - simd.load(mean, i)) * simd.load(scale, i)
                    )

    return kernel


class GatherTargets(NamedTuple):
    """Fields of `gather_targets`."""

    scale: int  # [sample]: sample weight / rows of the batch; 0 in the padding
    targets: int  # [sample][stride], or [sample] for class numbers
    stride: int
    n_out: int
    # Padded, if `targets` is to have samples in lanes; the last sample again in the padding.
    features: int = 0


def gather_targets(dtype, weight_dtype, single):
    """targets[s, o] = y[order[s], o];  scale[s] = sample weight of s / rows

    `weight_dtype` is None for no sample weights; `single` says that a target is one number.
    """
    scalar = _scalar(dtype)
    itemsize = scalar.bitwidth // 8
    weighted = weight_dtype is not None
    weight_scalar = _scalar(weight_dtype or "float32")

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, GatherTargets)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        base = simd.pointer_at(c.targets, scalar)
        weights = simd.pointer_at(c.weights, weight_scalar)
        scale = simd.advance(arena, r.scale)
        share_of_one = 1.0 / simd.cast_to(arena, c.rows)
        for s in range(first * lanes, end * lanes):
            number = sample_number(c.order, c.first + min(s, c.rows - 1))
            source = simd.advance_bytes(base, number * c.targets_row_stride)
            if single:
                simd.put(arena, r.targets + s, simd.get(source, 0))
            elif r.features > 0:
                _copy_to_lane(
                    arena, r.targets, s, r.features, source, r.n_out, c.targets_column_stride
                )
            else:
                target = simd.advance(arena, r.targets + s * r.stride)
                _copy_row(target, source, r.n_out, c.targets_column_stride, itemsize)
            weight = share_of_one
            if weighted:
                place = simd.advance_bytes(weights, number * c.weights_stride)
                weight = share_of_one * simd.cast_to(arena, simd.get(place, 0))
            simd.put(scale, s, weight if s < c.rows else 0.0 * share_of_one)

    return kernel


class WeightShares(NamedTuple):
    """Fields of `weight_shares`."""

    shares: int  # [sample]; 0 in the padding


def weight_shares(weight_dtype):
    """shares[s] = sample weight of s / sum of the batch's, or 0 where that is 0

    Every worker adds up all weights, in order.
    """
    scalar = _scalar(weight_dtype)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, WeightShares)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        weights = simd.pointer_at(c.weights, scalar)
        total = 0.0
        for s in range(c.rows):
            number = sample_number(c.order, c.first + s)
            total += simd.get(simd.advance_bytes(weights, number * c.weights_stride), 0)
        inverse = 1.0 / total if total > 0.0 else 0.0
        first, end = sample_blocks(c, lanes, worker, workers)
        for s in range(first * lanes, end * lanes):
            share = 0.0
            if s < c.rows:
                number = sample_number(c.order, c.first + s)
                place = simd.advance_bytes(weights, number * c.weights_stride)
                share = inverse * simd.get(place, 0)
            simd.put(arena, r.shares + s, simd.cast_to(arena, share))

    return kernel


class Transpose(NamedTuple):
    """Fields of `to_samples_in_lanes` and `to_features_in_lanes`."""

    rows: int  # feature block b of sample s begins at rows + b * block_stride + s * row_stride
    block_stride: int
    row_stride: int
    samples_in_lanes: int
    n_features: int
    padded_features: int
    few: int  # whether workers own blocks of features of all samples, rather than samples


@inlined
def _squares(r, c, lanes, worker, workers):
    """A worker's ``(sample blocks, feature blocks)``"""
    samples = sample_blocks(c, lanes, worker, workers)
    features = (0, (r.n_features + lanes - 1) // lanes)
    if r.few:
        samples = (0, (c.rows + lanes - 1) // lanes)
        features = share(features[1], worker, workers)
    return samples, features


def to_samples_in_lanes():
    """[sample block][feature][L] from features in lanes (or from plain rows); zeros in all padding

    So whatever is computed in the lanes behind the batch's last sample is finite, and is not counted.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Transpose)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        samples, features = _squares(r, c, lanes, worker, workers)
        for block in range(samples[0], samples[1]):
            source = r.rows + block * lanes * r.row_stride + features[0] * r.block_stride
            target = r.samples_in_lanes + block * r.padded_features * lanes
            for feature in range(features[0] * lanes, features[1] * lanes, lanes):
                square = simd.load_block(arena, source, r.row_stride)
                if (block + 1) * lanes > c.rows:
                    square = simd.keep_first(square, c.rows - block * lanes)
                square = simd.transpose(square)
                if feature + lanes > r.n_features:
                    square = simd.keep_first(square, r.n_features - feature)
                simd.store_many(arena, target + feature * lanes, lanes, square)
                source += r.block_stride

    return kernel


def to_features_in_lanes():
    """[feature block][sample][L] from samples in lanes; zeros in the padded features"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Transpose)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        samples, features = _squares(r, c, lanes, worker, workers)
        for block in range(samples[0], samples[1]):
            target = r.rows + block * lanes * r.row_stride + features[0] * r.block_stride
            source = r.samples_in_lanes + block * r.padded_features * lanes
            for feature in range(features[0] * lanes, features[1] * lanes, lanes):
                square = simd.load_block(arena, source + feature * lanes, lanes)
                if feature + lanes > r.n_features:
                    square = simd.keep_first(square, r.n_features - feature)
                simd.store_many(arena, target, r.row_stride, simd.transpose(square))
                target += r.block_stride

    return kernel


class WriteOutputs(NamedTuple):
    """Fields of `write_outputs`."""

    outputs: int  # samples in lanes
    n_out: int
    padded_features: int


def write_outputs():
    """caller[first + s, o] = outputs[o, s], contiguous rows of the arena's type"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, WriteOutputs)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        caller = simd.pointer_like(arena, c.outputs)
        for block in range(first, end):
            source = r.outputs + block * r.padded_features * lanes
            for i in range(min(lanes, c.rows - block * lanes)):
                target = (c.first + block * lanes + i) * r.n_out
                for o in range(r.n_out):
                    simd.put(caller, target + o, simd.get(arena, source + o * lanes + i))

    return kernel
