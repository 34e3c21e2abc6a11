"""From Numba's intermediate representation of a kernel, or of a part, to LLVM's.

A part takes its arguments and gives its result as they are, and cannot fail: neither has to be put down in memory, and
nobody looks whether it failed.
"""

import operator
from copy import copy
from functools import cache
from typing import Any

from llvmlite import ir as llvm
from numba.core import ir, types
from numba.core.callconv import CPUCallConv
from numba.core.cpu import CPUContext
from numba.core.lowering import Lower
from numba.core.typed_passes import BaseNativeLowering

from fastbp.runtime.libraries import KernelLibrary, PartLibrary

#: What is called by its type alone.
_NAMED = (types.Function, types.Dispatcher)


class _NeverFails(CPUCallConv):
    """What a part does where something that it calls fails, of which it has no word to say: its result is 0."""

    def return_status_propagate(self, builder: Any, status: Any) -> None:
        _return_zero(builder)

    def return_user_exc(self, builder: Any, *args: Any, **kwargs: Any) -> None:
        _return_zero(builder)


def _return_zero(builder: Any) -> None:
    builder.ret(llvm.Constant(builder.function.function_type.return_type, None))


class _ContextOfParts(CPUContext):
    """One in which parts are written"""

    @property
    def call_conv(self) -> CPUCallConv:
        return _NeverFails(self)


@cache
def _context_of_parts(context: CPUContext) -> CPUContext:
    own = copy(context)
    own.__class__ = _ContextOfParts
    # What Numba compiles for itself is there for others, too.
    own.compile_subroutine = context.compile_subroutine
    return own


def _declare(context: Any, module: Any, description: Any) -> Any:
    """The function that a part is"""
    name = description.mangled_name
    if name in module.globals:
        return module.globals[name]
    arguments = [context.get_value_type(kind) for kind in description.argtypes]
    kind = llvm.FunctionType(context.get_value_type(description.restype), arguments)
    function = llvm.Function(module, kind, name)
    function.attributes.add("alwaysinline")
    return function


def call_of(description: Any, library: PartLibrary) -> Any:
    """What writes a call of a part, as Numba's tables have it."""

    def call(context: Any, builder: Any, sig: Any, args: Any, loc: Any = None) -> Any:
        return builder.call(_declare(context, builder.module, description), args)

    call.libs = (library,)  # type: ignore[attr-defined]
    return call


class _Lower(Lower):
    """Numba's, without what looks after a name's old value, and what tells of each line to those who debug it."""

    def lower_block(self, block: Any) -> None:
        self.pre_block(block)
        for statement in block.body:
            self.loc = statement.loc
            self.lower_inst(statement)
        self.post_block(block)

    def lower_inst(self, inst: Any) -> None:
        if isinstance(inst, ir.Assign):
            value = self.lower_assign(self.typeof(inst.target.name), inst)
            self.storevar(value, inst.target.name)
        else:
            super().lower_inst(inst)

    def lower_assign(self, ty: Any, inst: Any) -> Any:
        if isinstance(ty, _NAMED):
            return self.context.get_dummy_value()
        return super().lower_assign(ty, inst)

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> Any:
        if op is operator.pow:
            # A constant exponent is another function.
            return super().lower_binop(resty, expr, op)
        signature = self.fndesc.calltypes[expr]
        function = self.context.typing_context.resolve_value_type(op)
        if op is not expr.fn:
            # ``x += y`` of what cannot be changed in place; nobody asked for that of the other operator.
            signature = function.get_call_type(self.context.typing_context, signature.args, {})
        operands = [
            self._cast_var(operand, kind)
            for operand, kind in zip((expr.lhs, expr.rhs), signature.args, strict=True)
        ]
        result = self.context.get_function(function, signature)(self.builder, operands)
        return self.context.cast(self.builder, result, signature.return_type, resty)

    def lower_call(self, resty: Any, expr: Any) -> Any:
        signature, function = self.fndesc.calltypes[expr], self.typeof(expr.func.name)
        if not isinstance(function, _NAMED) or expr.target is not None:
            return super().lower_call(resty, expr)
        values = self.fold_call_args(function, signature, expr.args, expr.vararg, expr.kws)
        result = self.context.get_function(function, signature)(self.builder, values, self.loc)
        if result is None:
            result = self.context.get_dummy_value()
        return self.context.cast(self.builder, result, signature.return_type, resty)

    def getvar(self, name: str) -> Any:
        # One that is read, as the lines stand, before it is written.
        self._alloca_var(name, self.typeof(name))
        return super().getvar(name)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        if name in self._singly_assigned_vars:
            self._blk_local_varmap[name] = value
        else:
            self.builder.store(value, self.getvar(name))


class _LowerPart(_Lower):
    """The same for a part."""

    def __init__(self, context: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_context_of_parts(context), *args, **kwargs)

    def setup_function(self, fndesc: Any) -> None:
        self.function = _declare(self.context, self.module, fndesc)
        self.entry_block = self.function.append_basic_block("entry")
        self.builder = llvm.IRBuilder(self.entry_block)
        self.call_helper = self.call_conv.init_call_helper(self.builder)

    def extract_function_arguments(self) -> Any:
        self.fnargs = self.function.args
        return self.fnargs

    def lower_inst(self, inst: Any) -> None:
        if isinstance(inst, ir.Return):
            value, kind = self.loadvar(inst.value.name), self.typeof(inst.value.name)
            self.builder.ret(self.context.cast(self.builder, value, kind, self.fndesc.restype))
        else:
            super().lower_inst(inst)


class Lowering(BaseNativeLowering):
    """The pass."""

    _name = "kernel_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        """What writes LLVM's representation."""
        return _Lower

    def run_pass(self, state: Any) -> bool:
        """Write it into a library: of a kernel, of a part, or, of what Python calls, of Numba's own kind."""
        if state.flags.no_cpython_wrapper:
            kind = PartLibrary if state.flags.forceinline else KernelLibrary
            state.library = kind(state.targetctx.codegen(), state.func_id.func_qualname)
            state.library.enable_object_caching()
        return bool(super().run_pass(state))


class LoweringOfParts(Lowering):
    """The pass for parts."""

    @property
    def lowering_class(self) -> type[Lower]:
        """What writes LLVM's representation."""
        return _LowerPart
