"""What Numba does to a kernel and its parts on the way to machine code: no more than they need.

Kernels and parts own no memory: what they name needs no counting of references, and nothing is to be done where a
name ends.
"""

from typing import Any

from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import NoPythonBackend, PreLowerStripPhis
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)

from fastbp.runtime.inference import TypeInference
from fastbp.runtime.lowering import Lowering, LoweringOfParts

_ANALYSIS = (
    TranslateByteCode,
    FixupArgs,
    IRProcessing,
    DeadBranchPrune,
    GenericRewrites,
    ReconstructSSA,
    DeadBranchPrune,
    TypeInference,
    PreLowerStripPhis,
)


class _Passes(PassManager):
    """Numba's, without its clocks and what it notes down of each pass for those who debug it."""

    def run(self, state: Any) -> None:
        lowering = LoweringOfParts if state.flags.forceinline else Lowering
        for kind in (*_ANALYSIS, lowering, NoPythonBackend):
            step = kind()
            # What passes of Numba's own compiler, which are left out here, would have found.
            step.analysis = {kind: set()}
            step.run_pass(state)


class KernelCompiler(CompilerBase):
    """Numba's compiler without its passes for closures, ``with``, array expressions and loops that run in parallel."""

    def define_pipelines(self) -> list[Any]:
        """The one way that is tried."""
        assert not self.state.flags.nrt, "references are not counted here"
        return [_Passes("kernel")]
