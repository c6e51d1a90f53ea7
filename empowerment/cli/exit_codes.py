"""How the command ends: its exit codes, and the one sentence that says why."""

from __future__ import annotations

import re
import sys
from typing import Any

OK, MISSED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
READER_GONE = 141
"""What a shell reports for a program that wrote into a closed pipe."""


def complain(sentence: str, code: int) -> int:
    """Print one sentence on stderr, keywords of the library as options, and return `code`."""
    _say(sentence)
    return code


def warn(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """Print a warning of the library as a sentence on stderr, without the line of code that it came from."""
    _say(f"warning: {message}")


def as_options(sentence: str) -> str:
    """Return a sentence of the library with its keywords as the options that the command has for them."""
    sentence = re.sub(r"\b(method|slip_mode)='([\w-]+)'", r"--\1 \2", sentence)
    sentence = re.sub(r"\b(normalize|memory)=(True)?", r"--\1", sentence)
    sentence = re.sub(r"\bmax_states=(\d+)", r"--max-states \1", sentence).replace("max_states=", "--max-states")
    sentence = re.sub(r"(; these limits are set)? in options=", "", sentence)
    sentence = re.sub(r"\b(raise|and) (max_sequences|memory|max_nodes|max_seconds)\b", r"\1 --\2", sentence)
    return re.sub(r"--max_(\w+)", r"--max-\1", sentence)


def _say(sentence: str) -> None:
    print("empowerment:", " ".join(as_options(sentence).split()), file=sys.stderr)
