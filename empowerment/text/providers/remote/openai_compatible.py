"""OpenAI-compatible services, with or without probabilities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.position import Position
from empowerment.text.provider import Provider
from empowerment.text.providers.remote.http import JsonClient
from empowerment.text.providers.remote.openai_echo import EchoScorer
from empowerment.text.providers.remote.openai_prompt import PromptScorer
from empowerment.text.providers.remote.openai_service import Service, quoted
from empowerment.text.providers.remote.openai_texts import text_of
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_checks import well_formed
from empowerment.text.token_list import Outcome

REPORTS = {"echo": Tier.SCORE, "prompt": Tier.SCORE, "written": Tier.STEP, "nothing": Tier.SAMPLE}
"""Tokens whose probabilities a service reports: of an echoed text, its prompt, generated text, or none."""

_REQUESTS = ("timeout", "tries", "longest_wait", "at_once")


class OpenAICompatible(Provider):
    """Model behind an OpenAI-compatible service.

    Parameters
    ----------
    url : str
        Base address, such as "http://127.0.0.1:8000/v1".
    model : str
        Name of the model at the service.
    reports : {"written", "echo", "prompt", "nothing"}
        Tokens whose probabilities the service reports. "written": the tokens that it generates itself, with
        ``logprobs`` (tier STEP; most services). "echo": those of any text, by completions with ``echo`` (tier SCORE;
        vLLM, SGLang and some older models of OpenAI). "prompt": those of any text, with ``prompt_logprobs`` and
        numbered tokens (tier SCORE; vLLM). "nothing": none (tier SAMPLE).
    chat : bool
        Whether a prefix is sent as a message of a user, to be answered, instead of a text to be continued. Requires
        "written" or "nothing".
    system : str, optional
        The system message of a chat.
    listed : int, optional
        Number of the most probable tokens to request. By default 20 in a chat, else 5, the most that OpenAI allows.
    vocabulary_size : int, optional
        Number of tokens of the model. Without it an entropy has no upper end.
    rounding : float
        Bound on the relative error of the scale of the listed probabilities; see :class:`Position`. The default
        covers sums in single precision as GPUs compute them; the error of llama.cpp may be the size of the vocabulary
        times 6e-8.
    options : mapping, optional
        Further fields of every request in the format of the service, such as ``{"top_k": 0, "min_p": 0}`` for a
        server of llama.cpp, which otherwise draws from the most probable tokens alone. A field that is None is not
        sent, such as ``{"top_p": None}`` for a model that refuses it.
    limit : str
        Name of the field for the largest number of generated tokens; some models require "max_completion_tokens".
    key_from : str, optional
        Name of the environment variable that holds the key. The key itself is never stored, shown or recorded.
    requests : mapping, optional
        How requests are made, by name. ``"timeout"`` (60) is the limit in seconds on one answer, from the connection
        to the last byte, without the look-up of the host name. ``"tries"`` (6) is the largest number of attempts: a
        request is repeated if the connection is lost or refused, the answer takes too long or is incomplete, there
        were too many requests (429), or the server has an internal error (500 and similar). ``"longest_wait"`` (60)
        is the longest wait in seconds before a repetition: the waits begin with half a second and double, or last as
        long as the server says; if that is longer than this, the request is given up. ``"at_once"`` (1) is the number
        of texts that :meth:`sample` requests at once (``n``): each request costs its prefix, but many services refuse
        more than one.
    name : str, optional
        By default the model, the host and a hash of all settings that answers depend on; recorded answers are kept
        under it.

    Raises
    ------
    ValueError
        If options contradict each other, the address is invalid, or the environment has no such key.

    See Also
    --------
    LlamaServer : A server of llama.cpp, which scores any text.
    Recorded : Keep the answers in a file.
    empowerment.testing.check_token_model : Test a service.

    Notes
    -----
    A request without an answer is a :class:`TokenModelError`, which :func:`ask_each` reports with its prompt while it
    continues with others; with :class:`Recorded` the next run asks for the missing prompts alone. Redirects are not
    followed.

    Probabilities must be those of the model, before a temperature or a truncation.
    :func:`empowerment.testing.check_token_model` tests this, and also whether texts are echoed with the probabilities
    of other positions, as some servers do. A placeholder for an unknown probability (-9999) is removed from the list.
    A list of fewer tokens than requested gives no bound on the others. Tokens with the same text are listed as None,
    because they cannot be distinguished. An answer is refused if it consists of reasoning, if the reported tokens do
    not make up its text, or if a sampler truncated its lists and renormalized them.

    No answer is read beyond 64 MiB, and none that is compressed.

    With "echo" and "prompt" a prefix and a text are read as one, so the text must begin where a token does. A token
    that is requested by name (`also`) is appended to the text and scored there, 32 in one request ("echo"), or
    requested by its number, 128 in one request ("prompt"). A server of llama.cpp supports neither; use
    :class:`LlamaServer` for it.

    Examples
    --------
    ::

        chat = OpenAICompatible("https://api.openai.com/v1", "gpt-4.1-mini", chat=True, key_from="OPENAI_API_KEY")
        vllm = OpenAICompatible("http://127.0.0.1:8000/v1", "Qwen/Qwen3-0.6B", reports="prompt", listed=20)
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        reports: str = "written",
        chat: bool = False,
        system: str | None = None,
        listed: int | None = None,
        vocabulary_size: int | None = None,
        rounding: float = 1e-3,
        options: Mapping[str, Any] | None = None,
        limit: str = "max_tokens",
        key_from: str | None = None,
        requests: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        validate.one_of(reports, REPORTS, "reports")
        url, model, chat = validate.text(url, "url"), validate.text(model, "model"), validate.flag(chat, "chat")
        for each, said in (("system", system), ("limit", limit), ("key_from", key_from), ("name", name)):
            if said is not None:
                validate.text(said, each)
        if options is not None and not isinstance(options, Mapping):
            raise TypeError(f"options is {validate.shown(options)}, expected a mapping of names to values")
        if not all(isinstance(each, str) for each in options or ()):
            raise TypeError(f"options is {validate.shown(options)}, expected texts as the names of options")
        if chat and REPORTS[reports] is Tier.SCORE:
            raise ValueError(f"reports={reports!r} contradicts chat=True: a chat scores no given text")
        if system is not None and not chat:
            raise ValueError("system is a message of a chat; pass chat=True, or put it into the prefix")
        patience = validate.options(requests, _REQUESTS, "requests", "setting of requests")
        self._at_once = validate.positive_int(patience.pop("at_once", 1), "at_once")
        client = JsonClient(url, key_from=key_from, **patience)
        self._service = Service(
            client=client,
            model=model,
            options=dict(options or {}),
            listed=validate.positive_int((20 if chat else 5) if listed is None else listed, "listed"),
            vocabulary_size=None
            if vocabulary_size is None
            else validate.positive_int(vocabulary_size, "vocabulary_size"),
            rounding=validate.finite(rounding, "rounding", least=0),
        )
        self._reports, self._chat, self._system, self._limit = reports, chat, system, limit
        self._scorer: EchoScorer | PromptScorer | None = None
        if reports == "echo":
            self._scorer = EchoScorer(self._service)
        elif reports == "prompt":
            root = JsonClient(url.rstrip("/").removesuffix("/v1"), key_from=key_from, **patience)
            self._scorer = PromptScorer(self._service, root)
        self.tier = REPORTS[reports]
        self.vocabulary_size = self._service.vocabulary_size
        self.name = name or self._default_name()

    def _default_name(self) -> str:
        service = self._service
        known = [self._reports, self._chat, self._system, service.listed, service.options, service.rounding]
        signs = hashlib.sha256(json.dumps([*known, service.vocabulary_size], sort_keys=True).encode()).hexdigest()
        return f"{service.model} at {service.client.host}-{signs[:12]}"

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the distribution at each token of `text` after `prefix`, and the one after it.

        `listed` tokens are requested, however few are wanted; see :meth:`TokenModel.score`.

        Raises
        ------
        TierError
            If the service does not score given texts.
        TokenModelError
            If there is no answer, or one that cannot be read.
        """
        if self._scorer is None:
            return super().score(prefix, text)
        well_formed(prefix + text, "prefix or the text")
        try:
            positions = self._scorer.score(prefix, text, also)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as reason:
            said = repr(reason)
        else:
            return (
                positions
                if top is None
                else [*(each.top(top) for each in positions[:-1]), self._last(positions[-1], top, also)]
            )
        raise self._service.fault(f"answers in an unknown format: {said}")

    def _last(self, last: Position, top: int, also: Sequence[Outcome]) -> Position:
        if not last.tokens:  # without a context there is no distribution
            return last
        unreported = [token for token in also if token not in last.outcomes]
        if unreported:
            raise self._service.fault(
                f"reports several tokens with the text {unreported[0]!r}, which cannot be distinguished; ask with "
                "union=False"
            )
        return last.top(top, also=also)

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield the tokens that the model generates after `prefix`, in one request; see :meth:`TokenModel.step`.

        Raises
        ------
        TierError
            If the service reports no probabilities.
        TokenModelError
            If there is no answer, or one that cannot be read.
        """
        if self.tier < Tier.STEP:
            raise self._refusal("step", Tier.STEP)
        well_formed(prefix, "prefix")
        asked = self._drawing(max_tokens, temperature, seed)
        listed = self._service.listed
        asked |= {"logprobs": True, "top_logprobs": listed} if self._chat else {"logprobs": listed}
        spelled: dict[str, Any] = {}
        if isinstance(self._scorer, PromptScorer):
            asked |= {"return_tokens_as_token_ids": True}
            spelled["spelled"] = self._scorer.spelled
        rows = self._service.rows(self._choices(prefix, 1, asked)[0], written=True, **spelled)
        start: int | None = 0
        for row in rows[:max_tokens]:
            if start is None:
                raise self._service.fault(
                    "does not report the bytes of a token that is part of a character, as models in this process do"
                )
            position = self._service.position(row, start)
            yield position.top(top)
            start = None if position.token is None else position.span[1]

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Generate texts after `prefix`; see :meth:`TokenModel.sample`.

        Raises
        ------
        TokenModelError
            If there is no answer, or one that cannot be read.
        """
        well_formed(prefix, "prefix")
        texts: list[str] = []
        while len(texts) < n:
            own = None if seed is None else int(np.random.SeedSequence([seed, len(texts)]).generate_state(1)[0]) >> 1
            count = min(self._at_once, n - len(texts))
            several = {"n": count} if count > 1 else {}
            asked = self._drawing(max_tokens, temperature, own) | several
            texts += [self._text(choice) for choice in self._choices(prefix, count, asked)]
        return texts

    def _drawing(self, max_tokens: int, temperature: float, seed: int | None) -> dict[str, Any]:
        temperature = validate.finite(temperature, "temperature", least=0)
        asked = {self._limit: max_tokens, "temperature": temperature, "top_p": 1}
        return asked if seed is None else asked | {"seed": seed}

    def _choices(self, prefix: str, count: int, asked: Mapping[str, Any]) -> list[Any]:
        if not self._chat:
            return self._service.choices("/completions", count, prompt=prefix, **asked)
        messages = [{"role": "user", "content": prefix}]
        if self._system is not None:
            messages.insert(0, {"role": "system", "content": self._system})
        return self._service.choices("/chat/completions", count, messages=messages, **asked)

    def _text(self, choice: Any) -> str:
        try:
            return text_of(choice, self._chat)
        except TokenModelError as reason:
            said = str(reason)
        raise self._service.fault(f"{said}: {quoted(choice)}")
