"""Positions at which tokens and characters end together."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

import numpy as np


def whole_starts(tokens: Sequence[bytes]) -> np.ndarray:
    """Return before which tokens, and whether after the last, the bytes so far are complete UTF-8 characters.

    Parameters
    ----------
    tokens : sequence of bytes
        A text that may begin inside a character; bytes that are not UTF-8 count as characters of their own.

    Returns
    -------
    ndarray of bool of shape (n_tokens + 1,)
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    found = [True]
    for token in tokens:
        decoder.decode(token)
        found.append(not decoder.getstate()[0])
    return np.array(found)
