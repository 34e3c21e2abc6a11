"""Where parameters and buffers lie: aligned, apart, zero in the padding; and what is written is read back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import naive
from contracts.problems import OPTIMIZERS, Problem, digest
from fastbp.compiler import rows
from fastbp.compiler.graph import build_graph
from fastbp.compiler.layout import ALIASING, ALIGNMENT, Allocator, ParameterLayout, padded, spread
from fastbp.nn import Dense

Array = NDArray[Any]
DTYPES = ("float32", "float64")

#: Inputs and units of networks: one of everything, widths on both sides of a vector's, rows that would alias.
SIZES = [
    (1, [1]),
    (5, [1, 1]),
    (3, [8, 1]),
    (17, [9, 16, 15]),
    (300, [256, 7, 129, 1]),
    (2, [1024, 3]),
]


def parameter_layout(n_inputs: int, units: Sequence[int], dtype: str) -> ParameterLayout:
    """The layout of a network whose second layer has no bias."""
    layers = [Dense(n, use_bias=number != 1) for number, n in enumerate(units)]
    return ParameterLayout(build_graph(n_inputs, layers), np.dtype(dtype))


def shapes(n_inputs: int, units: Sequence[int]) -> list[tuple[int, ...]]:
    """Of the arrays in Keras's order."""
    found: list[tuple[int, ...]] = []
    for number, (n_in, n_out) in enumerate(zip([n_inputs, *units], units, strict=False)):
        found.append((n_in, n_out))
        if number != 1:
            found.append((n_out,))
    return found


def numbered(wanted: Sequence[tuple[int, ...]], dtype: str) -> list[Array]:
    """Arrays of these shapes that hold 1, 2, 3 ..."""
    sizes = [int(np.prod(shape)) for shape in wanted]
    ends = np.cumsum(sizes)
    parts = np.split(np.arange(1, ends[-1] + 1, dtype=dtype), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, wanted, strict=True)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n_inputs", "units"), SIZES)
def test_what_is_written_is_read(n_inputs: int, units: list[int], dtype: str) -> None:
    """Every number has a place of its own, and all other places stay zero."""
    layout = parameter_layout(n_inputs, units, dtype)
    arrays = numbered(shapes(n_inputs, units), dtype)
    parameters = np.zeros(layout.size, dtype)
    layout.write(parameters, arrays)
    for found, wanted in zip(layout.read(parameters), arrays, strict=True):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, wanted)
    held = np.sort(parameters[parameters != 0])
    np.testing.assert_array_equal(held, np.concatenate([array.ravel() for array in arrays]))


@pytest.mark.parametrize(("n_inputs", "units"), SIZES)
def test_what_is_read_is_a_copy(n_inputs: int, units: list[int]) -> None:
    """Also where a kernel lies in one piece, as that of one output does."""
    layout = parameter_layout(n_inputs, units, "float32")
    parameters = np.zeros(layout.size, np.float32)
    for array in layout.read(parameters):
        assert not np.shares_memory(array, parameters)
        assert array.flags.c_contiguous


