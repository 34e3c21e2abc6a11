"""Nothing beside the caller's arrays is read or written: they lie between pages that may not be touched."""

import sys
from typing import Any

import pytest

from contracts import children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="protects pages as Linux does")

# An array that ends where a forbidden page begins, or begins where one ends.
FENCED = """
import ctypes, json, mmap
import numpy as np
from contracts.problems import digest
from engine.problem import BATCH, network, slim, small
from fastbp.data.source import as_source

libc = ctypes.CDLL(None, use_errno=True)
maps = []

def fenced(array, at_end):
    page = mmap.PAGESIZE
    n_pages = -(-array.nbytes // page)
    memory = mmap.mmap(-1, (n_pages + 2) * page)
    maps.append(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    begin = (n_pages + 1) * page - array.nbytes if at_end else page
    inside = np.frombuffer(memory, np.uint8)[begin : begin + array.nbytes]
    inside = inside.view(array.dtype).reshape(array.shape)
    inside[...] = array
    for forbidden in (start, start + (n_pages + 1) * page):
        if libc.mprotect(ctypes.c_void_p(forbidden), ctypes.c_size_t(page), 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    return inside
"""

TRAIN = """
def bits(problem, fence):
    found = []
    weight = problem.sample_weight
    for inputs, targets in (
        (problem.inputs, problem.targets.astype(np.int64)),
        ((10 * problem.inputs).astype(np.float32), problem.targets.astype(np.uint8)),
    ):
        arrays = [fence(array) for array in (inputs, targets, weight)]
        for view in (slice(None), slice(None, None, -1)):
            sources = [as_source(array[view]) for array in arrays]
            given = network(problem)
            for batch_size in (1, BATCH, 51):
                orders = problem.orders(1)
                given.train(*sources, orders, batch_size=batch_size, threads=1)
                found.append(given.evaluate(*sources, batch_size=batch_size, threads=1))
                found.append(given.predict(sources[0], batch_size=batch_size, threads=1))
            found += given.gradients(*sources)[1] + given.weights()
    return digest(found)

for problem in (small(), slim()):
    expected = bits(problem, lambda array: array)
    for at_end in (False, True):
        assert bits(problem, lambda array: fenced(array, at_end)) == expected
print(json.dumps(expected))
"""

TOUCH = """
array = fenced(np.zeros(3), %r)
print(json.dumps(float(np.lib.stride_tricks.as_strided(array[%d:], [2], [%d])[1])), flush=True)
"""


def test_only_the_arrays_are_read() -> None:
    """Training, evaluation, prediction and gradients, in place and gathered, forwards and backwards."""
    assert children.run(FENCED, TRAIN)


@pytest.mark.parametrize(("at_end", "start", "stride"), [(True, 2, 8), (False, 0, -8)])
def test_planted_fault_is_seen(at_end: bool, start: int, stride: int) -> None:
    """One number beside an array: the child is ended by the system."""
    segmentation_fault: Any = -11
    children.run(FENCED, TOUCH % (at_end, start, stride), expected=segmentation_fault)
