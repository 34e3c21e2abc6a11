"""Kernels that move numbers: any type and stride in, ragged edges, poison beside everything, and shares of workers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbp.data.source import as_source
from fastbp.kernels import layout
from fastbp.source import DTYPES
from kernels.probes import aligned, n_lanes
from kernels.rows import Row

Array = NDArray[Any]

N_SAMPLES, N_COLUMNS = 23, 5

#: Views of the same numbers, by how they lie.
VIEWS: dict[str, Callable[[Array], Array]] = {
    "plain": lambda x: x,
    "rows backwards": lambda x: x[::-1].copy()[::-1],
    "columns backwards": lambda x: x[:, ::-1].copy()[:, ::-1],
    "both backwards": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "fortran": np.asfortranarray,
    "every third": lambda x: np.repeat(np.repeat(x, 3, axis=0), 2, axis=1)[::3, ::2],
    "one row again and again": lambda x: np.broadcast_to(x[:1], x.shape),
}


def values_of(dtype: str) -> Array:
    """Numbers that the type can hold, its ends among them where float64 holds them, too."""
    random = np.random.default_rng(0)
    if dtype == "bool":
        return random.integers(0, 2, (N_SAMPLES, N_COLUMNS)).astype(bool)
    if dtype.startswith("float"):
        return random.normal(size=(N_SAMPLES, N_COLUMNS)).astype(dtype)
    limits = np.iinfo(dtype)
    numbers = random.integers(limits.min, limits.max, (N_SAMPLES, N_COLUMNS), dtype, endpoint=True)
    numbers[0, :2] = limits.min, limits.max
    return numbers


def context_of(source: Any, order: Array, rows: int, first: int) -> dict[str, int]:
    return {
        "rows": rows,
        "first": first,
        "order": order.ctypes.data,
        "inputs": source.address,
        "inputs_row_stride": source.row_stride,
        "inputs_column_stride": source.column_stride,
    }


def gathered(
    x: Array, arena_dtype: str, rows: int, workers: int, normalization: Array | None = None
) -> tuple[Array, Array, Array]:
    """(inputs, as they were found through the table, those wanted), all samples of the blocks; poison is checked."""
    lanes = n_lanes(arena_dtype)
    samples = -(-rows // lanes) * lanes
    stride = N_COLUMNS + lanes
    # The table, the inputs, mean and scale, each with poison behind it.
    n_table = samples * 8 // np.dtype(arena_dtype).itemsize
    starts = np.cumsum(
        [0, n_table + lanes, samples * stride + lanes, stride + lanes, stride + lanes]
    )
    arena = aligned(int(starts[-1]), arena_dtype, np.nan)
    places = [-1, -1]
    if normalization is not None:
        places = [int(starts[2]), int(starts[3])]
        for place, numbers in zip(places, normalization, strict=True):
            arena[place : place + N_COLUMNS] = numbers
    fields = layout.GatherInputs(0, int(starts[1]), stride, N_COLUMNS, *places)
    source = as_source(x)
    order = np.random.default_rng(1).permutation(N_SAMPLES)
    row = Row("gather_inputs", arena, DTYPES[source.code], normalization is not None)
    for worker in range(workers):
        row.run(fields, worker, workers, **context_of(source, order, rows, 2))
    wanted = x[order[2 + np.minimum(np.arange(samples), rows - 1)]]
    inputs = arena[starts[1] : starts[1] + samples * stride].reshape(samples, stride)
    table = arena[:n_table].view(np.int64)
    offsets = (table - arena.ctypes.data) // arena.itemsize
    through_table = np.array([arena[o : o + N_COLUMNS] for o in offsets])
    assert np.isnan(arena[n_table : starts[1]]).all()
    assert np.isnan(arena[starts[1] + samples * stride : starts[2]]).all()
    # Behind a row nothing is written but, by the normalization, in its last vector.
    padded = -(-N_COLUMNS // lanes) * lanes
    assert np.isnan(inputs[:, padded if normalization is not None else N_COLUMNS :]).all()
    return inputs[:, :N_COLUMNS], through_table, wanted


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_inputs_of_every_type_and_stride(dtype: str, view: str) -> None:
    x = VIEWS[view](values_of(dtype))
    for rows, workers in ((1, 1), (8, 2), (19, 3)):
        inputs, through_table, wanted = gathered(x, "float32", rows, workers)
        np.testing.assert_array_equal(inputs, wanted.astype(np.float32))
        np.testing.assert_array_equal(through_table, inputs)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_inputs_in_double_precision(dtype: str) -> None:
    x = VIEWS["both backwards"](values_of(dtype))
    inputs, _, wanted = gathered(x, "float64", 9, 1)
    np.testing.assert_array_equal(inputs, wanted.astype(np.float64))


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_normalization(dtype: str) -> None:
    """(x - mean) * scale in the arena's precision, in this order."""
    x = values_of(dtype)
    statistics = np.array([np.linspace(-3, 40, N_COLUMNS), np.linspace(0.5, 2, N_COLUMNS)])
    mean, scale = statistics.astype(np.float32)
    inputs, _, wanted = gathered(x, "float32", 13, 2, np.array([mean, scale]))
    np.testing.assert_array_equal(inputs, (wanted.astype(np.float32) - mean) * scale)


