"""Model and rule of a server, and the answer to one request."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from empowerment.text.handoff.live import Completion, complete
from empowerment.text.handoff.selection import Stop
from empowerment.text.handoff.server.answers import logprobs_of, report_of
from empowerment.text.handoff.server.engine import Engine, Job
from empowerment.text.handoff.server.limits import Limits
from empowerment.text.handoff.server.offer_log import OfferLog
from empowerment.text.handoff.server.questions import Question, RequestError
from empowerment.text.handoff.server.stops import StopTexts
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.token_model import TokenModel

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_STATUS = {"failed": 502, "late": 504, "overtaken": 499}
_PLACES = re.compile(r"\{(prefix|suffix)\}")


class Service:
    """Model and rule of a server, with the settings of requests.

    Parameters
    ----------
    model : TokenModel
        A model of tier STEP or higher.
    rule : Threshold or Costs
        The rule.
    gate, undecided, top
        As in :func:`empowerment.text.complete`.
    fim : str, optional
        Template for the text around a cursor, with ``{prefix}`` and ``{suffix}`` as placeholders. Without it only the
        text before the cursor is read.
    limits : Limits, optional
        Limits for requests.
    log : path, optional
        File for offers and feedback.
    key : str, optional
        Key that requests must send as ``Authorization: Bearer …``.
    hosts : sequence of str
        Names by which the server may be addressed, so that pages of other sites cannot reach it.

    Raises
    ------
    ValueError
        If `fim` is no template.
    """

    def __init__(
        self,
        model: TokenModel,
        rule: Threshold | Costs,
        *,
        gate: str = "cumulative",
        undecided: str = "stop",
        top: int = 20,
        fim: str | None = None,
        limits: Limits | None = None,
        log: Any = None,
        key: str | None = None,
        hosts: Sequence[str] = LOOPBACK,
    ) -> None:
        if fim is not None and {found[1] for found in _PLACES.finditer(fim)} != {"prefix", "suffix"}:
            raise ValueError(f"fim is {fim!r}, expected a template with {{prefix}} and {{suffix}} in it")
        self.model, self.rule, self.gate, self.undecided, self.top = model, rule, gate, undecided, top
        self.fim, self.limits, self.key, self.hosts = fim, limits or Limits(), key, tuple(dict.fromkeys(hosts))
        self.log = OfferLog({"scorer": model.name, "rule": repr(rule), "gate": gate}, log)
        self.engine = Engine(self.limits.waiting)

    def prompt(self, question: Question) -> str:
        """Return the context of the model."""
        if self.fim is None or not question.suffix:
            return question.prefix
        parts = {"prefix": question.prefix, "suffix": question.suffix}
        return _PLACES.sub(lambda found: parts[found[1]], self.fim)  # in one pass: texts may have braces

    def completion(self, question: Question) -> Completion:
        """Return the completion of a request, before its generation."""
        rule = question.rule or self.rule
        return complete(
            self.model,
            self.prompt(question),
            rule,
            gate="cumulative" if isinstance(rule, Costs) else question.gate or self.gate,
            undecided=self.undecided,
            max_tokens=question.max_tokens,
            top=max(self.top, question.logprobs or 0),
        )


class Answer:
    """Answer to one request, piece by piece.

    Parameters
    ----------
    service : Service
        Model and rule.
    question : Question
        The request.
    number : str
        Identifier of the offer.

    Attributes
    ----------
    text : str
        What has been shown so far.
    report : dict
        Once it is whole: why it ends, and what is known of the next token.
    logprobs : dict or None
        Once it is whole, where the request asks for it.

    Raises
    ------
    BusyError
        If the queue is full.
    """

    def __init__(self, service: Service, question: Question, number: str) -> None:
        self._service, self._question, self._number = service, question, number
        self.text = ""
        self.report: dict[str, Any] = {}
        self.logprobs: dict[str, Any] | None = None
        deadline = time.monotonic() + service.limits.seconds
        self._job = Job(lambda: service.completion(question), deadline, question.user)
        if question.max_tokens:
            service.engine.submit(self._job)

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Yield the pieces as they come; stopping early cancels the rest.

        Raises
        ------
        RequestError
            If the model fails, the time is over, or a newer request has overtaken this one.
        """
        stops = StopTexts(self._question.stop)
        try:
            if not self._question.max_tokens:
                notes = [*self._question.notes]
                self.report = {"offer": self._number, "notes": notes, "status": Stop.LIMIT.name, "n_tokens": 0}
                return
            while stops.found is None:
                kind, content = await self._next()
                if kind not in ("piece", "done"):
                    raise RequestError(content, status=_STATUS[kind])
                piece = stops.add(content) if kind == "piece" else stops.rest()
                if piece:
                    self.text += piece
                    yield piece
                if kind == "done":
                    break
            self._finish(stops.found)
        finally:
            self._job.give_up()

    async def _next(self) -> tuple[str, Any]:
        try:
            return await asyncio.wait_for(self._job.events.get(), self._job.deadline - time.monotonic() + 0.5)
        except TimeoutError:
            return "late", "the time for this request is over"

    def _finish(self, stopped_by: str | None) -> None:
        completion = self._job.completion
        assert completion is not None
        read = self._service.fim is not None
        self.report = report_of(self._number, self._question, completion, self.text, stopped_by, read)
        if self._question.logprobs is not None:
            self.logprobs = logprobs_of(completion.positions, self._question.logprobs, len(self.text))
        status, n_tokens = self.report["status"], self.report["n_tokens"]
        self._service.log.offer(self._number, self.text, status, completion.positions, n_tokens)
