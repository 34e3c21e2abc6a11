"""Layers with features in lanes, for batches of few samples: against NumPy, on any number of workers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbp.kernels import dense, few_dense, weight_gradients
from fastbp.kernels.few import MOST_SAMPLES
from kernels.probes import aligned, n_lanes
from kernels.rows import Row

Array = NDArray[Any]
DTYPES = ["float32", "float64"]

#: Samples, inputs and outputs: single numbers, ragged blocks, sums that are cut, rows beyond the last full ones.
SHAPES = [
    (1, 1, 1),
    (1, 8, 8),
    (2, 3, 17),
    (3, 40, 5),
    (5, 7, 33),
    (8, 513, 12),
    (MOST_SAMPLES, 1100, 20),
]


def to_blocks(values: Array, lanes: int, samples: int, padding: float) -> Array:
    """Features in lanes, [feature block][sample][lanes]; NaN in padded samples, `padding` in padded features."""
    n_rows, n_features = values.shape
    wide = np.full((samples, -(-n_features // lanes) * lanes), np.nan, values.dtype)
    wide[:n_rows] = padding
    wide[:n_rows, :n_features] = values
    return wide.reshape(samples, -1, lanes).swapaxes(0, 1).ravel()


class Place:
    """An arena that is filled piece by piece, NaN between the pieces."""

    def __init__(self, dtype: str) -> None:
        self.arena = aligned(1 << 17, dtype, np.nan)
        self.end = 16

    def put(self, values: Array | int) -> int:
        """The offset of a copy of some numbers, or of room for so many."""
        offset = self.end
        size = values if isinstance(values, int) else values.size
        if not isinstance(values, int):
            self.arena[offset : offset + size] = values.ravel()
        self.end += -(-size // 16) * 16 + 16
        assert self.end < len(self.arena)
        return offset


@dataclass
class Case:
    """A layer and what meets it, as numbers."""

    n: int
    n_in: int
    n_out: int
    dtype: str

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.n + 31 * self.n_in)
        self.lanes = n_lanes(self.dtype)
        self.samples = -(-self.n // self.lanes) * self.lanes
        self.inputs = random.normal(size=(self.n, self.n_in)).astype(self.dtype)
        self.weights = random.normal(size=(self.n_out, self.n_in)).astype(self.dtype)
        self.bias = random.normal(size=self.n_out).astype(self.dtype)
        self.gradient = random.normal(size=(self.n, self.n_out)).astype(self.dtype)
        self.place = Place(self.dtype)

    def padded(self, n: int) -> int:
        """A width in whole vectors."""
        return -(-n // self.lanes) * self.lanes

    def put_weights(self) -> tuple[int, int]:
        """Offset and stride of [output][input], with numbers in the padding."""
        wide = np.full((self.n_out, self.padded(self.n_in)), 7.0, self.dtype)
        wide[:, : self.n_in] = self.weights
        return self.place.put(wide), wide.shape[1]

    def put_bias(self) -> int:
        """Offset of the bias, padded with zeros."""
        wide = np.zeros(self.padded(self.n_out), self.dtype)
        wide[: self.n_out] = self.bias
        return self.place.put(wide)

    def put_rows(self, values: Array, padding: float = 0.0) -> int:
        """Offset of an activation with features in lanes."""
        return self.place.put(to_blocks(values, self.lanes, self.samples, padding))

    def rows(self, offset: int, width: int) -> Array:
        """An activation with features in lanes as [sample][padded feature]."""
        size = self.samples * self.padded(width)
        blocks = self.place.arena[offset : offset + size].reshape(-1, self.samples, self.lanes)
        return blocks.swapaxes(0, 1).reshape(self.samples, -1)

    def run(self, row: Row, fields: Any, workers: int, **context: Any) -> None:
        """All workers' shares."""
        for worker in range(workers):
            row.run(fields, worker, workers, rows=self.n, **context)

    def check(self, found: Array, expected: Array, terms: int) -> None:
        """Equal, but for what rounding may do to a sum of so many terms."""
        assert np.abs(found - expected).max() < 20 * np.finfo(self.dtype).eps * np.sqrt(terms)


