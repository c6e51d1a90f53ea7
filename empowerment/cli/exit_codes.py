"""How the command ends: its exit codes, and the one sentence that says why."""

from __future__ import annotations

import re
import sys

OK, MISSED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
READER_GONE = 141
"""What a shell reports for a program that wrote into a closed pipe."""


def complain(sentence: str, code: int) -> int:
    """Print one sentence on stderr, keywords of the library as options, and return `code`."""
    sentence = re.sub(r"\b(method|slip_mode)='([\w-]+)'", r"--\1 \2", sentence)
    sentence = re.sub(r"\b(normalize|memory)=(True)?", r"--\1", sentence)
    print("empowerment:", " ".join(sentence.split()), file=sys.stderr)
    return code
