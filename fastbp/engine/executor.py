"""The loop that walks a program: every step of a chunk, alone or as a team of workers.

`program` has a row a kernel call: the kernel's address, then its fields; address 0 is a barrier, where data changes
hands, and its field says whether a loss that is not finite ends the walk there. Compiled once for all networks and
both precisions.

A team may not be whole: nothing promises that all iterations of a ``prange`` run at the same time. So workers first
meet. Whoever arrives before the door closes is in the team; who comes late returns at once. The bits do not depend
on who came, since every kernel gives each output element to one worker and sums in a fixed order.

A worker that walks alone lets one other thread join at any step.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import prange, types

from fastbp.engine.atomics import (
    atomic_add,
    atomic_load,
    atomic_or,
    atomic_store,
    call_kernel,
    copy_bytes,
    load_word,
    read_ticks,
    store_word,
    yield_processor,
)
from fastbp.kernels.context import CONTEXT_SIZE, Context, share
from fastbp.kernels.magnitudes import largest, lie_between, look
from fastbp.kernels.simd import float64, pointer_at
from fastbp.runtime.cache import compile_function
from fastbp.runtime.inlined import inlined
from fastbp.runtime.threads import launch_threads


class Job(NamedTuple):
    """What a chunk works on: one array of integers."""

    arena: int  # address
    hyper: int  # address of the first step's numbers
    hyper_stride: int  # bytes from a step's numbers to the next; 0 where they are constant
    values: int  # address of float64 [epoch][n_values]
    n_values: int
    status: int  # address of two int64: the step whose loss was not finite, and the steps done
    first_step: int
    n_steps: int
    steps_per_epoch: int
    batch: int
    samples: int  # in an epoch
    n_apart: int  # rows before the first barrier: in them no sample knows of another
    samples_at_a_time: int  # that go through these rows together; 0 for all
    parts: int  # in which they go through these rows, whoever does them; 0 where that is open


class Looks(NamedTuple):
    """What `update` looks at: one array of integers, which takes the answer, too."""

    inputs: int  # address
    targets: int  # address
    state: int  # address of parameters and the optimizer's state
    n_inputs: int  # numbers that have to be finite in the network's type; 0 where they are
    inputs_itemsize: int
    n_targets: int
    targets_itemsize: int
    n_classes: int  # targets are whole numbers below it; 0 where they have to be finite
    bounds: int  # address of two float64, between which targets that are no classes lie; 0 where there are none
    kept: int  # address of room for a copy of the state
    n_state: int
    itemsize: int  # of the state
    answer: int  # one of the following


#: An input or a target cannot be used, and nothing was done; all is well; or the state is no longer finite.
REFUSED, FINITE, NOT_FINITE = 0, 1, 2
_ANSWER = Looks._fields.index("answer")
_LARGEST_SINGLE, _LARGEST_DOUBLE = (float(np.finfo(each).max) for each in ("float32", "float64"))

_uint64 = types.uint64
_FIRST_STEP = Job._fields.index("first_step")
_ROWS = Context._fields.index("rows")
_ORDER = Context._fields.index("order")
_FIRST = Context._fields.index("first")
_VALUES = Context._fields.index("values")
_STEP = Context._fields.index("step")
_PIECE = Context._fields.index("piece")
_PIECES = Context._fields.index("pieces")

# Words of the meeting, each on a cache line of its own. The last three: who would help one that walks alone; from which
# step on that is let, counted from 1; whether the help has ended.
_ARRIVED, _TEAM, _BARRIER, _HELP, _JOINED, _HELPED = 0, 8, 16, 24, 32, 40
MEETING_SIZE = 48
_CLOSED = 1 << 32
#: Looks at a barrier, or for the others of a team, before the processor is given away.
_SPINS = 2_000


def _make_walk(timed):
    """The walk of one worker from step `begin` on; with `timed` it adds up, for each row, the processor's ticks.

    ticks  (workers, rows)  accumulated
    """

    @inlined
    def walk(program, contexts, job, meeting, worker, workers, begin, ticks):
        (arena, hyper, hyper_stride, values, n_values, status, first_step, n_steps) = (
            job[0], job[1], job[2], job[3], job[4], job[5], job[6], job[7]
        )  # fmt: skip
        per_epoch, batch, samples, n_apart = job[8], job[9], job[10], job[11]
        at_a_time, parts = job[12], job[13]
        passed = 0
        context = contexts[worker]
        epoch = begin // per_epoch
        place = (begin - epoch * per_epoch) * batch
        hyper += (begin - first_step) * hyper_stride
        for step in range(begin, first_step + n_steps):
            if workers == 1 and atomic_load(meeting, _HELP) > 0:
                workers = 2
                atomic_store(meeting, _JOINED, step + 1)
            context[_ROWS] = min(batch, samples - place)
            # As the samples lie, every epoch begins with the first of them.
            context[_FIRST] = place if context[_ORDER] == 0 else epoch * samples + place
            context[_VALUES] = values + epoch * n_values * 8
            context[_STEP] = step + 1
            first_piece, end_piece, pieces = 0, 1, 0
            if parts > 0:
                first_piece, end_piece = share(parts, worker, workers)
                pieces = parts
            elif at_a_time > 0:
                each = context[_ROWS] // (at_a_time * workers)
                if each > 1:
                    first_piece, end_piece = worker * each, (worker + 1) * each
                    pieces = workers * each
            context[_PIECES] = pieces
            if timed:
                before = read_ticks()
            for piece in range(first_piece, end_piece):
                context[_PIECE] = piece
                for row in range(n_apart):
                    call_kernel(
                        program[row, 0],
                        program,
                        row,
                        arena,
                        contexts,
                        worker,
                        hyper,
                        worker,
                        workers,
                    )
                    if timed:
                        now = read_ticks()
                        ticks[worker, row] += now - before
                        before = now
            context[_PIECES] = 0
            for row in range(n_apart, program.shape[0]):
                address = program[row, 0]
                if address != 0:
                    call_kernel(
                        address, program, row, arena, contexts, worker, hyper, worker, workers
                    )
                else:
                    if workers > 1:
                        passed += workers
                        atomic_add(meeting, _BARRIER, 1)
                        looks = 0
                        while atomic_load(meeting, _BARRIER) < passed:
                            looks += 1
                            if looks > _SPINS:
                                yield_processor()
                    # Of the own step: a faster worker may have failed in the next one, and waits at the same barrier.
                    if program[row, 1] != 0 and load_word(status) == step + 1:
                        return
                if timed:
                    now = read_ticks()
                    ticks[worker, row] += now - before
                    before = now
            if worker == 0:
                store_word(status + 8, step + 1)
            hyper += hyper_stride
            place += batch
            if place >= samples:
                place = 0
                epoch += 1

    return walk


def _make_alone(timed):
    walk = _make_walk(timed)

    def alone(program, contexts, job, meeting, ticks):
        walk(program, contexts, job, meeting, 0, 1, job[_FIRST_STEP], ticks)
        if atomic_load(meeting, _JOINED) == 0:
            atomic_or(meeting, _HELP, _CLOSED)
            return
        looks = 0
        while atomic_load(meeting, _HELPED) == 0:
            looks += 1
            if looks > _SPINS:
                yield_processor()

    return alone


def _make_help():
    walk = _make_walk(False)

    def help(program, contexts, job, meeting):
        if atomic_add(meeting, _HELP, 1) != 0:
            return
        looks = 0
        while atomic_load(meeting, _JOINED) == 0:
            # Nobody is let in behind the last step, whose walk ends all that may be read here.
            if atomic_load(meeting, _HELP) >= _CLOSED:
                return
            looks += 1
            if looks > _SPINS:
                yield_processor()
        walk(program, contexts, job, meeting, 1, 2, atomic_load(meeting, _JOINED) - 1, program)
        atomic_add(meeting, _HELPED, 1)

    return help


def _make_update():
    walk = _make_walk(False)
    are_finite, largest_of, are_between = inlined(look), inlined(largest), inlined(lie_between)

    def update(program, contexts, job, meeting, looks):
        (inputs, targets, state, n_inputs, inputs_itemsize, n_targets, targets_itemsize) = (
            looks[0], looks[1], looks[2], looks[3], looks[4], looks[5], looks[6]
        )  # fmt: skip
        n_classes, bounds, kept, n_state, itemsize = (
            looks[7], looks[8], looks[9], looks[10], looks[11]
        )  # fmt: skip
        looks[_ANSWER] = REFUSED
        largest_number = _LARGEST_DOUBLE if itemsize == 8 else _LARGEST_SINGLE
        bound = largest_number if inputs_itemsize == 8 else _LARGEST_SINGLE
        if not are_finite(inputs, n_inputs, inputs_itemsize, bound):
            return
        if n_classes > 0:
            if largest_of(targets, n_targets, targets_itemsize) >= _uint64(n_classes):
                return
        else:
            bound = largest_number if targets_itemsize == 8 else _LARGEST_SINGLE
            if not are_finite(targets, n_targets, targets_itemsize, bound):
                return
            if bounds != 0:
                ends = pointer_at(bounds, float64)
                if not are_between(targets, n_targets, targets_itemsize, ends[0], ends[1]):
                    return
        copy_bytes(state, kept, n_state * itemsize)
        walk(program, contexts, job, meeting, 0, 1, job[_FIRST_STEP], program)
        finite = are_finite(state, n_state, itemsize, largest_number)
        looks[_ANSWER] = FINITE if finite else NOT_FINITE

    return update


def _make_together(timed):
    walk = _make_walk(timed)

    @inlined
    def join(program, contexts, job, meeting, wanted, patience, ticks):
        worker = atomic_add(meeting, _ARRIVED, 1)
        if worker >= _CLOSED:
            return
        if worker == 0:
            looks = 0
            while atomic_load(meeting, _ARRIVED) < wanted and looks < patience:
                looks += 1
                # Who was just woken may have been given this processor, though another is idle.
                if looks > _SPINS:
                    yield_processor()
            team = atomic_or(meeting, _ARRIVED, _CLOSED)
            atomic_store(meeting, _TEAM, team)
        else:
            looks = 0
            while atomic_load(meeting, _TEAM) == 0:
                looks += 1
                if looks > _SPINS:
                    yield_processor()
        team = atomic_load(meeting, _TEAM)
        walk(program, contexts, job, meeting, worker, team, job[_FIRST_STEP], ticks)

    def together(program, contexts, job, meeting, wanted, patience, ticks):
        for _ in prange(wanted):
            join(program, contexts, job, meeting, wanted, patience, ticks)

    return together


_MATRIX = types.Array(types.int64, 2, "C")
_WORDS = types.Array(types.int64, 1, "C")


@cache
def alone(timed: bool = False) -> Any:
    """``f(program, contexts, job, meeting, ticks)``: one worker, no parallel region.

    `ticks` (workers, rows) is written by the timed form alone.
    """
    signature = types.void(_MATRIX, _MATRIX, _WORDS, _WORDS, _MATRIX)
    label = "executor-alone" + "-timed" * timed
    return compile_function(label, _make_alone(timed), signature)


@cache
def together(timed: bool = False) -> Any:
    """``f(program, contexts, job, meeting, wanted, patience, ticks)``: up to `wanted` workers in a parallel region.

    The first worker looks `patience` times for the others before it closes the door.
    """
    signature = types.void(_MATRIX, _MATRIX, _WORDS, _WORDS, types.int64, types.int64, _MATRIX)
    launch_threads()
    label = "executor-together" + "-timed" * timed
    return compile_function(label, _make_together(timed), signature, parallel=True)


@cache
def helper() -> Any:
    """``f(program, contexts, job, meeting)``: another thread joins the worker that walks alone, until that ends.

    It returns at once where nobody walks any more, or somebody else helps.
    """
    signature = types.void(_MATRIX, _MATRIX, _WORDS, _WORDS)
    return compile_function("executor-help", _make_help(), signature)


@cache
def update() -> Any:
    """``f(program, contexts, job, meeting, looks)``: a step by one worker, and all looks that go with it.

    Inputs and targets are looked at, the state is copied, the step is done, and the state is looked at. That is a call
    where Python would make five: a step of a small network is over before.
    """
    signature = types.void(_MATRIX, _MATRIX, _WORDS, _WORDS, _WORDS)
    return compile_function("executor-update", _make_update(), signature)


def new_meeting() -> np.ndarray:
    """Words at which a team meets; all zero before each region."""
    return np.zeros(MEETING_SIZE, np.int64)


def new_contexts(workers: int) -> np.ndarray:
    """A context for each worker."""
    return np.zeros((workers, CONTEXT_SIZE), np.int64)


def team_size(meeting: np.ndarray) -> int:
    """How many workers met."""
    return int(meeting[_TEAM])


def close(meeting: np.ndarray) -> None:
    """Let nobody help any more; whoever waits to be let in returns."""
    meeting[_HELP] = _CLOSED


def was_helped(meeting: np.ndarray) -> bool:
    """Whether another thread joined the worker that walked alone."""
    return bool(meeting[_JOINED])