def test_planted_fault_in_the_order_is_seen() -> None:
    inputs, _, wanted = gathered(values_of("float32"), "float32", 9, 1)
    assert (inputs[:9] != np.roll(wanted[:9], 1, axis=0)).any(axis=1).all()


@pytest.mark.parametrize("view", ["plain", "rows backwards", "every third"])
def test_inputs_read_in_place(view: str) -> None:
    """The table holds the addresses of the samples themselves, of the last one again in the padding."""
    x = VIEWS[view](values_of("float32"))
    lanes, rows = n_lanes("float32"), 11
    samples = -(-rows // lanes) * lanes
    arena = aligned(2 * samples, "float32", np.nan)
    source, order = as_source(x), np.random.default_rng(1).permutation(N_SAMPLES)
    row = Row("point_at_inputs", arena)
    for worker in range(2):
        row.run(
            layout.GatherInputs(0, -1, 0, N_COLUMNS, -1, -1),
            worker,
            2,
            **context_of(source, order, rows, 3),
        )
    places = order[3 + np.minimum(np.arange(samples), rows - 1)]
    expected = [x[place].ctypes.data for place in places]
    np.testing.assert_array_equal(arena.view(np.int64), expected)


def test_no_order_is_the_order_of_the_data() -> None:
    x = values_of("float32")
    rows = lanes = n_lanes("float32")
    arena = aligned(2 * lanes, "float32", np.nan)
    context = context_of(as_source(x), np.zeros(1, np.int64), rows, 4) | {"order": 0}
    Row("point_at_inputs", arena).run(layout.GatherInputs(0, -1, 0, N_COLUMNS, -1, -1), **context)
    expected = [x[4 + i].ctypes.data for i in range(rows)]
    np.testing.assert_array_equal(arena.view(np.int64), expected)


@pytest.mark.parametrize(
    ("dtype", "weight_dtype", "single"),
    [
        ("int64", None, True),
        ("float32", "float64", False),
        ("bool", None, False),
        ("uint8", "int32", True),
    ],
)
def test_targets(dtype: str, weight_dtype: str | None, single: bool) -> None:
    """Targets of any type; a sample counts weight / rows, and 0 in the padding."""
    y = VIEWS["both backwards"](values_of(dtype))
    source = as_source(y)
    lanes, rows, first = n_lanes("float32"), 13, 5
    samples = -(-rows // lanes) * lanes
    stride = 1 if single else N_COLUMNS + 2
    arena = aligned(samples * (1 + stride) + lanes, "float32", np.nan)
    order = np.random.default_rng(2).permutation(N_SAMPLES)
    context = {
        "rows": rows,
        "first": first,
        "order": order.ctypes.data,
        "targets": source.address,
        "targets_row_stride": source.row_stride,
        "targets_column_stride": source.column_stride,
    }
    weight = np.ones(N_SAMPLES)
    if weight_dtype is not None:
        weight = np.arange(N_SAMPLES).astype(weight_dtype)[::-1]
        counts = as_source(weight)
        context |= {"weights": counts.address, "weights_stride": counts.row_stride}
    row = Row("gather_targets", arena, dtype, weight_dtype, single)
    fields = layout.GatherTargets(0, samples, stride, 1 if single else N_COLUMNS)
    for worker in range(3):
        row.run(fields, worker, 3, **context)
    places = order[first : first + rows]
    scale = arena[:samples]
    expected = 1 / rows * weight[places].astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(scale[:rows], expected.astype(np.float32))
    np.testing.assert_array_equal(scale[rows:], 0)
    targets = arena[samples : samples * (1 + stride)].reshape(samples, stride)
    n_out = 1 if single else N_COLUMNS
    np.testing.assert_array_equal(targets[:rows, :n_out], y[places, :n_out].astype(np.float32))
    assert np.isnan(targets[:, n_out:]).all()
    assert np.isnan(arena[samples * (1 + stride) :]).all()


class Blocked:
    """An activation in both layouts, filled with poison where it holds no number.

    lanes   samples in lanes, [sample block][feature][L]
    rows    features in lanes, [feature block][sample][L]
    """

    def __init__(
        self, n_rows: int, n_features: int, dtype: str, workers: int, few: bool = False
    ) -> None:
        self.n = n_lanes(dtype)
        self.n_rows, self.n_features, self.workers = n_rows, n_features, workers
        self.samples = -(-n_rows // self.n) * self.n
        self.features = -(-n_features // self.n) * self.n
        self.size = self.samples * self.features
        self.arena = aligned(3 * self.size, dtype, np.nan)
        self.values = np.random.default_rng(0).normal(size=(n_rows, n_features)).astype(dtype)
        fields = (self.size, self.samples * self.n, self.n, 0, n_features, self.features, int(few))
        self.fields = layout.Transpose(*fields)

    @property
    def lanes(self) -> Array:
        """As [sample][feature]."""
        blocks = self.arena[: self.size].reshape(-1, self.features, self.n)
        return blocks.swapaxes(1, 2).reshape(self.samples, self.features)

    @property
    def rows(self) -> Array:
        """As [sample][feature]."""
        blocks = self.arena[self.size : 2 * self.size].reshape(-1, self.samples, self.n)
        return blocks.swapaxes(0, 1).reshape(self.samples, self.features)

    def fill(self, name: str) -> None:
        """Put the values into one of the layouts."""
        full = np.full((self.samples, self.features), np.nan, self.arena.dtype)
        full[: self.n_rows, : self.n_features] = self.values
        if name == "lanes":
            blocks = full.reshape(-1, self.n, self.features).swapaxes(1, 2)
            self.arena[: self.size] = blocks.ravel()
        else:
            blocks = full.reshape(self.samples, -1, self.n).swapaxes(0, 1)
            self.arena[self.size : 2 * self.size] = blocks.ravel()

    def run(self, kernel: str) -> None:
        for worker in range(self.workers):
            Row(kernel, self.arena).run(self.fields, worker, self.workers, rows=self.n_rows)


RAGGED = [(1, 1, 1), (8, 8, 2), (9, 7, 1), (16, 24, 3), (17, 3, 2), (7, 33, 1), (40, 19, 8)]


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_rows", "n_features", "workers"), RAGGED)
def test_to_samples_in_lanes(
    n_rows: int, n_features: int, workers: int, dtype: str, few: bool
) -> None:
    """Whatever lay in the padding, zeros are there afterwards."""
    given = Blocked(n_rows, n_features, dtype, workers, few)
    given.fill("rows")
    given.run("to_samples_in_lanes")
    np.testing.assert_array_equal(given.lanes[:n_rows, :n_features], given.values)
    assert (given.lanes[n_rows:] == 0).all()
    assert (given.lanes[:, n_features:] == 0).all()
    assert np.isnan(given.arena[2 * given.size :]).all()


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_rows", "n_features", "workers"), RAGGED)
def test_to_features_in_lanes(
    n_rows: int, n_features: int, workers: int, dtype: str, few: bool
) -> None:
    """Zeros in the padded features of every sample."""
    given = Blocked(n_rows, n_features, dtype, workers, few)
    given.fill("lanes")
    given.run("to_features_in_lanes")
    np.testing.assert_array_equal(given.rows[:n_rows, :n_features], given.values)
    assert (given.rows[:, n_features:] == 0).all()
    assert np.isnan(given.arena[2 * given.size :]).all()


def test_a_worker_writes_its_own_blocks_alone() -> None:
    """Of three workers the second: what it writes, the others do not, and nobody else's blocks are touched."""
    lanes = n_lanes("float32")
    written = []
    for worker in range(3):
        given = Blocked(5 * lanes - 3, 2 * lanes, "float32", 1)
        given.fill("rows")
        Row("to_samples_in_lanes", given.arena).run(given.fields, worker, 3, rows=given.n_rows)
        written.append(~np.isnan(given.arena[: given.size].reshape(5, -1)))
    blocks = np.array([each.all(axis=1) for each in written])
    assert (blocks == np.array([each.any(axis=1) for each in written])).all()
    assert (blocks.sum(axis=0) == 1).all()
    assert (blocks.sum(axis=1) >= 1).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_rows", "n_features", "workers"), RAGGED)
def test_outputs_are_written(n_rows: int, n_features: int, workers: int, dtype: str) -> None:
    """Rows of the batch and no more, at the batch's place."""
    given = Blocked(n_rows, n_features, dtype, workers)
    given.fill("lanes")
    outputs = np.full((n_rows + 7, n_features), np.nan, dtype)
    fields = layout.WriteOutputs(0, n_features, given.features)
    for worker in range(workers):
        Row("write_outputs", given.arena).run(
            fields, worker, workers, rows=n_rows, first=4, outputs=outputs.ctypes.data
        )
    np.testing.assert_array_equal(outputs[4 : 4 + n_rows], given.values)
    assert np.isnan(outputs[:4]).all()
    assert np.isnan(outputs[4 + n_rows :]).all()


@pytest.mark.parametrize("view", ["both backwards", "fortran", "plain"])
@pytest.mark.parametrize("normalized", [False, True])
def test_gathered_into_lanes(view: str, normalized: bool) -> None:
    """Inputs and targets of few columns; zeros in the padding of inputs, the last target again in that of targets."""
    x = VIEWS[view](values_of("float64"))
    source, lanes, rows = as_source(x), n_lanes("float32"), 19
    samples, features = -(-rows // lanes) * lanes, -(-N_COLUMNS // lanes) * lanes
    size = samples * features
    starts = [lanes, 2 * lanes + size, 3 * lanes + size + features]
    order = np.random.default_rng(3).permutation(N_SAMPLES)
    context = context_of(source, order, rows, 2)
    context |= {name.replace("inputs", "targets"): number for name, number in context.items()}
    places = order[2 + np.minimum(np.arange(samples), rows - 1)]
    arena = aligned(5 * lanes + size + 2 * features + samples, "float32", np.nan)
    mean, scale = np.linspace(-3, 40, N_COLUMNS), np.linspace(0.5, 2, N_COLUMNS)
    arena[starts[1] :][:N_COLUMNS], arena[starts[2] :][:N_COLUMNS] = mean, scale
    wanted = x[places].astype(np.float32)
    if normalized:
        wanted = (wanted - mean.astype(np.float32)) * scale.astype(np.float32)
    wanted[rows:] = 0
    inputs = layout.GatherInputs(0, starts[0], 0, N_COLUMNS, starts[1], starts[2], features)
    for worker in range(2):
        Row("gather_inputs", arena, "float64", normalized).run(inputs, worker, 2, **context)
    blocks = arena[lanes : lanes + size].reshape(-1, features, lanes)
    found = blocks.transpose(0, 2, 1).reshape(samples, features)
    np.testing.assert_array_equal(found[:, :N_COLUMNS], wanted)
    np.testing.assert_array_equal(found[:, N_COLUMNS:], 0)
    assert np.isnan(arena[:lanes]).all()
    assert np.isnan(arena[lanes + size : starts[1]]).all()

    targets = layout.GatherTargets(len(arena) - samples, lanes, 0, N_COLUMNS, features)
    for worker in range(2):
        Row("gather_targets", arena, "float64", None, False).run(targets, worker, 2, **context)
    found = blocks.transpose(0, 2, 1).reshape(samples, features)
    np.testing.assert_array_equal(found[:, :N_COLUMNS], x[places].astype(np.float32))