def forward(case: Case, workers: int, rows: int) -> tuple[Array, Array]:
    """Outputs and sums of a layer of tanh units and one that keeps its sums."""
    weights, stride = case.put_weights()
    inputs, bias = case.put_rows(case.inputs, 0.5), case.put_bias()
    found = []
    for activation in ("tanh", "silu"):
        outputs = case.place.put(case.samples * case.padded(case.n_out))
        kept = case.place.put(case.samples * case.padded(case.n_out))
        fields = few_dense.FewForward(
            inputs, weights, stride, bias, outputs, kept, case.samples, case.n_in, case.n_out
        )
        case.run(Row("few_forward", case.place.arena, activation, rows), fields, workers)
        found.append(case.rows(outputs if activation == "tanh" else kept, case.n_out))
    return found[0], found[1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_forward(shape: tuple[int, int, int], dtype: str) -> None:
    """Zeros in the padded features, nothing in padded samples, the same bits for any number of workers and rows."""
    case = Case(*shape, dtype)
    outputs, sums = forward(case, 1, 2)
    exact = case.inputs.astype(np.float64) @ case.weights.T.astype(np.float64) + case.bias
    case.check(sums[: case.n, : case.n_out], exact, 10 * case.n_in)
    case.check(outputs[: case.n, : case.n_out], np.tanh(exact), 10 * case.n_in)
    for each in (outputs, sums):
        assert (each[: case.n, case.n_out :] == 0).all()
        assert np.isnan(each[case.n :]).all()
    four = min(4, case.lanes)
    for workers, rows in ((2, 2), (3, 2), (8, 2), (1, four), (3, four)):
        again = forward(Case(*shape, dtype), workers, rows)
        np.testing.assert_array_equal(again, (outputs, sums))


def input_gradient(case: Case, workers: int) -> Array:
    """The gradient below a layer, behind units of tanh."""
    weights, stride = case.put_weights()
    # What lies in the padding of a gradient is not to be used.
    above = case.put_rows(case.gradient, np.nan)
    kept = case.put_rows(np.tanh(case.inputs), 0.5)
    gradient = case.place.put(case.samples * case.padded(case.n_in))
    fields = few_dense.FewInputGradient(
        above, weights, stride, kept, gradient, case.samples, case.n_in, case.n_out
    )
    case.run(Row("few_input_gradient", case.place.arena, "tanh"), fields, workers)
    return case.rows(gradient, case.n_in)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_input_gradient(shape: tuple[int, int, int], dtype: str) -> None:
    n, n_out, n_in = shape
    case = Case(n, n_in, n_out, dtype)
    found = input_gradient(case, 1)
    exact = case.gradient.astype(np.float64) @ case.weights.astype(np.float64)
    exact *= 1 - np.tanh(case.inputs.astype(np.float64)) ** 2
    case.check(found[:n, :n_in], exact, 10 * n_out)
    assert (found[:n, n_in:] == 0).all()
    assert np.isnan(found[n:]).all()
    for workers in (2, 3, 8):
        again = input_gradient(Case(n, n_in, n_out, dtype), workers)
        np.testing.assert_array_equal(again, found)


def first_forward(case: Case, workers: int, few: int) -> Array:
    """Outputs of a first layer of tanh units."""
    wide = np.zeros((case.n_in, case.padded(case.n_out)), case.dtype)
    wide[:, : case.n_out] = case.weights.T
    weights = case.place.put(
        np.ascontiguousarray(wide.reshape(case.n_in, -1, case.lanes).swapaxes(0, 1))
    )
    table = np.array([row.ctypes.data for row in case.inputs], np.int64)
    fields = dense.FirstForward(
        case.place.put(table.view(case.dtype)),
        weights,
        case.put_bias(),
        case.place.put(case.samples * case.padded(case.n_out)),
        case.samples,
        case.n_in,
        case.n_out,
        120,
        few,
    )
    case.run(Row("first_forward", case.place.arena, "tanh"), fields, workers)
    return case.rows(fields.outputs, case.n_out)[: case.n, : case.n_out]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_first_forward(shape: tuple[int, int, int], dtype: str) -> None:
    """The same bits for any number of workers, and as when workers own samples."""
    case = Case(*shape, dtype)
    found = first_forward(case, 1, few=1)
    exact = case.inputs.astype(np.float64) @ case.weights.T.astype(np.float64) + case.bias
    case.check(found, np.tanh(exact), 10 * case.n_in)
    for workers, few in ((2, 1), (3, 1), (8, 1), (1, 0)):
        again = first_forward(Case(*shape, dtype), workers, few)
        np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (9, 30), (50, 7)])
def test_weight_gradients_of_one_sample(n_in: int, n_out: int, workers: int, dtype: str) -> None:
    """Products, in both layouts of the weights; nothing is written beside them."""
    case = Case(1, n_in, n_out, dtype)
    expected = np.outer(case.gradient[0], case.inputs[0])
    table = np.array([case.inputs.ctypes.data], np.int64)
    lanes, wide_in, wide_out = case.lanes, case.padded(n_in), case.padded(n_out)
    in_lanes = np.zeros((wide_out, lanes), dtype)
    in_lanes[:n_out, 0] = case.gradient[0]
    inputs, above = case.put_rows(case.inputs), case.place.put(in_lanes)
    weights, first_weights = case.place.put(n_out * wide_in), case.place.put(n_in * wide_out)
    fields = weight_gradients.WeightGradient(
        inputs,
        above,
        wide_out,
        case.samples,
        weights,
        wide_in,
        weights,
        0,
        0,
        0,
        n_in,
        n_out,
        120,
        0,
    )
    first = fields._replace(
        inputs=case.place.put(table.view(dtype)),
        output_gradient=case.put_rows(case.gradient),
        weights=first_weights,
        slots=first_weights,
    )
    before = np.isnan(case.place.arena).sum()
    case.run(Row("weight_gradient", case.place.arena, "store", False), fields, workers)
    case.run(Row("first_weight_gradient", case.place.arena, "store", False), first, workers)
    found = case.place.arena[weights : weights + n_out * wide_in].reshape(n_out, wide_in)
    np.testing.assert_array_equal(found[:, :n_in], expected)
    assert (found[:, n_in:] == 0).all()
    blocks = case.place.arena[first_weights : first_weights + n_in * wide_out]
    blocks = blocks.reshape(-1, n_in, lanes).swapaxes(0, 1).reshape(n_in, -1)
    np.testing.assert_array_equal(blocks[:, :n_out], expected.T)
    assert (blocks[:, n_out:] == 0).all()
    written = n_out * wide_in + n_in * wide_out
    assert np.isnan(case.place.arena).sum() == before - written
