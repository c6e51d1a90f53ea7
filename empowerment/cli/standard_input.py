"""What stands on standard input, made a file for readers that take files."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "standard input"


def read() -> bytes:
    """Return all of standard input."""
    return sys.stdin.buffer.read()


def format_of(content: bytes) -> str:
    """Return the ending that a file with this content would have: .npy, .npz or .POMDP, else .txt.

    Every statement of the .POMDP format has a colon, and no drawing has one. Its reader knows POMDPX by the root.
    """
    if content.startswith(b"\x93NUMPY"):
        return ".npy"
    if content.startswith(b"PK\x03\x04"):
        return ".npz"
    return ".POMDP" if b":" in content or b"<pomdpx" in content else ".txt"


@contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """Yield the path of a file with this content; errors and warnings that name it say standard input instead."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"input{format_of(content)}")
        with open(path, "wb") as file:
            file.write(content)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                yield path
            except (ValueError, TypeError, MemoryError) as reason:
                raise type(reason)(str(reason).replace(repr(path), NAME)) from None
    for warning in seen:
        warnings.warn(str(warning.message).replace(repr(path), NAME), warning.category, stacklevel=3)
