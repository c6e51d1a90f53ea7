"""Texts as tokens and tokens as bytes: rules that models in this process share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from empowerment.text.tiers import TokenModelError
from empowerment.text.token_checks import well_formed


class TextTokens(ABC):
    """Tokenizer of a model, with the bytes of its tokens.

    The context is what the tokenizer puts before a text, then the prefix, then the text. Prefix and text are
    tokenized separately, so that the end of the prefix is a boundary between tokens. The bytes of the tokens of a
    text are those of the text. If a tokenizer puts a space before the first word of a text, tokens at the beginning
    are listed without it.

    Parameters
    ----------
    name : str
        Name of the model in messages.
    written : sequence of bytes
        Bytes of each token; end-of-text tokens and other control tokens are ``b""``.
    beginning : iterable of int
        Tokens that the tokenizer puts before a text.
    puts_space : bool
        Whether it puts a space before the first word.
    parse_special : bool
        Whether control tokens that are spelled out in a prefix are read as such.
    """

    def __init__(
        self, name: str, written: Sequence[bytes], beginning: Iterable[int], puts_space: bool, parse_special: bool
    ) -> None:
        self._name = name
        self.written = tuple(written)
        self.beginning = list(beginning)
        self._first = tuple(each.removeprefix(b" ") for each in self.written) if puts_space else self.written
        self._parse_special = parse_special

    @abstractmethod
    def _encoded(self, text: str, *, first: bool, control: bool) -> list[int]:
        """Return the tokens of a text that is not empty.

        `first` says whether it is at the beginning, where some tokenizers put a space before it, or continues another
        text; `control` whether control tokens in it are read as such; otherwise it is plain text.
        """

    def before(self, prefix: str) -> list[int]:
        """Return the tokens of the context before a text.

        Raises
        ------
        TokenModelError
            If the prefix begins with what the tokenizer puts before it, so that the model would read it twice.
        """
        if not prefix:
            return self.beginning
        well_formed(prefix, "prefix")
        ids = self._checked(prefix, self._encoded(prefix, first=True, control=self._parse_special))
        if self.beginning and ids[: len(self.beginning)] == self.beginning:
            raise TokenModelError(
                f"the prefix {prefix[:20]!r} begins with the start token that the tokenizer of {self._name} puts "
                "there by itself; leave it out of the prefix, so that it is not read twice"
            )
        return self.beginning + ids

    def of(self, text: str, *, first: bool) -> tuple[list[int], tuple[bytes, ...]]:
        """Return the tokens of a text, and the bytes of all tokens at its beginning.

        Raises
        ------
        TokenModelError
            If the tokenizer loses or changes something, so that the tokens are those of another text.
        """
        if not text:
            return [], self.at_start(first=first)
        well_formed(text, "text")
        ids = self._checked(text, self._encoded(text, first=first, control=False))
        for tokens in (self.written, self.at_start(first=first)):
            if self.joined(ids, tokens) == text.encode():
                return ids, tokens
        raise TokenModelError(
            f"the tokenizer of {self._name} reads {text[:60]!r} as {self.joined(ids, self.written)[:60]!r}: it loses "
            "or changes characters, and the probabilities would be those of another text; pass what it keeps as it is"
        )

    def at_start(self, *, first: bool) -> tuple[bytes, ...]:
        """Return the bytes of all tokens at the start of a text, which may continue another one."""
        return self._first if first else self.written

    def joined(self, ids: Sequence[int], start: tuple[bytes, ...]) -> bytes:
        """Return the text of some tokens, given the bytes of tokens at its start."""
        return b"".join([*(start[token] for token in ids[:1]), *(self.written[token] for token in ids[1:])])

    def _checked(self, text: str, ids: list[int]) -> list[int]:
        unknown = [token for token in ids if not 0 <= token < len(self.written)]
        if unknown:
            raise TokenModelError(
                f"the tokenizer reads {text[:60]!r} with the token {unknown[0]}, but {self._name} has only the "
                f"tokens 0 to {len(self.written) - 1}; pass the tokenizer that belongs to the model"
            )
        return ids


def put_before(alone: Sequence[int], whole: Sequence[int]) -> Sequence[int]:
    """Return the part of `whole` before `alone`: what a tokenizer puts before a text."""
    starts = (i for i in range(len(whole) - len(alone) + 1) if list(whole[i : i + len(alone)]) == list(alone))
    return whole[: next(starts, 0)]
