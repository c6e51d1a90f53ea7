"""Models in GGUF files: their tokenizers, and fingerprints of the files."""

from __future__ import annotations

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from empowerment.text.providers.tokens import TextTokens, put_before
from empowerment.text.tiers import TokenModelError

# Bytes read at each of several offsets of a file to distinguish files.
_BLOCK, _BLOCKS = 4096, 64
# Read before a text, so that no space is put before it: what follows these is not joined with them, as a rule.
_ANCHORS = ("\n", ".", "a", "0")


class GgufTokens(TextTokens):
    """Tokenizer of a GGUF file, whichever library runs it.

    A subclass runs it in `_tokenized`, and must be able to before it calls this constructor.

    Parameters
    ----------
    name : str
        Name of the model in messages.
    written : sequence of bytes
        Bytes of each token; end-of-text tokens and other control tokens are ``b""``.
    parse_special : bool
        Whether control tokens that are spelled out in a prefix are read as such.
    """

    def __init__(self, name: str, written: Sequence[bytes], parse_special: bool) -> None:
        bare = self._tokenized("a", start=False, control=False)
        if not (bare and 0 <= bare[0] < len(written)):
            raise TokenModelError(f"the tokenizer of {name} reads 'a' as the tokens {bare}, of which none is known")
        beginning: Iterable[int] = put_before(bare, self._tokenized("a", start=True, control=False))
        self._puts_space = written[bare[0]].startswith(b" ")
        super().__init__(name, written, beginning, self._puts_space, parse_special)

    @abstractmethod
    def _tokenized(self, text: str, *, start: bool, control: bool) -> list[int]:
        """Return the tokens of a text as the file's tokenizer makes them, with a space that it puts before a text.

        `start` says whether to add what the tokenizer puts before a text, and `control` whether control tokens that
        are spelled out in it are read as such.
        """

    def _encoded(self, text: str, *, first: bool, control: bool) -> list[int]:
        if first or not self._puts_space:
            return self._tokenized(text, start=False, control=control)
        rest: list[int] = []
        for anchor in _ANCHORS:
            head, whole = (self._tokenized(each, start=False, control=False) for each in (anchor, anchor + text))
            rest = whole[len(head) :]
            if whole[: len(head)] == head and self.joined(rest, self.written) == text.encode():
                break
        return rest


def file_fingerprint(path: str, settings: list[Any]) -> str:
    """Return a short hash that depends on some parts of the file and on the settings."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    if os.path.exists(path):
        size = os.path.getsize(path)
        digest.update(str(size).encode())
        with open(path, "rb") as file:
            for i in range(_BLOCKS + 1):
                file.seek(max(size - _BLOCK, 0) * i // _BLOCKS)
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()[:12]
