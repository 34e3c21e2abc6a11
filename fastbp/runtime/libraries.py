"""What a kernel and its parts are to LLVM: parts wait as they were written until a kernel takes them in, each once.

Numba's own libraries link, optimize and make machine code of each function, with all that it calls and with what counts
references. Nobody would call that code of a part, and what is optimized part by part is optimized again in the kernel.
"""

from collections.abc import Iterator
from typing import Any

import llvmlite.binding as llvm
from numba.core.codegen import CodeLibrary, JITCodeLibrary
from numba.core.runtime import rtsys


class _Library(JITCodeLibrary):
    def add_ir_module(self, ir_module: Any) -> None:
        """Take in what a function was written as."""
        self._final_module.link_in(llvm.parse_assembly(str(ir_module)))


class PartLibrary(_Library):
    """The code of a part."""

    _whole: Any = None

    def finalize(self) -> None:
        """Make it fit to be taken in."""
        # What nobody calls any more is dropped.
        for function in self._final_module.functions:
            if not function.is_declaration:
                function.linkage = "linkonce_odr"
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """The part with all that it calls, for one of Numba's own libraries"""
        self._ensure_finalized()
        if self._whole is None:
            self._whole = self._final_module.clone()
            _take_in_parts(self, self._whole)
        return self._whole


class KernelLibrary(_Library):
    """The code of a kernel and its parts, optimized in one run: Numba's first, cheaper one is for reference counts."""

    def finalize(self) -> None:
        """Make machine code."""
        _take_in_parts(self, self._final_module)
        self._final_module.verify()
        self._optimize_final_module()
        self._finalize_final_module()

    def _optimize_final_module(self) -> None:
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        # What should be unrolled is written out; more of it costs compilation and gains nothing.
        tuning.loop_unrolling = False
        tuning.loop_vectorization = True
        builder = llvm.create_pass_builder(self._codegen._tm, tuning)
        builder.getModulePassManager().run(self._final_module, builder)


def _take_in_parts(library: CodeLibrary, module: Any) -> None:
    """Link to a library's module what it calls, and what that calls."""
    for each in _called_by(library):
        part = isinstance(each, PartLibrary)
        module.link_in(
            each._final_module if part else each._get_module_for_linking(), preserve=True
        )


def _called_by(library: CodeLibrary) -> Iterator[CodeLibrary]:
    """Each library once; Numba's own come with all that they call"""
    # Parts and kernels count no references.
    seen, waiting = {library, rtsys.library}, [library]
    while waiting:
        for called in waiting.pop()._linking_libraries:
            if called not in seen:
                seen.add(called)
                yield called
                if isinstance(called, PartLibrary):
                    waiting.append(called)
