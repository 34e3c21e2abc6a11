"""Rows of a program as they are written: buffers in the form that a kernel wants, barriers where data changes hands."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.compiler.layout import Allocator, ParameterLayout, padded
from fastbp.compiler.program import Program
from fastbp.kernels import layout
from fastbp.kernels.few import MOST_SAMPLES
from fastbp.kernels.packing import room_for_panels
from fastbp.kernels.product import CACHE_BYTES, rows_at_a_time, rows_side_by_side
from fastbp.kernels.tile import MAIN_ROWS

#: Vector blocks of an output from which on it is worth to pack the operand that they all read; the same for samples
#: that no second-level cache holds, and for weights of more than `_CACHED_BYTES`, measured with vectors of up to so
#: many bytes.
_WORTH_PACKING, _WORTH_PACKING_SAMPLES, _WORTH_PACKING_WEIGHTS, _FAR_BYTES = 16, 7, 9, 32
#: Bytes of weights and state above which they are walked along their rows, where a product has so few terms.
_CACHED_BYTES, _FEW_TERMS = 4 << 20, 128
#: Parameters from which on so many samples are few, or one and a half times as many as a vector has lanes if these are
#: more. With short sums it takes longer to bring the lanes together than what empty lanes cost.
_MANY_PARAMETERS, _FEW_OF_MANY = 1 << 14, 12
_SOME_PARAMETERS, _FEW_OF_SOME = 1 << 9, 8


@dataclass
class Buffer:
    """Numbers of a layer for all samples of a batch: where its forms lie, -1 where there is none."""

    width: int
    padded: int
    lanes: int = -1  # samples in lanes
    rows: int = -1  # features in lanes


@dataclass
class Tensor:
    """An activation, and what its gradient needs."""

    value: Buffer
    kept: Buffer  # what the derivative of its activation needs
    activation: str = "linear"  # fused into what made it
    gradient: Buffer | None = None


class RowWriter:
    """Adds rows to a program, and between them what they need.

    Parameters
    ----------
    parameters : ParameterLayout
    batch : int
        Samples that the program takes at once.
    begin : int
        Where its buffers begin in the arena.

    Attributes
    ----------
    program : Program
    memory : Allocator
    lanes, itemsize : int
        Numbers in a vector, and bytes of a number.
    samples : int
        Samples of a batch, padded to whole vectors.
    few : bool
        Whether they are so few that all layers have features in lanes, and workers share outputs.
    shares : bool
        Whether there is a row in which workers share outputs.
    """

    def __init__(self, parameters: ParameterLayout, batch: int, begin: int) -> None:
        self.program = Program(parameters.dtype.name, batch)
        self.memory = Allocator(parameters.dtype, begin)
        self.lanes, self.itemsize = parameters.lanes, parameters.dtype.itemsize
        self.samples = padded(batch, self.lanes)
        most = min(max(_FEW_OF_MANY, self.lanes * 3 // 2), MOST_SAMPLES)
        self.few = (parameters.size >= _MANY_PARAMETERS and batch <= most) or (
            parameters.size >= _SOME_PARAMETERS and batch <= _FEW_OF_SOME
        )
        self.shares = False
        self._last = ""

    # --- rows ---

    def add(
        self, kernel: str, fields: Sequence[int], *options: object, rest: tuple[int, ...] = ()
    ) -> None:
        """A row in which workers own samples, and read only those; `rest` are numbers behind its fields."""
        if self._last == "outputs":
            self.barrier()
        self.program.add(kernel, fields, *options, rest=rest)
        self._last = "samples"

    def add_shared(self, kernel: str, fields: Sequence[int], *options: object) -> None:
        """A row in which workers own outputs of all samples."""
        if self._last:
            self.barrier()
        self.shares = True
        self.program.add(kernel, fields, *options)
        self._last = "outputs"

    def add_following(self, kernel: str, fields: Sequence[int], *options: object) -> None:
        """A row in which workers own those outputs of a buffer that they had in the row before, if that was shared."""
        if self._last != "outputs":
            self.add_shared(kernel, fields, *options)
        else:
            self.program.add(kernel, fields, *options)

    def barrier(self) -> None:
        """A row at which workers wait for each other."""
        self.program.add_barrier()
        self._last = ""

    # --- buffers ---

    def buffer(self, width: int) -> Buffer:
        """A buffer that has no form yet."""
        return Buffer(width, padded(width, self.lanes))

    def take(self, buffer: Buffer) -> int:
        """Memory for one form of a buffer."""
        return self.memory.take(self.samples * buffer.padded)

    def in_lanes(self, buffer: Buffer, *, by_owner: bool = False) -> int:
        """The form with samples in lanes, made from the other if there is none.

        With `by_owner`, each worker makes it of what the row before, a shared one, has left it.
        """
        if buffer.lanes < 0:
            buffer.lanes = self.take(buffer)
            fields = self._transpose(buffer, by_owner)
            (self.add_following if by_owner else self.add)("to_samples_in_lanes", fields)
        return buffer.lanes

    def changed_in_lanes(self, buffer: Buffer) -> int:
        """The form with samples in lanes, for a row that changes it: what the other form holds is no longer true."""
        target = self.in_lanes(buffer)
        buffer.rows = -1
        return target

    def in_rows(self, buffer: Buffer) -> int:
        """The form with features in lanes, made from the other if there is none."""
        if buffer.rows < 0:
            buffer.rows = self.take(buffer)
            self.add("to_features_in_lanes", self._transpose(buffer, False))
        return buffer.rows

    def _transpose(self, buffer: Buffer, by_owner: bool) -> layout.Transpose:
        stride = self.samples * self.lanes
        return layout.Transpose(
            buffer.rows,
            stride,
            self.lanes,
            buffer.lanes,
            buffer.width,
            buffer.padded,
            int(by_owner),
        )

    # --- products ---

    def rows_at_a_time(self, k: int) -> int:
        """Rows of an operand, with `k` terms each, that a kernel takes at a time."""
        return rows_at_a_time(k, self.itemsize)

    def rows_side_by_side(self, rows: int, k: int) -> int:
        """The same for an operand of so many rows that are the columns of weights."""
        return rows_side_by_side(rows, k, self.itemsize)

    def updated_rows_at_a_time(self, k: int, elements: int) -> int:
        """The same for a product that is added to arrays of so many elements, which lie row by row.

        Where caches hold these no longer and the terms are few, memory is what takes long: it is walked along its rows,
        a tile's at a time.
        """
        if k <= _FEW_TERMS and elements * self.itemsize > _CACHED_BYTES:
            return MAIN_ROWS
        return self.rows_at_a_time(k)

    def packs(self, k: int, columns: int) -> int:
        """Whether an operand is packed of which each number meets so many columns; if so, there will be room for it."""
        return self._packs(self.rows_at_a_time(k), k, columns, _WORTH_PACKING)

    def packs_samples(self, k: int, columns: int, width: int) -> int:
        """The same for `k` samples of so many numbers that lie in rows."""
        is_far = k * width * self.itemsize > CACHE_BYTES
        least = self._least(_WORTH_PACKING_SAMPLES, is_far)
        return self._packs(self.rows_at_a_time(k), k, columns, least)

    def packs_weights(self, k: int, columns: int, width: int) -> int:
        """The same for weights in `k` rows of so many."""
        is_far = k * width * self.itemsize > _CACHED_BYTES
        least = self._least(_WORTH_PACKING_WEIGHTS, is_far)
        return self._packs(self.rows_side_by_side(width, k), k, columns, least)

    def _least(self, far: int, is_far: bool) -> int:
        measured = self.lanes * self.itemsize <= _FAR_BYTES
        return far if is_far and measured else _WORTH_PACKING

    def _packs(self, rows: int, k: int, columns: int, least: int) -> int:
        if columns <= (least - 1) * self.lanes:
            return 0
        size = room_for_panels(rows, k, self.lanes)
        self.program.panels = max(self.program.panels, size)
        return 1
