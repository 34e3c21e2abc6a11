"""Rows of tables in place of whole numbers: categories become vectors that are learned.

A table is ``[category][width]``, without gaps. What is looked up has features in lanes; neighbouring columns of the
data become neighbouring features, in one call of a kernel. Numbers that are no category of the table are taken for the
nearest one: they have been refused before, but the data may change under way.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.weight_gradients import take_of
from fastbp.runtime.inlined import inlined


class Columns(NamedTuple):
    """Fields of `pass_columns`."""

    table: int  # addresses of the batch's rows
    first_column: int
    n_columns: int
    outputs: int  # features in lanes
    samples: int  # padded
    first_feature: int


@inlined
def _place(features, samples, sample, feature, lanes):
    """Where a feature of a sample lies, of what begins at `features`"""
    block = feature // lanes
    return features + (block * samples + sample) * lanes + feature - block * lanes


def pass_columns():
    """outputs[s, first_feature + j] = x[s, first_column + j];  a worker owns whole samples"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Columns)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        addresses = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        first, end = sample_blocks(c, lanes, worker, workers)
        for s in range(first * lanes, min(end * lanes, c.rows)):
            sample = simd.pointer_like(arena, simd.get(addresses, s))
            for j in range(r.n_columns):
                at = _place(r.outputs, r.samples, s, r.first_feature + j, lanes)
                simd.put(arena, at, simd.get(sample, r.first_column + j))

    return kernel


class Embed(NamedTuple):
    """Fields of `embed`."""

    table: int  # addresses of the batch's rows
    first_column: int
    n_columns: int
    outputs: int  # features in lanes
    samples: int  # padded
    first_feature: int
    end_feature: int  # there are zeros from the last one up to this
    embeddings: int
    n_categories: int
    width: int


@inlined
def _category(sample, column, n_categories):
    """The whole number in a column of a sample"""
    return min(max(int(simd.get(sample, column)), 0), n_categories - 1)


def embed():
    """outputs[s, first_feature + j width + i] = embeddings[x[s, first_column + j], i];  a worker owns whole samples"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Embed)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        addresses = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        whole = r.width % lanes == 0 and r.first_feature % lanes == 0
        first, end = sample_blocks(c, lanes, worker, workers)
        for s in range(first * lanes, min(end * lanes, c.rows)):
            sample = simd.pointer_like(arena, simd.get(addresses, s))
            feature = r.first_feature
            for j in range(r.n_columns):
                category = _category(sample, r.first_column + j, r.n_categories)
                source = r.embeddings + category * r.width
                if whole:
                    for i in range(0, r.width, lanes):
                        at = _place(r.outputs, r.samples, s, feature + i, lanes)
                        simd.store(arena, at, simd.load(arena, source + i))
                else:
                    for i in range(r.width):
                        at = _place(r.outputs, r.samples, s, feature + i, lanes)
                        simd.put(arena, at, simd.get(arena, source + i))
                feature += r.width
            for zero in range(feature, r.end_feature):
                at = _place(r.outputs, r.samples, s, zero, lanes)
                simd.put(arena, at, 0.0)

    return kernel


class EmbeddingSums(NamedTuple):
    """Fields of `embedding_sums`."""

    table: int  # addresses of the batch's rows
    first_column: int
    n_columns: int
    output_gradient: int  # features in lanes
    samples: int  # padded
    first_feature: int
    sums: int  # [category][width]
    n_categories: int
    width: int
    begins: int  # whether the sums begin here, or go on


@inlined
def _own_categories(n_categories, lanes, worker, workers):
    """``(first, end)`` of a worker's categories, so many that their numbers are whole vectors"""
    first, end = share((n_categories + lanes - 1) // lanes, worker, workers)
    return first * lanes, min(end * lanes, n_categories)


def embedding_sums():
    """sums[k, i] (+)= sum over s, j with x[s, first_column + j] = k of output_gradient[s, first_feature + j width + i]

    A worker owns whole categories and walks samples and their columns in ascending order.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, EmbeddingSums)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        addresses = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        first, end = _own_categories(r.n_categories, lanes, worker, workers)
        if r.begins:
            zeros = simd.splat(arena, 0.0)
            for at in range(first * r.width, end * r.width, lanes):
                simd.store(arena, r.sums + at, zeros)
        whole = r.width % lanes == 0 and r.first_feature % lanes == 0
        for s in range(c.rows):
            sample = simd.pointer_like(arena, simd.get(addresses, s))
            feature = r.first_feature
            for j in range(r.n_columns):
                category = _category(sample, r.first_column + j, r.n_categories)
                if first <= category < end:
                    target = r.sums + category * r.width
                    if whole:
                        for i in range(0, r.width, lanes):
                            at = _place(r.output_gradient, r.samples, s, feature + i, lanes)
                            total = simd.load(arena, target + i) + simd.load(arena, at)
                            simd.store(arena, target + i, total)
                    else:
                        for i in range(r.width):
                            at = _place(r.output_gradient, r.samples, s, feature + i, lanes)
                            total = simd.get(arena, target + i) + simd.get(arena, at)
                            simd.put(arena, target + i, total)
                feature += r.width

    return kernel


class EmbeddingGradient(NamedTuple):
    """Fields of `embedding_gradient`."""

    sums: int  # [category][width]
    embeddings: int
    slots: int
    slot_stride: int
    l1: int  # bits of a float64
    l2: int
    n_categories: int
    width: int


def embedding_gradient(rule, regularized):
    """embeddings[k, i] <- rule(embeddings[k, i], sums[k, i]);  a worker owns the categories whose sums are its own

    Of all categories, also those that no sample has: their gradient is zero, but momentum and the like move them.
    """
    setup, take, _ = take_of(rule, regularized)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, EmbeddingGradient)
        lanes = simd.lanes(arena)
        state = setup(arena, r, hyper, False)
        embeddings = simd.advance(arena, r.embeddings)
        first, end = _own_categories(r.n_categories, lanes, worker, workers)
        for at in range(first * r.width, end * r.width, lanes):
            take(simd.load(arena, r.sums + at), embeddings, at, state)

    return kernel