def test_any_order_and_type_is_written() -> None:
    layout = parameter_layout(3, [4, 2], "float32")
    arrays = numbered(shapes(3, [4, 2]), "float64")
    parameters = np.zeros(layout.size, np.float32)
    layout.write(parameters, [np.asfortranarray(array[::-1]) for array in arrays])
    for found, wanted in zip(layout.read(parameters), arrays, strict=True):
        np.testing.assert_array_equal(found, wanted[::-1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n_inputs", "units"), SIZES)
def test_parameters_begin_on_cache_lines(n_inputs: int, units: list[int], dtype: str) -> None:
    layout = parameter_layout(n_inputs, units, dtype)
    itemsize = np.dtype(dtype).itemsize
    for kernel, bias in layout.places:
        assert kernel.offset * itemsize % ALIGNMENT == 0
        assert bias.offset * itemsize % ALIGNMENT == 0
        assert kernel.stride * itemsize % (layout.lanes * itemsize) == 0
    assert layout.size * itemsize % ALIGNMENT == 0


@pytest.mark.parametrize("itemsize", [4, 8])
def test_strides_do_not_alias(itemsize: int) -> None:
    for stride in range(16, 5000, 8):
        wide = spread(stride, itemsize)
        lines = 0
        if stride * itemsize % ALIASING == 0:
            # Six rows that begin in one place of a cache are spread further than two.
            lines = 5 if stride * itemsize % (4 * ALIASING) == 0 else 1
        assert wide == stride + lines * ALIGNMENT // itemsize
        assert wide * itemsize % ALIASING != 0


def test_counts_are_rounded_up_to_whole_vectors() -> None:
    assert [padded(count, 8) for count in (0, 1, 7, 8, 9, 16)] == [0, 8, 8, 8, 16, 16]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("begin", [0, 1, 37, 64])
def test_the_allocator(begin: int, dtype: str) -> None:
    allocator = Allocator(np.dtype(dtype), begin)
    end = begin
    for count in (1, 16, 17, 5, 100, 0, 3):
        offset = allocator.take(count)
        assert offset >= end
        assert offset * np.dtype(dtype).itemsize % ALIGNMENT == 0
        end = offset + count
        assert allocator.end >= end


#: What no kernel computes.
CANARY = -987.625
#: Elements of it behind each buffer.
GAP = 64


class SpacedAllocator(Allocator):
    """Leaves a gap behind every buffer, and remembers what it gave."""

    taken: list[tuple[int, int]]

    def __init__(self, dtype: np.dtype, begin: int = 0) -> None:
        super().__init__(dtype, begin)
        SpacedAllocator.taken = []

    def take(self, count: int) -> int:
        offset = super().take(count)
        super().take(GAP)
        SpacedAllocator.taken.append((offset, count))
        return offset


def wide_problem(batch: int) -> Problem:
    """Every kind of buffer: normalized inputs come elsewhere, the rest is here, and no width is a vector's."""
    layers = [
        naive.Dense(19, "tanh", kernel_penalty=(0.01, 0.02)),
        naive.Dense(1, "linear"),
        naive.Activation("relu"),
        naive.Dense(5, "softmax", bias_penalty=(0.0, 0.01)),
    ]
    return Problem(7, layers, "sparse_categorical_crossentropy", n_rows=2 * batch + 3)


def train(problem: Problem, batch: int, dtype: str) -> tuple[Any, str]:
    """A network after two epochs whose workspace was CANARY before, and the bits of all that it learned."""
    network = problem.engine(dtype, OPTIMIZERS["momentum"][1])
    network.memory_plan(batch)
    # Inputs that are float64 are gathered into a float32 arena: two epochs, so that the program is known.
    sources, orders = problem.sources(), problem.orders(3)
    network.train(*sources, orders[:1], batch_size=batch, threads=1)
    network._arena.array[network._state_size :] = CANARY
    network.train(*sources, orders[1:], batch_size=batch, threads=1)
    return network, digest([*network.weights(), *network.optimizer_state().values()])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 9, 17])
def test_no_kernel_writes_beyond_its_buffers(
    batch: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With gaps between all buffers, the gaps are untouched and the bits are the same."""
    problem = wide_problem(batch)
    _, expected = train(problem, batch, dtype)
    monkeypatch.setattr(rows, "Allocator", SpacedAllocator)
    network, found = train(problem, batch, dtype)
    arena, taken = network._arena.array, SpacedAllocator.taken
    assert found == expected
    assert len(taken) > 10
    ends = [offset + count for offset, count in taken]
    begins = [*[offset for offset, _ in taken[1:]], len(arena)]
    gaps = [arena[end:begin] for end, begin in zip(ends, begins, strict=True)]
    assert all(len(gap) >= GAP for gap in gaps)
    assert [number for number, gap in enumerate(gaps) if (gap != CANARY).any()] == []
    # The planted fault: a buffer that is written, taken for a gap.
    assert any((arena[offset : offset + count] != CANARY).any() for offset, count in taken)


@pytest.mark.parametrize("dtype", DTYPES)
def test_padding_stays_zero(dtype: str) -> None:
    """Kernels rely on it instead of masks: in weights and optimizer state, after training with poison around."""
    problem = wide_problem(9)
    network, _ = train(problem, 9, dtype)
    size = network._layout.size
    places = np.zeros(size, dtype)
    network._layout.write(places, [np.ones_like(weight) for weight in network.weights()])
    padding = places == 0
    assert padding.any()
    for part in (network._arena.array[:size], network._slot(0)):
        np.testing.assert_array_equal(part[padding], 0)
        assert (part[~padding] != 0).mean() > 0.9
