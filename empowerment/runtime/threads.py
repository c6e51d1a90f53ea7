"""Number of threads of compiled work."""

from __future__ import annotations

import os

_is_forked = False


def thread_count() -> int:
    """Return the number of threads that numba may use (``NUMBA_NUM_THREADS``, ``numba.set_num_threads``).

    In a forked process it is 1: the parent has made processes for the cores already, and a thread pool that was
    started before does not exist in the child.
    """
    if _is_forked:
        return 1
    import numba

    return int(numba.get_num_threads())


def _in_forked_child() -> None:
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)
