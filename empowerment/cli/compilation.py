"""The command that compiles all kernels ahead of their first use."""

from __future__ import annotations

import argparse
import os
import time

from empowerment.cli.exit_codes import BAD_INPUT, OK, complain
from empowerment.runtime.loading import load

PACKAGES = (
    "empowerment.capacity.kernels.cpu",
    "empowerment.actuation.kernels.cpu",
    "empowerment.control.kernels.cpu",
    "empowerment.desire.agents.kernels.cpu",
)
"""The packages and modules of compiled kernels."""


def run_compile(arguments: argparse.Namespace) -> int:
    """Compile every entry point, or find that it is on disk, and say where the code is kept."""
    for package in PACKAGES:
        load(package)
    from empowerment.runtime.jit import ENTRY_POINTS

    directories = set()
    for entry_point in ENTRY_POINTS:
        began = time.perf_counter()
        entry_point.prepare()
        taken = f"compiled in {time.perf_counter() - began:.1f} s" if entry_point.was_compiled else "was compiled"
        if not arguments.quiet:
            print(f"{_name(entry_point.__module__, entry_point.__name__):<44}{taken}", flush=True)
        directories.add(entry_point.directory)
    kept = [directory for directory in directories if directory is not None]
    if len(kept) < len(directories):
        return complain(
            "no directory to keep compiled code is writable, so that each process compiles it again; NUMBA_CACHE_DIR "
            "may name one",
            BAD_INPUT,
        )
    if not arguments.quiet:
        print(f"{len(ENTRY_POINTS)} kernels, kept below {os.path.commonpath(kept)}")
    return OK


def _name(module: str, function: str) -> str:
    """Return the place of a kernel in a few words: its room, and the function."""
    return f"{module.split('.')[1]}: {function.lstrip('_')}"
