"""What follows from the features of a processor, of this one and of others."""

import pytest

from fastbp.errors import ArgumentError
from fastbp.runtime import processor as room
from fastbp.runtime.processor import VECTOR_BYTES_VARIABLE, Processor, processor


def found(
    monkeypatch: pytest.MonkeyPatch, triple: str, *features: str, asked: str = ""
) -> Processor:
    """The processor that is found on a machine with these features."""
    there = dict.fromkeys(features, True) | {"sse4a": False}
    monkeypatch.setattr(room.llvm, "get_host_cpu_features", lambda: there)
    monkeypatch.setattr(room.llvm, "get_process_triple", lambda: triple)
    monkeypatch.setenv(VECTOR_BYTES_VARIABLE, asked)
    return processor.__wrapped__()


MACHINES = [
    ("x86_64-unknown-linux-gnu", ("sse2", "avx", "avx2", "fma", "avx512f"), 64, 32),
    ("x86_64-unknown-linux-gnu", ("sse2", "avx", "avx2", "fma"), 32, 16),
    ("x86_64-unknown-linux-gnu", ("sse2", "avx", "avx2"), 16, 16),
    ("x86_64-unknown-linux-gnu", ("sse2", "avx"), 16, 16),
    ("aarch64-unknown-linux-gnu", ("neon", "sve"), 16, 32),
    ("arm64-apple-darwin22", ("neon",), 16, 32),
    ("riscv64-unknown-linux-gnu", (), 16, 16),
]


@pytest.mark.parametrize(("triple", "features", "vector_bytes", "registers"), MACHINES)
def test_the_widest_vectors_are_found(
    triple: str,
    features: tuple[str, ...],
    vector_bytes: int,
    registers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = found(monkeypatch, triple, *features)
    assert (machine.vector_bytes, machine.vector_registers) == (vector_bytes, registers)
    assert set(machine.features) == set(features)
    assert machine.lanes(4) == vector_bytes // 4
    assert machine.lanes(8) == vector_bytes // 8


def test_a_feature_that_is_not_there_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        room.llvm, "get_host_cpu_features", lambda: {"avx512f": False, "avx2": True, "fma": True}
    )
    monkeypatch.delenv(VECTOR_BYTES_VARIABLE, raising=False)
    machine = processor.__wrapped__()
    assert "avx512f" not in machine.features
    assert machine.vector_bytes <= 32


@pytest.mark.parametrize(("registers", "rows"), [(16, (6, 4)), (32, (8, 2))])
def test_a_tile_fits_the_registers(registers: int, rows: tuple[int, int]) -> None:
    """Its accumulators, two vectors and a broadcast number; at least 12 accumulators hide the latency of fma."""
    machine = Processor("any", (), 32, registers)
    assert machine.tile_rows == rows
    assert 2 * rows[0] + 3 <= registers
    assert 2 * rows[0] >= 12


@pytest.mark.parametrize("asked", ["16", "32", "64"])
def test_another_width_can_be_asked_for(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = found(monkeypatch, "x86_64-unknown-linux-gnu", "avx2", "fma", asked=asked)
    assert machine.vector_bytes == int(asked)
    assert machine.vector_registers == 16


@pytest.mark.parametrize("asked", ["8", "48", "128", "wide", "32 "])
def test_a_width_that_is_none(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArgumentError, match=VECTOR_BYTES_VARIABLE):
        found(monkeypatch, "x86_64-unknown-linux-gnu", "avx2", "fma", asked=asked)


def test_this_processor() -> None:
    """Asked once; whatever it is, its facts fit together."""
    assert processor() is processor()
    assert processor().name
    assert processor().vector_bytes in (16, 32, 64)
    assert processor().lanes(4) == 2 * processor().lanes(8)
