"""Tokenizers of Hugging Face: the bytes of each token, and the tokens before a text."""

from __future__ import annotations

import json
import re
from typing import Any

from empowerment.runtime.optional import required
from empowerment.text.providers.tokens import TextTokens, put_before

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class FastTokens(TextTokens):
    """Tokenizer of the `tokenizers` library, alone or inside one of `transformers`.

    Parameters
    ----------
    name : str
        Name of the model in messages.
    tokenizer : tokenizers.Tokenizer or transformers.PreTrainedTokenizerFast
        It is copied, and not changed.
    size : int
        Number of tokens of the model. Those that the tokenizer does not know are ``b""``.
    ends : set of int
        The end-of-text tokens.
    parse_special : bool
        Whether control tokens that are spelled out in a prefix are read as such.

    Raises
    ------
    TypeError
        If the tokenizer is not one of the `tokenizers` library.
    ValueError
        If its decoder is not supported.
    """

    def __init__(self, name: str, tokenizer: Any, size: int, ends: set[int], parse_special: bool) -> None:
        settings = _settings(tokenizer)
        copy = required("tokenizers").Tokenizer.from_str
        self._at_start = copy(json.dumps(settings))
        inside = {part: _without_space(settings[part]) for part in ("normalizer", "pre_tokenizer")}
        self._inside = copy(json.dumps(settings | inside))
        self.fingerprint = json.dumps(settings, sort_keys=True)
        control = ends | {token["id"] for token in settings["added_tokens"] if token["special"]}
        control |= set(getattr(tokenizer, "all_special_ids", ()))
        written = _written(self._at_start.get_vocab(), settings, control, size)
        bare = self._at_start.encode("a", add_special_tokens=False).ids
        beginning = put_before(bare, self._at_start.encode("a").ids)
        puts_space = bare[0] < size and written[bare[0]].startswith(b" ")
        super().__init__(name, written, beginning, puts_space, parse_special)

    def _encoded(self, text: str, *, first: bool, control: bool) -> list[int]:
        reader = self._at_start if first else self._inside
        reader.encode_special_tokens = not control
        return reader.encode(text, add_special_tokens=False).ids


def _settings(tokenizer: Any) -> dict[str, Any]:
    """Return all settings that a tokenization depends on, without truncation and padding."""
    fast = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(fast, "to_str"):
        raise TypeError(
            f"the tokenizer is a {type(tokenizer).__name__}, expected one of the tokenizers library, whose "
            "tokens are known byte for byte: a tokenizers.Tokenizer, or what AutoTokenizer loads with use_fast=True"
        )
    return json.loads(fast.to_str()) | {"truncation": None, "padding": None}


def _without_space(part: Any) -> Any:
    """Return a normalizer or pre-tokenizer that puts no space before the first word."""
    if isinstance(part, list):
        return [_without_space(each) for each in part if each.get("type") != "Prepend"]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "Prepend":
        return None
    off: dict[str, Any] = {"add_prefix_space": False} if "add_prefix_space" in part else {}
    off |= {"prepend_scheme": "never"} if part.get("type") == "Metaspace" else {}
    return {key: _without_space(value) if isinstance(value, list) else value for key, value in part.items()} | off


def _written(vocabulary: dict[str, int], settings: dict[str, Any], control: set[int], size: int) -> list[bytes]:
    write = _writer(settings["decoder"])
    literal = {token["id"] for token in settings["added_tokens"]}
    written = [b""] * size
    for token, number in vocabulary.items():
        if number < size and number not in control:
            written[number] = token.encode() if number in literal else write(token)
    return written


def _writer(decoder: dict[str, Any] | None) -> Any:
    """Return a function that converts a token of the vocabulary into bytes, as the decoder does inside a text."""
    steps = [] if decoder is None else decoder.get("decoders", [decoder])
    kinds = {step["type"] for step in steps}
    unknown = kinds - {"ByteLevel", "Metaspace", "Replace", "ByteFallback", "Fuse", "Strip"}
    if unknown:
        raise ValueError(
            f"the tokenizer joins tokens by {', '.join(sorted(unknown))}, which does not keep what stands between "
            "them; known are ByteLevel (GPT-2 and its kin), Metaspace, and Replace with ByteFallback (SentencePiece)"
        )
    if "ByteLevel" in kinds:
        return _byte_level
    spaces = [step["replacement"] for step in steps if step["type"] == "Metaspace"]
    swaps = [(sign, " ") for sign in spaces] + [_swap(step) for step in steps if step["type"] == "Replace"]

    def write(token: str) -> bytes:
        found = _BYTE.fullmatch(token) if "ByteFallback" in kinds else None
        if found:
            return bytes.fromhex(found[1])
        for old, new in swaps:
            token = token.replace(old, new)
        return token.encode()

    return write


def _swap(step: dict[str, Any]) -> tuple[str, str]:
    pattern = step["pattern"].get("String")
    if pattern is None:
        raise ValueError(f"the tokenizer's decoder replaces {step['pattern']}, expected a plain text such as '▁'")
    return pattern, step["content"]


def _byte_level(token: str) -> bytes:
    try:
        return bytes(_BYTES[sign] for sign in token)
    except KeyError:  # not written in the signs for bytes, so taken as it is
        return token.encode()


def _signs_of_bytes() -> dict[str, int]:
    """Return the byte for each character of a byte-level vocabulary.

    Printable characters of Latin-1 stand for themselves; the other bytes, in their order, are written from U+0100 on.
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTES = _signs_of_bytes()
