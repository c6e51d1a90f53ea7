"""Models behind a server of llama.cpp, which reports probabilities of any text over HTTP."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from empowerment.text.position import Position
from empowerment.text.providers.gguf import GgufTokens
from empowerment.text.providers.remote.http import JsonClient
from empowerment.text.providers.remote.openai_answers import token_number
from empowerment.text.providers.tokenized import TokenizedModel
from empowerment.text.tiers import TokenModelError
from empowerment.text.token_checks import LOWEST_LOG

# What one answer may hold: a probability takes about 90 bytes of it.
_LISTED_AT_ONCE = 50_000
_TOKENS_AT_ONCE = 256
_MOST_TOKENS = 1 << 24
# Factor by which a list grows that lacks the requested token.
_GROWTH = 16
_SMALLEST = 2.0**-149  # above 0 in single precision
# Half the distance between 1 and the next number of single precision: one rounding.
_UNIT = 2.0**-24
# After a list is normalised in double precision.
_NORMALISED = 1e-12


class _Row(NamedTuple):
    """Report of a server on one position: the generated token, its probability, and the most probable tokens.

    `full` says whether as many are listed as were requested.
    """

    token: int
    log: float
    ids: np.ndarray
    logs: np.ndarray
    full: bool


class _Written(NamedTuple):
    """Text that a server generated, and its report."""

    tokens: list[int]
    rows: list[_Row]


class LlamaServer(TokenizedModel[_Row]):
    """Model behind a server of llama.cpp (``llama-server``): the most probable tokens of any text, or all.

    Such a server reports the probabilities of the tokens that it generates. A grammar that allows a single text makes
    it generate that text, and the reported probabilities are those without the grammar; so one request scores any
    text.

    Parameters
    ----------
    url : str
        Address of the server, such as "http://127.0.0.1:8080".
    exact : bool
        Request the whole list at each token even where a few are wanted. It takes some tenths of a second each, and
        nothing is rounded; see Notes.
    name : str, optional
        By default the name of the model's file and a hash of the server's description, its vocabulary and the
        options. Models that differ in nothing but weights need different names.
    parse_special : bool
        Read control tokens that are spelled out in a prefix, as chat templates do, as such. A text is plain in any
        case; request its end by ``also=model.ends``.
    key_from : str, optional
        Name of the environment variable with the server's key, if it requires one.
    timeout : float
        See :class:`OpenAICompatible`.
    tries : int
        See :class:`OpenAICompatible`.
    longest_wait : float
        See :class:`OpenAICompatible`.

    Raises
    ------
    TokenModelError
        If there is no such server.
    ValueError
        If the address is invalid, or the environment has no such key.

    See Also
    --------
    XLlamaCpp : The same server in this process.
    LlamaCpp : The same library without a server.
    OpenAICompatible : Other services.

    Notes
    -----
    The server adds the exponentials of all logits in single precision, one after another. Ratios of probabilities
    have a relative error of about 1e-6, and their scale one of up to the size of the vocabulary times 6e-8: 0.3% for
    49,152 tokens. `Position.rounding` states it. With `exact`, if `top` is None, and if tokens are requested by name
    (`also`, at the last position), the whole list is requested and normalized in double precision.

    For a token that is part of a character, as in Chinese text or an emoji, the server reports nothing by itself; its
    probability is looked up in lists of the next token, which grow until they contain it.

    Logits depend slightly on how many tokens are read in one pass, because single tokens use other kernels. With
    SmolLM2-135M in 4 bits the logarithms of the 20 most probable tokens differed by 0.2 nats on average for the token
    that differed most, and by 0.6 at most. A server that is started with ``--ubatch-size 1`` reads all tokens one by
    one and answers the same to the last digit however a text is divided; it takes 1.5 times as long to read.
    :class:`XLlamaCpp` does so.

    The server must support grammars of tokens, as llama.cpp does since December 2025.

    Examples
    --------
    ::

        model = LlamaServer("http://127.0.0.1:8080")
        model.score("def add", "(a, b):", top=20)
    """

    def __init__(
        self,
        url: str,
        *,
        exact: bool = False,
        name: str | None = None,
        parse_special: bool = False,
        key_from: str | None = None,
        timeout: float = 600.0,
        tries: int = 6,
        longest_wait: float = 60.0,
    ) -> None:
        self._client = JsonClient(url, key_from=key_from, timeout=timeout, tries=tries, longest_wait=longest_wait)
        self._exact = exact
        report = self._client.ask("/props"), self._client.ask("/v1/models"), self._client.ask("/lora-adapters")
        try:
            path, n_ctx = str(report[0]["model_path"]), int(report[0]["default_generation_settings"]["n_ctx"])
            about = report[1]["data"][0]["meta"]
            size = int(about["n_vocab"])
            self._plain = _tokens_of(self._client, "a", start=False, control=False)
            if not (0 < size <= _MOST_TOKENS and n_ctx > 1 and self._plain):
                raise ValueError
        except (LookupError, TypeError, ValueError, ArithmeticError):
            raise TokenModelError(
                f"{self._client.host} does not describe its model as llama.cpp does; for other servers there is "
                "OpenAICompatible"
            ) from None
        stem = re.split(r"[/\\]", path.encode(errors="backslashreplace").decode())[-1].removesuffix(".gguf")
        written, ends = self._vocabulary(size)
        if name is None:
            known = [about, report[2], [each.hex() for each in written], exact, parse_special]
            name = f"{stem}-{hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]}"
        tokens = _ServedTokens(name, self._client, written, parse_special)
        super().__init__(name, tokens, ends, n_ctx - 1)  # one token is left for generation
        self._rounding = size * _UNIT + 16 * _UNIT

    def _vocabulary(self, size: int) -> tuple[list[bytes], set[int]]:
        """Return the bytes of each token, and the end-of-text tokens."""
        grammar = f"root ::= <[{self._plain[-1]}]>"
        asked = {"prompt": self._plain, "n_predict": 1, "n_probs": size, "grammar": grammar}
        written = self._client.read("/completion", asked, _bytes_of_tokens)
        if sorted(written) != list(range(size)):
            raise TokenModelError(
                f"{self._client.host} lists {len(written)} tokens where all {size} are asked for; is it llama.cpp?"
            )
        # Asked to ignore what ends a text, the server says which tokens it forbids for it.
        asked = {"prompt": self._plain, "n_predict": 1, "ignore_eos": True}
        ends = self._client.read("/completion", asked, _forbidden)
        return [b"" if token in ends else written[token] for token in range(size)], ends

    def _rows_at(self, before: list[int], ids: list[int], top: int | None, whole_last: bool) -> Iterator[_Row]:
        count = self._listed(top)
        pace = min(max(_LISTED_AT_ONCE // count, 1), _TOKENS_AT_ONCE)
        i = 0
        while i < len(ids):
            run = list(itertools.takewhile(self._is_text, ids[i : i + pace]))
            if run:
                yield from self._forced(before + ids[:i], run, count)
            else:
                yield self._next_with(ids[i], before + ids[:i], count)
            i += max(len(run), 1)
        yield self._next(before + ids, self.vocabulary_size if whole_last else count)

    def _is_text(self, token: int) -> bool:
        """Return whether a token consists of complete characters: grammars fail on parts of one."""
        try:
            return bool(self._texts.written[token].decode())
        except UnicodeDecodeError:
            return False

    def _listed(self, top: int | None) -> int:
        return self.vocabulary_size if top is None or self._exact else min(max(top, 1), self.vocabulary_size)

    def _forced(self, before: list[int], ids: list[int], count: int) -> list[_Row]:
        """Return the report on each token of a text that the server is forced to generate."""
        grammar = "root ::= " + " ".join(f"<[{token}]>" for token in ids)
        rows = self._written(before, len(ids), {"n_probs": count, "grammar": grammar}).rows
        if [row.token for row in rows] != ids:
            raise TokenModelError(
                f"{self._client.host} does not write what the grammar {grammar[:60]!r} demands ({len(rows)} of its "
                f"{len(ids)} tokens); it takes a server that knows grammars of tokens, as llama.cpp does since "
                "December 2025, and enough context"
            )
        return rows

    def _next(self, before: list[int], count: int) -> _Row:
        """Return the report on the next token, which covers only tokens of complete characters."""
        (row,) = self._forced(before, self._plain[-1:], count)
        return row

    def _next_with(self, token: int, before: list[int], count: int) -> _Row:
        """Return the report on a next token that is part of a character, from a list that grows to contain it."""
        row = self._next(before, count)
        while count < self.vocabulary_size and token not in row.ids:
            count = min(_GROWTH * count, self.vocabulary_size)
            row = self._next(before, count)
        return row

    def _written(self, before: list[int], n_tokens: int, options: dict[str, Any]) -> _Written:
        asked = {"prompt": before, "n_predict": n_tokens, "cache_prompt": True, "return_tokens": True}
        size, count = self.vocabulary_size, options.get("n_probs", 0)
        return self._client.read("/completion", asked | options, lambda answer: _written_in(answer, size, count))

    def _read(self, row: _Row, written: tuple[bytes, ...], token: int | None, start: int) -> Position:
        ids, logs = row.ids, row.logs
        whole = len(ids) == self.vocabulary_size
        report = logs > LOWEST_LOG
        if whole and report.all():
            logits = np.empty(len(ids))
            logits[ids] = logs
            return Position.complete_list(written, logits, ids=self._ids, chosen=token, start=start)
        ids, logs = ids[report], logs[report]
        cap, rounding = math.exp(logs.min(initial=0.0)) if row.full else 1.0, self._rounding
        if whole:  # but for tokens whose probability is 0 in single precision
            logs, cap, rounding = logs - math.log(math.fsum(np.exp(logs))), _SMALLEST, _NORMALISED
        if token is not None and token not in ids and not whole and row.log > LOWEST_LOG:
            ids, logs = np.append(ids, token), np.append(logs, row.log)
        where: Sequence[int] = [] if token is None else np.flatnonzero(ids == token).tolist()
        own = None if token is None else written[token]
        return Position(
            tuple(written[each] for each in ids.tolist()),
            logs,
            ids=ids,
            vocabulary_size=self.vocabulary_size,
            cap=cap,
            rounding=rounding,
            token=own,
            chosen=where[0] if where else None,
            span=(start, start + len(own or b"")),
        )

    def _drawn(
        self, before: list[int], max_tokens: int, top: int, temperature: float, seed: int | None
    ) -> Iterator[tuple[_Row, int]]:
        for each in _seeds(seed, max_tokens):
            self._check_length(len(before))
            drawing = {"n_probs": self._listed(top)} | _drawing(temperature, each)
            written = self._written(before, 1, drawing)
            (token,) = written.tokens
            # There is no report on a part of a character, so the next token is requested in its place.
            yield written.rows[0] if written.rows else self._next_with(token, before, self._listed(top)), token
            if token in self.ends:
                return
            before = [*before, token]

    def _samples(
        self, before: list[int], n: int, max_tokens: int, temperature: float, seed: int | None
    ) -> Iterator[Sequence[int]]:
        self._check_length(len(before) + max_tokens - 1)
        for each in _seeds(seed, n):
            yield self._written(before, max_tokens, _drawing(temperature, each)).tokens


class _ServedTokens(GgufTokens):
    """Tokenizer of a server."""

    def __init__(self, name: str, client: JsonClient, written: Sequence[bytes], parse_special: bool) -> None:
        self._client = client
        super().__init__(name, written, parse_special)

    def _tokenized(self, text: str, *, start: bool, control: bool) -> list[int]:
        return _tokens_of(self._client, text, start=start, control=control)


def _tokens_of(client: JsonClient, text: str, *, start: bool, control: bool) -> list[int]:
    asked = {"content": text, "add_special": start, "parse_special": control}
    return client.read("/tokenize", asked, _tokens_in)


def _tokens_in(answer: Any) -> list[int]:
    tokens = [token_number(each) for each in answer["tokens"]]
    if not tokens:
        raise ValueError("a text has no tokens")
    return tokens


def _written_in(answer: Any, size: int, count: int) -> _Written:
    """Read the generated text from an answer."""
    rows = [_row_of(each, size, count) for each in answer.get("completion_probabilities", ())]
    return _Written([token_number(each) for each in answer["tokens"]], rows)


def _row_of(report: Any, size: int, count: int) -> _Row:
    listed = report["top_logprobs"]
    ids = np.fromiter((each["id"] for each in listed), np.int64, len(listed))
    logs = np.fromiter((each["logprob"] for each in listed), np.float64, len(listed))
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        raise ValueError(f"a token is none of the {size} of the vocabulary")
    if len(np.unique(ids)) < len(ids):
        raise ValueError("a token is listed twice")
    log = float(report["logprob"])
    if math.isnan(log) or np.isnan(logs).any():
        raise ValueError("a log-probability is not a number")
    return _Row(token_number(report["id"]), log, ids, logs, full=len(ids) >= min(count, size))


def _bytes_of_tokens(answer: Any) -> dict[int, bytes]:
    """Return the bytes of each token that a list names."""
    (row,) = answer["completion_probabilities"]
    return {token_number(each["id"]): bytes(list(each["bytes"])) for each in row["top_logprobs"]}


def _forbidden(answer: Any) -> set[int]:
    """Return the tokens that a server forbids so that a text continues."""
    return {token_number(each["token"]) for each in answer["generation_settings"]["logit_bias"]}


def _drawing(temperature: float, seed: int) -> dict[str, Any]:
    """Return options that draw from the model's own distribution, changed by a temperature alone."""
    return {"samplers": ["temperature"], "temperature": temperature, "seed": seed}


def _seeds(seed: int | None, count: int) -> list[int]:
    return [int(each) >> 1 for each in np.random.SeedSequence(seed).generate_state(count)]
