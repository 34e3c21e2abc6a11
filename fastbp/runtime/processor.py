"""What this processor can do: vector width, registers, and the shape of the register tile that follows."""

import os
from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm

from fastbp.errors import ArgumentError

#: Overrides the width that was found (16, 32 or 64 bytes), for tests of the other widths.
VECTOR_BYTES_VARIABLE = "FASTBP_VECTOR_BYTES"


@dataclass(frozen=True)
class Processor:
    """The facts that kernels are compiled for.

    Attributes
    ----------
    name : str
        LLVM's name of the processor, ``znver3`` for instance.
    features : tuple of str
        The vector extensions present.
    vector_bytes : int
        Width of a vector register in bytes.
    vector_registers : int
        How many of them there are.
    """

    name: str
    features: tuple[str, ...]
    vector_bytes: int
    vector_registers: int

    @property
    def tile_rows(self) -> tuple[int, int]:
        """Rows of the main register tile and of those for the rest.

        A tile is two vectors wide. Its accumulators must hide the latency of fma (at least 8 of them, better 12)
        and leave registers for two vectors and a broadcast scalar. Four accumulators do that only where a vector is
        as wide as two units: there two rows take half as long as four, and two such tiles no longer than a third
        kind, which would have to be compiled; elsewhere two rows take as long as four.
        """
        return (8, 2) if self.vector_registers >= 32 else (6, 4)

    @property
    def streams(self) -> bool:
        """Whether a vector is written past the caches quicker than a line is taken back from another processor.

        Measured on AMD's Zen 4 only. A vector must be a whole line: parts of lines go to the memory one by one.
        """
        return self.vector_bytes == 64 and self.name.startswith("znver")

    def lanes(self, itemsize: int) -> int:
        """Numbers of ``itemsize`` bytes in a vector."""
        return self.vector_bytes // itemsize


_INTERESTING = (
    "avx512f",
    "avx2",
    "avx",
    "fma",
    "sse2",
    "neon",
    "sve",
    "bf16",
    "avx512bf16",
    "f16c",
)


@cache
def processor() -> Processor:
    """The processor of this process (asked once)."""
    present = {name for name, there in llvm.get_host_cpu_features().items() if there}
    machine = llvm.get_process_triple().split("-")[0]
    if "avx512f" in present:
        width, registers = 64, 32
    elif "avx2" in present and "fma" in present:
        width, registers = 32, 16
    elif machine in ("aarch64", "arm64"):
        width, registers = 16, 32
    else:
        width, registers = 16, 16
    asked = os.environ.get(VECTOR_BYTES_VARIABLE)
    if asked:
        if asked not in ("16", "32", "64"):
            raise ArgumentError(f"{VECTOR_BYTES_VARIABLE} must be 16, 32 or 64, not {asked!r}")
        width = int(asked)
    features = tuple(name for name in _INTERESTING if name in present)
    return Processor(llvm.get_host_cpu_name(), features, width, registers)
