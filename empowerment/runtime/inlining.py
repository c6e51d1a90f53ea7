"""Compilation of helpers as parts of the entry points that use them.

Left to itself, numba optimises and emits each compiled function, and then again the copy of it in every function that
calls it: a helper six calls deep is optimised seven times, and six of the results are thrown away. A helper that only
compiled functions call needs none of them. Here its code is translated once, and optimised and emitted inside the
entry point, together with whatever that calls.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import (
    InlineOverloads,
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonRewrites,
    NoPythonSupportedFeatureValidation,
)
from numba.core.types.misc import unliteral
from numba.core.untyped_passes import InlineClosureLikes


class Helper(CPUDispatcher):  # type: ignore[misc]
    """A compiled function that only compiled functions call."""

    def __call__(self, *arguments: object, **named: object) -> object:
        """Refuse to be called."""
        raise TypeError(f"{self.__name__} is compiled for compiled callers; Python calls entry points only")

    def get_call_template(self, arguments: tuple[Any, ...], named: Any) -> Any:
        """Compile for the types of arguments alone; numba would do so again for each number that a call names."""
        return super().get_call_template(tuple(map(unliteral, arguments)), named)

    def add_overload(self, compiled: Any) -> None:
        """Keep the code for callers; the table from which Python chooses stays empty."""
        self.overloads[tuple(compiled.signature.args)] = compiled


_HASH = hash(Flags())

_UNUSED = (InlineClosureLikes, InlineOverloads, NopythonRewrites)
"""Passes for closures and expressions of whole arrays, of which helpers have none."""


class _Options(Flags):  # type: ignore[misc]
    """Options of the compiler, which are looked up at every call in what is compiled: compared as they were set."""

    def __hash__(self) -> int:
        return _HASH  # that of all options, which is one of their names alone

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if type(other) is _Options else super().__eq__(other)


class HelperCompiler(CompilerBase):  # type: ignore[misc]
    """The compiler of helpers: that of numba, up to the code of LLVM."""

    def __init__(self, *arguments: Any) -> None:
        *before, options, variables = arguments
        super().__init__(*before, _Options(options), variables)

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes, which end where others would optimise."""
        passes = PassManager("helper")
        untyped = DefaultPassBuilder.define_untyped_pipeline(self.state).passes
        typed = DefaultPassBuilder.define_typed_pipeline(self.state).passes
        passes.passes.extend(step for step in (*untyped, *typed) if step[0] not in _UNUSED)
        for step in (NoPythonSupportedFeatureValidation, IRLegalization, _Translation, NoPythonBackend):
            passes.add_pass(step)
        passes.finalize()
        return [passes]


class _Part(JITCodeLibrary):  # type: ignore[misc]
    """Code that is linked into that of entry points, and is optimised and emitted there."""

    def finalize(self) -> None:
        """Leave the code as it was translated, without that of the helpers it calls."""
        self._raise_if_finalized()
        self._finalized = True

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout


@register_pass(mutates_CFG=True, analysis_only=False)
class _Translation(NativeLowering):  # type: ignore[misc]
    """Translate a helper to code of LLVM, and tell its callers where that is."""

    _name = "helper_translation"

    def run_pass(self, state: Any) -> bool:
        """Fill in the compiled result, whose library stands for the address of the function."""
        library = state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        library.finalize()
        # Callers link these, and pass them on to theirs, so that an entry point gets each of them once.
        parts = [library, *dict.fromkeys(library._linking_libraries)]
        state.targetctx.insert_user_function(library, state.cr.fndesc, parts)
        if hasattr(library, "_reload_init"):  # numba 0.60 has none
            state.reload_init.extend(library._reload_init)
        state.cr = state.cr._replace(cfunc=library)
        return True
