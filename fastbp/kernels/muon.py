"""The matrices that Muon moves: momentum, the direction made orthogonal by products of matrices, the step along it.

A matrix is worked on as X with at least as many columns as rows, transposed if need be, at ``[block of columns][row]
[lanes]``, blocks `x_block` numbers apart; X X^T and what X is multiplied by lie alike. Its weights lie in `lines` of
`width` numbers each, number b of line a at ``a line_step + b // lanes block_step + b % lanes``.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, share
from fastbp.kernels.product import product
from fastbp.kernels.rules import RULES, Rule, with_average
from fastbp.kernels.tile import COLUMNS
from fastbp.kernels.updates import clipping, no_update
from fastbp.runtime.inlined import inlined
from fastbp.runtime.processor import processor

#: Which of the step's numbers is what.
STEP, DECAY, MOMENTUM, OF_GRADIENT, OF_MOMENTUM, CUBIC = 5, 6, 7, 8, 9, 10
#: Rows that meet rows at a time: a register for each pair.
SIDE = 4 if processor().vector_registers >= 32 else 3
#: Such groups that stay in the second-level cache, and vectors of a row that meet before the next rows.
_GROUPS, _VECTORS = 8, 64


class Momentum(NamedTuple):
    """Fields of `muon_momentum`."""

    gradient: int
    momentum: int
    lines: int
    line_step: int
    width: int
    block_step: int
    in_a_row: int  # whether lines follow each other without padding
    turned: int  # whether lines are the columns of X
    x: int
    x_block: int
    squares: int  # float64 [units], written
    sums: int  # as in `ApplyRule`
    n_sums: int
    limit: int
    step_share: int


@inlined
def _units(r, lanes):
    """``(units, units across)``: squares of lanes * lanes numbers"""
    if r.in_a_row:
        square = lanes * lanes
        return (r.lines * r.width + square - 1) // square, 1
    across = (r.lines + lanes - 1) // lanes
    return (r.width + lanes - 1) // lanes * across, across


@inlined
def _place(r, a, b, lanes):
    """Where number b of line a is in X"""
    row, column = (b, a) if r.turned else (a, b)
    return column // lanes * r.x_block + row * lanes + column % lanes


def muon_momentum(clips):
    """m = momentum * m + g;  X = g + momentum * m with Nesterov's, else m;  squares[unit] = the sum of their squares

    gradient  as the weights   read; accumulated ones are overwritten with zeros
    momentum  as the weights   overwritten
    x         as said above    overwritten, but for what is behind the last column

    A worker owns whole units, and adds vector after vector, then the lanes.
    """
    n_hyper = RULES["muon"].n_hyper

    @inlined
    def move(gradients, momenta, at, state):
        factor, momentum, of_gradient, of_momentum, limit, accumulates = state
        gradient = factor * simd.load(gradients, at)
        if clips:
            gradient = simd.minimum(limit, simd.maximum(-limit, gradient))
        mean = simd.fma(momentum, simd.load(momenta, at), gradient)
        simd.store(momenta, at, mean)
        if accumulates:
            simd.store(gradients, at, 0.0 * factor)
        return simd.fma(of_momentum, mean, of_gradient * gradient)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Momentum)
        part = 1.0
        if r.step_share >= 0:
            part = 1.0 * simd.get(hyper, r.step_share)
            if part == 0.0:
                return
        factor = simd.cast_to(arena, part * clipping(r, arena, hyper, part))
        limit = simd.get(hyper, n_hyper) if clips else factor
        state = (
            factor,
            simd.get(hyper, MOMENTUM),
            simd.get(hyper, OF_GRADIENT),
            simd.get(hyper, OF_MOMENTUM),
            limit,
            r.step_share >= 0,
        )
        lanes = simd.lanes(arena)
        gradients, momenta = simd.advance(arena, r.gradient), simd.advance(arena, r.momentum)
        x = simd.advance(arena, r.x)
        squares = simd.reinterpret(simd.advance(arena, r.squares), simd.float64)
        room = simd.room(arena, 16)
        units, across = _units(r, lanes)
        first, end = share(units, worker, workers)
        for unit in range(first, end):
            total = simd.squares(simd.splat(arena, 0.0))
            if r.in_a_row:
                n = r.lines * r.width
                for at in range(unit * lanes * lanes, min((unit + 1) * lanes * lanes, n), lanes):
                    moved = move(gradients, momenta, at, state)
                    total = total + simd.squares(moved)
                    simd.store(room, 0, moved)
                    for e in range(at, min(at + lanes, n)):
                        a = e // r.width
                        simd.put(x, _place(r, a, e - a * r.width, lanes), simd.get(room, e - at))
            else:
                block = unit // across
                begin = (unit - block * across) * lanes
                count = min(lanes, r.lines - begin)
                for a in range(count):
                    at = (begin + a) * r.line_step + block * r.block_step
                    moved = move(gradients, momenta, at, state)
                    total = total + simd.squares(moved)
                    if r.turned:
                        simd.store(room, a * lanes, moved)
                    else:
                        simd.store(x, block * r.x_block + (begin + a) * lanes, moved)
                if r.turned:
                    for a in range(count, lanes):
                        simd.store(room, a * lanes, 0.0 * factor)
                    turned = simd.transpose(simd.load_block(room, 0, lanes))
                    to = begin // lanes * r.x_block + block * lanes * lanes
                    simd.store_many(x, to, lanes, turned)
            simd.put(squares, unit, simd.sum_lanes(total))

    return kernel


class Normalize(NamedTuple):
    """Fields of `muon_normalize`."""

    x: int
    x_block: int
    rows: int
    columns: int
    squares: int  # float64 [n_squares]
    n_squares: int
    step_share: int


def muon_normalize():
    """X = X / (norm + 1e-7), the norm being the root of the sum of all squares;  zeros behind the last column

    Not a number where the norm is infinite, which must not go unnoticed. A worker owns whole blocks of columns.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Normalize)
        if no_update(hyper, r.step_share):
            return
        lanes = simd.lanes(arena)
        squares = simd.reinterpret(simd.advance(arena, r.squares), simd.float64)
        total = 0.0
        for i in range(r.n_squares):
            total += simd.get(squares, i)
        norm = simd.sqrt(total)
        factor = simd.cast_to(arena, 1.0 / (norm + 1e-7) + (norm - norm))
        x = simd.advance(arena, r.x)
        first, end = share((r.columns + lanes - 1) // lanes, worker, workers)
        for block in range(first, end):
            inside = simd.lane_numbers(arena) < simd.cast_to(arena, r.columns - block * lanes)
            for i in range(r.rows):
                at = block * r.x_block + i * lanes
                simd.store(x, at, simd.select(inside, factor * simd.load(x, at), 0.0))

    return kernel


class Gram(NamedTuple):
    """Fields of `muon_gram`."""

    x: int
    x_block: int
    rows: int
    columns: int
    to: int
    step_share: int


def muon_gram(combines):
    """A = X X^T;  with `combines`, of X = X^T,  b X + c X X^T.   Both are symmetric, and lie as X does

    x   [block][rows][lanes]             read
    to  [block of rows][rows][lanes]     overwritten, with zeros behind the last column

    Lane by lane over the vectors of two rows, then the lanes as a binary tree, `_VECTORS` of them after the others. A
    worker owns pairs of groups of rows, and their mirror images.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Gram)
        if no_update(hyper, r.step_share):
            return
        lanes = simd.lanes(arena)
        x, to = simd.advance(arena, r.x), simd.advance(arena, r.to)
        of_one, of_square = simd.get(hyper, CUBIC + 1), simd.get(hyper, CUBIC + 2)
        room = simd.room(arena, 16)
        groups, vectors = (r.rows + SIDE - 1) // SIDE, (r.columns + lanes - 1) // lanes
        first, end = share(groups * (groups + 1) // 2, worker, workers)
        for begin in range(0, vectors, _VECTORS):
            stop = min(begin + _VECTORS, vectors)
            done = 0
            for top in range(0, groups, _GROUPS):
                for j in range(top, groups):
                    count = min(_GROUPS, j + 1 - top)
                    low, high = max(first - done, 0), min(end - done, count)
                    done += count
                    right = simd.row_pointers(x, j * SIDE, lanes, r.rows - 1, SIDE)
                    for i in range(top + low, top + high):
                        left = simd.row_pointers(x, i * SIDE, lanes, r.rows - 1, SIDE)
                        tile = simd.begin_tile(arena, 0, 0, SIDE, SIDE)
                        for k in range(begin, stop):
                            at = k * r.x_block
                            tile = simd.multiply_add_pairs(tile, left, at, right, at)
                        simd.store_many(room, 0, lanes, simd.all_horizontal_sums(tile))
                        for a in range(i * SIDE, min(i * SIDE + SIDE, r.rows)):
                            for b in range(max(j * SIDE, a), min(j * SIDE + SIDE, r.rows)):
                                total = simd.get(room, (a - i * SIDE) * SIDE + b - j * SIDE)
                                place = b // lanes * r.x_block + a * lanes + b % lanes
                                mirror = a // lanes * r.x_block + b * lanes + a % lanes
                                if begin > 0:
                                    total = total + simd.get(to, place)
                                if combines and stop == vectors:
                                    one = simd.get(
                                        x, b // lanes * r.x_block + a * lanes + b % lanes
                                    )
                                    total = of_one * one + of_square * total
                                simd.put(to, place, total)
                                simd.put(to, mirror, total)
        # Rows have zeros behind their last column.
        last = r.rows // lanes
        first, end = share(r.rows, worker, workers)
        for a in range(first, end):
            for b in range(r.rows - last * lanes, lanes if r.rows % lanes else 0):
                simd.put(to, last * r.x_block + a * lanes + b, 0.0)

    return kernel


class NewtonSchulz(NamedTuple):
    """Fields of `muon_newton_schulz`."""

    x: int
    to: int
    x_block: int
    rows: int
    columns: int
    factors: int  # [block of rows][rows][lanes]
    rows_at_a_time: int
    packs: int
    step_share: int


def muon_newton_schulz():
    """to = a X + B X;  a worker owns whole blocks of columns, and adds terms in ascending order"""

    @inlined
    def finish(value, row, block, environment):
        x, to, x_block, lanes, factor = environment
        at = block * x_block + row * lanes
        simd.store(to, at, simd.fma(factor, simd.load(x, at), value))

    sweep = product("blocked", finish)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, NewtonSchulz)
        if no_update(hyper, r.step_share):
            return
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        blocks = (r.columns + lanes - 1) // lanes
        first, end = share((blocks + COLUMNS - 1) // COLUMNS, worker, workers)
        x = simd.advance(arena, r.x)
        sweep(
            (simd.advance(arena, r.factors), lanes, 1, r.x_block), r.rows,
            x, r.x_block,
            (0, r.rows, r.rows_at_a_time), (first * COLUMNS, min(end * COLUMNS, blocks)),
            (r.packs, simd.pointer_like(arena, c.panels)),
            (x, simd.advance(arena, r.to), r.x_block, lanes, simd.get(hyper, CUBIC)),
        )  # fmt: skip

    return kernel


class Follow(NamedTuple):
    """Fields of `muon_follow`."""

    weights: int
    averages: int
    lines: int
    line_step: int
    width: int
    block_step: int
    in_a_row: int
    turned: int
    x: int
    x_block: int
    scale: int  # bits of a float64
    step_share: int


@inlined
def _follow(weight, direction, slots, hyper):
    """w -= learning_rate * weight_decay * w  first, then  w -= step * direction"""
    return simd.fma(-hyper[STEP], direction, simd.fma(-hyper[DECAY], weight, weight)), slots


def muon_follow(rule):
    """w -= learning_rate * weight_decay * w;  w -= step * scale * X;  then the average, if the rule has one

    weights, averages  in lines        overwritten
    x                  as said above   read

    A worker owns whole units.
    """
    additions = rule.split("+")[1:]
    whole = Rule(_follow, 0, RULES["muon"].n_hyper + ("clip" in additions))
    if "average" in additions:
        whole = with_average(whole)
    function, n_slots, n_hyper, _ = whole

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Follow)
        if no_update(hyper, r.step_share):
            return
        lanes = simd.lanes(arena)
        scale = simd.cast_to(arena, simd.double_from_bits(r.scale))
        numbers = simd.get_many(hyper, n_hyper)
        slots = simd.pointers_apart(simd.advance(arena, r.averages), 0, n_slots)
        weights, x = simd.advance(arena, r.weights), simd.advance(arena, r.x)
        room = simd.room(arena, 16)
        units, across = _units(r, lanes)
        first, end = share(units, worker, workers)
        for unit in range(first, end):
            at, step, count, source = unit * lanes * lanes, lanes, lanes, 0
            if r.in_a_row:
                n = r.lines * r.width
                count = min(lanes, (n - at + lanes - 1) // lanes)
                for e in range(lanes * count):
                    a = min(at + e, n - 1) // r.width
                    b = min(at + e, n - 1) - a * r.width
                    value = simd.get(x, _place(r, a, b, lanes))
                    # What lies behind the last stays as it is.
                    simd.put(room, e, value if at + e < n else 0.0 * value)
            else:
                block = unit // across
                begin = (unit - block * across) * lanes
                count = min(lanes, r.lines - begin)
                at, step = begin * r.line_step + block * r.block_step, r.line_step
                if r.turned:
                    source = begin // lanes * r.x_block + block * lanes * lanes
                    turned = simd.transpose(simd.load_block(x, source, lanes))
                    inside = simd.lane_numbers(arena) < simd.cast_to(arena, r.width - block * lanes)
                    simd.store_many(room, 0, lanes, turned)
                    for a in range(count):
                        # Of rows that are not there nobody knows what is in them.
                        simd.store(
                            room, a * lanes, simd.select(inside, simd.load(room, a * lanes), 0.0)
                        )
                else:
                    for a in range(count):
                        simd.store(
                            room, a * lanes, simd.load(x, block * r.x_block + (begin + a) * lanes)
                        )
            for a in range(count):
                index = at + a * step
                weight, values = function(
                    simd.load(weights, index),
                    scale * simd.load(room, a * lanes),
                    simd.load_each(slots, index),
                    numbers,
                )
                simd.store(weights, index, weight)
                simd.store_each(slots, index, values)

    return kernel
