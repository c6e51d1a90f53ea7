"""Digests of arrays, whatever their memory layout, and of JSON."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

# How NumPy goes through an array of any layout: row by row, in blocks, without a copy of the whole.
_IN_BLOCKS: Any = {
    "flags": ["buffered", "external_loop", "growinner"],
    "op_flags": [["readonly", "contig"]],
    "order": "C",
}


def fingerprint(*arrays: Any) -> str:
    """Compute the SHA-256 of arrays: of their types, shapes and entries, whatever their memory layout.

    Integers of different sizes that are equal count as equal, because SciPy chooses the size of its indices.
    """
    digest = hashlib.sha256()
    for array in map(np.asarray, arrays):
        if array.dtype.hasobject:
            raise TypeError(f"an array of dtype {array.dtype} has no fingerprint, expected numbers or text")
        is_integer = array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64)
        dtype = np.dtype(np.int64 if is_integer else array.dtype).newbyteorder("<")
        digest.update(f"{dtype.str}{array.shape}".encode())
        blocks: Any = np.nditer(array, op_dtypes=[dtype], **_IN_BLOCKS) if array.size else ()
        for block in blocks:
            digest.update(block)
    return digest.hexdigest()


def json_digest(content: Any) -> str:
    """Compute the SHA-256 of a JSON value; the order of names in an object does not matter."""
    return bytes_digest(json.dumps(content, sort_keys=True).encode())


def bytes_digest(content: bytes) -> str:
    """Compute the SHA-256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
