"""Text of a .POMDP file, and detection of other formats."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

_NO_TEXT = {
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"BZh": "compressed by bzip2: unpack it first",
    b"\xfd7zXZ": "compressed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: unpack it first",
    b"PK\x03\x04": "a zip archive, or an .npz file of NumPy",
    b"\x93NUMPY": "an .npy file of NumPy",
    b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a .mat file of MATLAB",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
}
"""How files begin that are no text in UTF-8, and what they are."""

_OTHER_TEXT = {
    "version https://git-lfs": ("a pointer of Git LFS", "'git lfs pull' fetches the file itself"),
    "<!doctype html": ("a web page", "save the file that the page shows"),
    "<html": ("a web page", "save the file that the page shows"),
    "<": ("XML, but no POMDPX file, which has the root <pomdpx> and no other text before it", ""),
    "{": ("JSON", "from_storm reads it if it is a model of JANI"),
    "[": ("a list in brackets, as in JSON", ""),
    "@": ("a model of Storm in the DRN format", "from_storm reads it"),
    "(": ("a list in parentheses, as in PPDDL", ""),
    "//": ("a model with '//' comments, as those of PRISM", "from_storm reads those"),
    "pomdp\n": ("a model of PRISM", "from_storm reads it"),
    "mdp\n": ("a model of PRISM", "from_storm reads it"),
}
"""How the text of other formats begins, blank lines and comments aside; what it is, and what to do."""


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Iterator[str]]:
    """Yield the lines of a file; bytes that are no UTF-8 become surrogates, for they may stand in comments.

    Raises
    ------
    ValueError
        If the file is plainly of another format; the message names it.
    OSError
        If the file cannot be read.
    """
    name = os.fspath(path)
    with open(name, "rb") as raw:
        other = _other_format(raw.peek(4096)[:4096])
        if other:
            raise ValueError(f"{name!r}, line 1: the file is {other}")
        with io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape") as text:
            yield text


def _other_format(head: bytes) -> str:
    """Return what a file is that begins like this, and what was expected; empty if it may be a .POMDP file."""
    no_text = next((name for beginning, name in _NO_TEXT.items() if head.startswith(beginning)), "")
    if no_text or b"\0" in head:
        return f"not a text file in UTF-8, expected the .POMDP format; it is {no_text or 'binary'}"
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").replace("\r", "\n")
    lines = (line.strip() for line in text.split("\n"))
    first = next((f"{line}\n".lower() for line in lines if line and not line.startswith("#")), "")
    for beginning, (name, hint) in _OTHER_TEXT.items():
        if first.startswith(beginning):
            return f"{name}, expected the .POMDP format" + (f"; {hint}" if hint else "")
    return ""
