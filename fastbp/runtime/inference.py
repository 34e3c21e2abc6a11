"""Type inference for kernels and their parts: Numba's, which asks nothing twice."""

from typing import Any

from numba.core import types
from numba.core.errors import ForceLiteralArg, NumbaWarning, TypingError, WarningsFixer
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typeinfer import (
    CallConstraint,
    ConstraintNetwork,
    IntrinsicCallConstraint,
    TypeInferer,
)

#: (function, types of its arguments) -> (function, signature), of functions and operators that Numba or `simd` knows.
_signatures: dict[Any, Any] = {}


class _Inferer(TypeInferer):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.constraints = _Constraints()

    def resolve_call(self, function: Any, arguments: Any, keywords: Any) -> Any:
        if keywords or type(function) is not types.Function:
            return super().resolve_call(function, arguments, keywords)
        known, signature = _signatures.get((function, arguments), (None, None))
        # Of two that are equal each has to be asked: it remembers the answer for the code that is to be made.
        if known is not function:
            signature = super().resolve_call(function, arguments, keywords)
            _signatures[function, arguments] = function, signature
        return signature


class _Constraints(ConstraintNetwork):
    """Numba's asks all calls again until nothing is new any more. Here those whose arguments are as before stay."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Any, Any] = {}

    def propagate(self, inferer: Any) -> list[Exception]:
        """Ask all constraints; what cannot be told (yet)"""
        errors: list[Exception] = []
        for each in self.constraints:
            given = self._given(each, inferer.typevars)
            if given is not None and self._known.get(each) == given:
                continue
            try:
                each(inferer)
            except (ForceLiteralArg, TypingError) as error:
                errors.append(error)
            else:
                self._known[each] = given
        return errors

    def _given(self, constraint: Any, variables: Any) -> Any:
        """The types that a call is told of"""
        if not isinstance(constraint, CallConstraint) or constraint.kws or constraint.vararg:
            return None
        given = [variables[each.name].type for each in constraint.args]
        if not isinstance(constraint, IntrinsicCallConstraint):
            given.append(variables[constraint.func].type)
        return given


class TypeInference(NopythonTypeInference):
    """The pass."""

    def run_pass(self, state: Any) -> bool:
        """Find the types of all names, the signatures of all calls, and the type of what is returned."""
        warnings = WarningsFixer(NumbaWarning)
        inferer = _Inferer(state.typingctx, state.func_ir, warnings)
        called = state.typingctx.callstack.register(
            state.targetctx.target, inferer, state.func_id, state.args
        )
        with called, warnings:
            for index, (name, kind) in enumerate(
                zip(state.func_ir.arg_names, state.args, strict=True)
            ):
                inferer.seed_argument(name, index, kind)
            if state.return_type is not None:
                inferer.seed_return(state.return_type)
            inferer.build_constraint()
            state.typing_errors = inferer.propagate()
            state.typemap, state.return_type, state.calltypes = inferer.unify()
        return True
