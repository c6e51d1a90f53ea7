"""Message about the compilation of kernels, which makes the first use slow."""

from __future__ import annotations

import os
import sys

_QUIET = "EMPOWERMENT_QUIET"
_is_due = True


def announce_compilation(is_kept: bool) -> None:
    """Print the message on stderr, once in a process; `is_kept` says whether the compiled code stays on disk."""
    global _is_due
    if _is_due and sys.stderr is not None and not os.environ.get(_QUIET):
        kept = (
            "once: their code is kept on disk"
            if is_kept
            else "for this process alone: no directory to keep them is writable; NUMBA_CACHE_DIR may name one"
        )
        print(f"empowerment: compiling kernels for some seconds, {kept}", file=sys.stderr, flush=True)
    _is_due = False


def say_nothing() -> None:
    """Suppress the message in this process and in those that it starts."""
    os.environ[_QUIET] = "1"
